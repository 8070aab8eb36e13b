"""The user of `benchmarks/effort.py`: which mistakes it sees, in which order, and what its corrections leave."""

from __future__ import annotations

import numpy as np
import pytest
from simulated_user import KINDS, Desk, Noise, by_kind, correct_image, find_mistakes, overlook, shake


def squares(*boxes: tuple[int, int, int, int], shape: tuple[int, int] = (60, 90)) -> np.ndarray:
    """Labels 1, 2, ... in boxes (top, left, height, width)."""
    labels = np.zeros(shape, np.int32)
    for number, (top, left, height, width) in enumerate(boxes, start=1):
        labels[top : top + height, left : left + width] = number
    return labels


TRUTH = squares((5, 5, 10, 10), (5, 40, 10, 10), (5, 50, 10, 10), (30, 5, 10, 20), (30, 40, 10, 10), (30, 70, 10, 10))


@pytest.fixture
def wrong() -> np.ndarray:
    """Of `TRUTH`: 1 missed, 2 and 3 merged, 4 split, 5 far too narrow, 6 right; and a false label."""
    return squares(
        (5, 40, 10, 20), (30, 5, 10, 10), (30, 15, 10, 10), (30, 40, 10, 5), (30, 70, 10, 10), (50, 50, 4, 4)
    )


def test_each_kind_of_mistake_is_told_from_the_others(wrong: np.ndarray) -> None:
    kinds = {mistake.kind: mistake for mistake in find_mistakes(TRUTH, wrong)}
    assert {kind: mistake.objects for kind, mistake in kinds.items()} == {
        "missed": (1,),
        "merged": (2, 3),
        "split": (4,),
        "outline": (5,),
        "false": (),
    }
    assert kinds["false"].labels == (6,)
    assert kinds["merged"].effort == 2
    assert kinds["false"].effort == 1


def test_the_worst_is_first_and_of_equals_the_largest(wrong: np.ndarray) -> None:
    mistakes = find_mistakes(TRUTH, wrong)
    assert [mistake.kind for mistake in mistakes[:2]] == ["missed", "false"]
    assert [mistake.iou for mistake in mistakes] == sorted(mistake.iou for mistake in mistakes)
    areas = [mistake.area for mistake in find_mistakes(TRUTH, np.zeros_like(TRUTH))]
    assert len(set(areas)) > 1
    assert areas == sorted(areas, reverse=True)


def test_by_kind_what_is_missed_comes_first_and_what_is_false_last(wrong: np.ndarray) -> None:
    assert [mistake.kind for mistake in find_mistakes(TRUTH, wrong, worst=by_kind)] == list(KINDS)


def test_what_is_right_is_left_alone(wrong: np.ndarray) -> None:
    assert find_mistakes(TRUTH, TRUTH) == []
    assert not any(6 in mistake.objects for mistake in find_mistakes(TRUTH, wrong))
    wider = TRUTH.copy()
    wider[40, 70:80] = 6  # IoU 100 / 110
    assert find_mistakes(TRUTH, wider) == []


def test_enough_corrections_give_the_truth(wrong: np.ndarray) -> None:
    desk = Desk.begin(TRUTH, wrong)
    assert correct_image(desk, 100, np.random.default_rng(0)) == 6
    assert find_mistakes(TRUTH, desk.labels) == []
    np.testing.assert_array_equal(desk.labels > 0, TRUTH > 0)
    assert desk.corrected == {"missed": 1, "merged": 2, "split": 1, "outline": 1, "false": 1}
    assert desk.outlines == pytest.approx((4 * 36 + 56) / (20 / np.pi**0.5))  # five drawn, one deleted


def test_only_the_neighbourhood_of_what_was_corrected_is_reviewed(wrong: np.ndarray) -> None:
    desk = Desk.begin(TRUTH, wrong)
    assert correct_image(desk, 1, np.random.default_rng(0)) == 1
    assert desk.reviewed[TRUTH == 1].all()
    assert desk.reviewed[4, 10]  # background beside it
    assert not desk.reviewed[:, 30:].any()


def test_of_a_merge_too_large_a_part_is_drawn_and_the_rest_loses_its_mark() -> None:
    truth = squares((5, 5, 10, 10), (5, 15, 10, 10), (5, 25, 10, 10))
    desk = Desk.begin(truth, (truth > 0).astype(np.int32))
    assert correct_image(desk, 1, np.random.default_rng(0)) == 1
    assert desk.reviewed[truth == 1].all()
    assert not desk.reviewed[desk.labels == 1].any()
    assert desk.labels[10, 30] == 1  # still there, still merged


def test_what_is_not_noticed_stays(wrong: np.ndarray) -> None:
    desk = Desk.begin(TRUTH, wrong, overlooked=(1,))
    assert correct_image(desk, 100, np.random.default_rng(0)) == 5
    assert not desk.labels[TRUTH == 1].any()


def test_segmenting_again_keeps_corrections(wrong: np.ndarray) -> None:
    desk = Desk.begin(TRUTH, wrong)
    correct_image(desk, 1, np.random.default_rng(0))
    desk.segment_again(np.where(TRUTH == 5, 9, 0).astype(np.int32))
    assert (desk.labels[TRUTH == 1] > 0).all()
    assert (desk.labels[TRUTH == 5] > 0).all()
    assert not desk.labels[TRUTH == 4].any()


@pytest.mark.parametrize("seed", range(4))
def test_a_shaken_outline_is_off_by_one_or_two_pixels(seed: int) -> None:
    square = TRUTH == 1
    width = int(shake(square, 2, np.random.default_rng(seed)).any(axis=0).sum())
    assert width in (6, 8, 12, 14)


def test_noise_changes_outlines_and_a_share_is_overlooked(wrong: np.ndarray) -> None:
    desk = Desk.begin(TRUTH, wrong)
    correct_image(desk, 100, np.random.default_rng(0), Noise())
    assert not np.array_equal(desk.labels > 0, TRUTH > 0)
    many = np.arange(2001)
    assert len(overlook(many, 0.05, np.random.default_rng(0))) == pytest.approx(100, abs=30)
    assert 0 not in overlook(many, 1.0, np.random.default_rng(0))
