"""Overlaps and matches of labels: against a slow and plain count, and exactly at the threshold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from napari_unet.labels.matching import count_objects, match_objects, overlap_table
from napari_unet.labels.scores import THRESHOLDS, ObjectTally, average_precision, tally_objects

plane = arrays.arrays(np.int32, (5, 8), elements=st.integers(0, 4))


def strip(*runs: tuple[int, int]) -> np.ndarray:
    """Runs of pixels of the ids given in one row."""
    return np.concatenate([np.full((1, n), value, np.int32) for value, n in runs], axis=1)


@given(plane, plane)
def test_overlaps_are_those_that_counting_each_pair_gives(truth: np.ndarray, predicted: np.ndarray) -> None:
    table = overlap_table(truth, predicted)
    expected = {}
    for a in range(1, 5):
        for b in range(1, 5):
            shared = int(((truth == a) & (predicted == b)).sum())
            if shared:
                expected[a, b] = shared / int(((truth == a) | (predicted == b)).sum())
    found = zip(table.truth.tolist(), table.predicted.tolist(), strict=True)
    assert dict(zip(found, table.iou.tolist(), strict=True)) == pytest.approx(expected)


def test_labels_of_other_shapes_are_not_compared() -> None:
    with pytest.raises(ValueError, match=r"\(2, 3\) and \(3, 2\)"):
        overlap_table(np.zeros((2, 3), np.int32), np.zeros((3, 2), np.int32))


@pytest.mark.parametrize(("threshold", "n"), [(0.5, 1), (0.5 + 1e-9, 0), (0.49, 1)])
def test_an_overlap_of_exactly_the_threshold_is_a_match(threshold: float, n: int) -> None:
    table = overlap_table(strip((1, 10), (0, 10)), strip((1, 5), (0, 15)))  # 5 of 10
    assert table.iou.tolist() == [0.5]
    assert len(match_objects(table, threshold)) == n


def test_more_objects_on_one_side_than_on_the_other() -> None:
    truth = strip((9, 10), (0, 2), (4, 10), (0, 2))
    predicted = strip((1, 4), (2, 6), (0, 2), (3, 9), (0, 3))
    for first, second, flip in ((truth, predicted, 1), (predicted, truth, -1)):
        matched = match_objects(overlap_table(first, second), 0.55)
        assert sorted(map(tuple, matched[:, ::flip].tolist())) == [(4, 3), (9, 2)]


def test_one_predicted_object_over_two_is_one_match_at_most() -> None:
    truth, predicted = strip((1, 5), (2, 5)), strip((1, 10))
    assert len(match_objects(overlap_table(truth, predicted), 0.5)) == 1


def test_objects_are_counted_without_the_background() -> None:
    assert count_objects(np.zeros((3, 3), np.int32)) == 0
    assert count_objects(np.ones((3, 3), np.int32)) == 1
    assert count_objects(np.array([[0, 5], [2**31 - 1, 5]], np.int32)) == 2
    assert count_objects(np.zeros((0, 3), np.int32)) == 0


def test_thresholds_go_from_a_half_to_nine_tenths() -> None:
    assert THRESHOLDS == (0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9)


def test_each_threshold_counts_for_itself() -> None:
    # an IoU of 0.7 is right at five of nine thresholds
    tally = tally_objects(strip((1, 10), (0, 5)), strip((1, 7), (0, 8)))
    assert tally.true_positives.tolist() == [1] * 5 + [0] * 4
    assert tally.mean_ap == pytest.approx(5 / 9)
    assert tally.figures()["ap70"] == 1.0
    assert tally.figures()["ap75"] == 0.0
    assert tally.main == 1.0


def test_a_false_and_a_missed_object_count_alike() -> None:
    one_missed = ObjectTally(np.full(9, 3), 4, 3)
    one_false = ObjectTally(np.full(9, 3), 3, 4)
    assert one_missed.main == one_false.main == 3 / 4


def test_pooled_precision_of_no_images_is_one_and_lists_have_to_be_as_long() -> None:
    assert set(average_precision([], []).values()) == {1.0}
    with pytest.raises(ValueError, match="zip"):
        average_precision([np.ones((2, 2), np.int32)], [])
