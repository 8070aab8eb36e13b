from __future__ import annotations

import numpy as np
import pytest
from discs import draw_discs

from napari_unet.labels.evidence import Evidence, add_evidence, collect_evidence, compare_evidence
from napari_unet.labels.scores import tally_objects


def break_labels(labels, seed: int):
    """`labels` with objects lost, shrunk and invented at random."""
    random = np.random.default_rng(seed)
    broken = labels.copy()
    for label in range(1, labels.max() + 1):
        if random.random() < 0.4:
            broken[broken == label] = 0
    broken = np.roll(broken, int(random.integers(0, 4)), axis=1)
    broken[:6, :6] = labels.max() + 1
    return broken


@pytest.mark.parametrize("seed", range(4))
def test_evidence_adds_up_to_the_tally(seed: int) -> None:
    _, labels = draw_discs(seed=seed)
    broken = break_labels(labels, seed)
    evidence, tally = collect_evidence(labels, broken), tally_objects(labels, broken)
    sums = evidence.rows.sum(axis=0)
    np.testing.assert_array_equal(sums[:9], tally.true_positives)
    assert (sums[9], sums[10]) == (tally.n_truth, tally.n_predicted)


def test_an_object_in_several_planes_is_one() -> None:
    _, labels = draw_discs()
    same = [collect_evidence(labels, labels, image=0)] * 2
    assert len(add_evidence(same).keys) == labels.max()
    other = [collect_evidence(labels, labels, image=number) for number in range(2)]
    assert len(add_evidence(other).keys) == 2 * labels.max()


def test_where_nothing_is_to_be_found_predictions_count_all_the_same() -> None:
    _, labels = draw_discs()
    nothing = np.zeros_like(labels)
    sums = collect_evidence(nothing, labels).rows.sum(axis=0)
    assert (sums[9], sums[10]) == (0, labels.max())
    assert not collect_evidence(nothing, nothing).rows.any()


def test_more_objects_make_the_same_gain_surer() -> None:
    def compare(n: int):
        images = [draw_discs((64, 128), seed=i)[1] for i in range(n)]
        half = [np.where(labels % 2 == 0, labels, 0) for labels in images]
        most = [np.where(labels % 8 != 0, labels, 0) for labels in images]
        return compare_evidence(
            *(
                add_evidence([collect_evidence(t, p, i) for i, (t, p) in enumerate(zip(images, side, strict=True))])
                for side in (half, most)
            )
        )

    few, many = compare(1), compare(12)
    assert few.difference == pytest.approx(many.difference)
    assert many.high - many.low < few.high - few.low
    assert many.low < many.difference < many.high
    assert many.is_sure_gain


def test_the_same_labels_are_no_gain() -> None:
    _, labels = draw_discs()
    evidence = collect_evidence(labels, break_labels(labels, 1))
    change = compare_evidence(evidence, evidence)
    assert (change.difference, change.low, change.high, change.chance) == (0.0, 0.0, 0.0, 0.0)
    assert not change.is_gain


def evidence_of(found: list[int], images: list[int], planes: int = 1) -> Evidence:
    """Objects that run through `planes`, found in all of them at every threshold or in none."""
    there = np.array(found)[:, None] * np.ones((1, 9), np.int64)
    rows = planes * np.column_stack([there, np.ones(len(found)), found]).astype(np.int64)
    return Evidence(tuple((image, label + 1) for label, image in enumerate(images)), rows)


def test_few_objects_that_all_got_better_are_no_certainty() -> None:
    before, after = evidence_of([0, 0, 0, 1, 1, 1, 1], [0] * 7), evidence_of([1] * 7, [0] * 7)
    trusting, wary = (compare_evidence(before, after, wary=one) for one in (False, True))
    assert trusting.difference == wary.difference == pytest.approx(3 / 7)
    assert trusting.chance > 0.95
    assert 0.8 < wary.chance < 0.9
    assert wary.low < trusting.low
    lost = compare_evidence(after, before, wary=True)
    assert not lost.is_sure_loss  # as wary of a loss
    assert compare_evidence(after, before).is_sure_loss


def test_many_objects_make_up_for_the_two_that_nobody_saw() -> None:
    images = [i % 10 for i in range(200)]
    before, after = evidence_of([i // 10 % 4 == 0 for i in range(200)], images), evidence_of([1] * 200, images)
    trusting, wary = (compare_evidence(before, after, wary=one) for one in (False, True))
    assert (wary.low, wary.high) == pytest.approx((trusting.low, trusting.high), abs=0.02)
    assert wary.n_objects == 200


@pytest.mark.parametrize("images", [[0] * 20, [i % 10 for i in range(20)]])
def test_a_gain_in_all_images_is_surer_than_the_same_in_one_of_two(images: list[int]) -> None:
    before, after = [0] * 20, [int(i >= 10) for i in range(20)]
    apart = [i // 10 for i in range(20)]
    spread = compare_evidence(evidence_of(before, images), evidence_of(after, images), wary=True)
    one = compare_evidence(evidence_of(before, apart), evidence_of(after, apart), wary=True)
    assert spread.difference == one.difference
    assert one.chance == pytest.approx(0.75 + 0.25 / 4, abs=0.03)  # unless the image without a gain is drawn twice
    assert spread.chance > 0.95


def test_what_nobody_saw_has_as_many_slices_as_what_was_seen() -> None:
    pair = [0, 0, 0, 1, 1, 1, 1], [1] * 7
    flat, deep = (compare_evidence(*(evidence_of(one, [0] * 7, n) for one in pair), wary=True) for n in (1, 12))
    assert (deep.low, deep.high, deep.chance) == pytest.approx((flat.low, flat.high, flat.chance), abs=0.01)


def test_places_without_an_object_can_be_compared_warily() -> None:
    nothing = Evidence(((0, 0),), np.zeros((1, 11), np.int64))
    false = Evidence(((0, 0),), np.array([[0] * 10 + [3]]))
    assert compare_evidence(nothing, false, wary=True).difference == -1.0
