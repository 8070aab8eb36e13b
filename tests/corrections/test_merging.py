"""Segmenting again keeps what a person did and replaces the rest."""

from __future__ import annotations

import numpy as np

from napari_unet.corrections.comparison import compare_labels
from napari_unet.corrections.merging import merge_segmentation


def _scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Prediction of four objects; labels with 1 enlarged, 2 deleted and 9 added; and a new segmentation (1-based)."""
    prediction = np.zeros((40, 60), np.int32)
    for number, (row, column) in enumerate([(2, 2), (2, 30), (22, 2), (22, 30)], start=1):
        prediction[row : row + 10, column : column + 10] = number
    labels = prediction.copy()
    labels[2:14, 2:14] = 1
    labels[labels == 2] = 0
    labels[2:8, 50:58] = 9
    new = np.zeros_like(prediction)
    new[2:11, 2:11] = 1  # the corrected one, as before
    new[2:12, 30:40] = 2  # the deleted one, again
    new[21:32, 2:12] = 3  # better than before
    new[22:32, 30:40] = 4
    return prediction, labels, new


def test_corrected_added_and_deleted_objects_stay_and_others_are_replaced() -> None:
    prediction, labels, new = _scene()
    merged = merge_segmentation(labels, prediction, new)
    for kept in (1, 9):
        np.testing.assert_array_equal(merged.labels == kept, labels == kept)
    assert not merged.labels[2:12, 30:40].any()
    third = merged.labels[25, 5]
    np.testing.assert_array_equal(merged.labels == third, new == 3)
    assert merged.n_kept == 2


def test_the_new_prediction_still_tells_the_corrections_and_nothing_else() -> None:
    prediction, labels, new = _scene()
    merged = merge_segmentation(labels, prediction, new)
    counts = compare_labels(merged.prediction, merged.labels).counts
    assert (counts.corrected, counts.added, counts.removed) == (1, 1, 1)


def test_reviewed_objects_and_reviewed_background_stay() -> None:
    prediction, _, new = _scene()
    reviewed = np.zeros(prediction.shape, bool)
    reviewed[20:40, 0:20] = True
    reviewed[0:20, 45:60] = True
    new[4:9, 50:55] = 5  # a find where a person saw nothing
    merged = merge_segmentation(prediction, prediction, new, reviewed)
    np.testing.assert_array_equal(merged.labels[reviewed], prediction[reviewed])
    assert merged.labels[5, 5] not in (0, 3)
    assert not merged.labels[4:9, 50:55].any()
    assert merged.prediction[5, 52] > 0


def test_new_ids_never_meet_kept_ones() -> None:
    prediction, labels, new = _scene()
    merged = merge_segmentation(labels, prediction, new)
    for kept in (1, 9):
        np.testing.assert_array_equal(merged.labels == kept, labels == kept)
        assert not (merged.labels[labels != kept] == kept).any()


def test_objects_that_are_found_again_keep_their_ids() -> None:
    prediction, labels, new = _scene()
    new[new == 4] = 77
    merged = merge_segmentation(labels, prediction, new)
    np.testing.assert_array_equal(merged.labels == 4, new == 77)
    np.testing.assert_array_equal(merged.labels == 3, new == 3)


def test_nothing_kept_means_the_new_labels_as_they_are() -> None:
    prediction, _, new = _scene()
    merged = merge_segmentation(prediction, prediction, new)
    np.testing.assert_array_equal(merged.labels > 0, new > 0)
    np.testing.assert_array_equal(merged.labels, merged.prediction)
    assert merged.n_kept == 0


def test_an_object_cut_by_a_kept_one_loses_only_what_is_covered() -> None:
    prediction = np.zeros((20, 40), np.int32)
    labels = prediction.copy()
    labels[5:10, 5:15] = 3
    new = np.zeros_like(labels)
    new[5:10, 12:30] = 1
    merged = merge_segmentation(labels, prediction, new)
    np.testing.assert_array_equal(merged.labels[5:10, 5:15], 3)
    assert (merged.labels[5:10, 15:30] == merged.labels[5, 20]).all()
    assert merged.labels[5, 20] > 3


def _stack() -> tuple[np.ndarray, np.ndarray]:
    """Prediction (5, 30, 40) of a fragment through z where there is a larger object; and a new, right segmentation."""
    prediction, new = np.zeros((5, 30, 40), np.int32), np.zeros((5, 30, 40), np.int32)
    prediction[:, 10:14, 10:14] = 1
    new[:, 5:20, 5:20] = 1
    return prediction, new


def test_of_an_object_in_a_stack_only_the_corrected_slices_are_kept() -> None:
    prediction, new = _stack()
    labels = prediction.copy()
    labels[2, 5:20, 5:20] = 1
    merged = merge_segmentation(labels, prediction, new)
    np.testing.assert_array_equal(merged.labels > 0, new > 0)
    assert np.unique(merged.labels[new > 0]).tolist() == [1]


def test_a_slice_from_which_a_part_was_erased_is_kept() -> None:
    prediction, new = _stack()
    labels = prediction.copy()
    labels[3, 12:14, 10:14] = 0
    merged = merge_segmentation(labels, prediction, new)
    np.testing.assert_array_equal(merged.labels[3, 10:12, 10:14], 1)
    assert (merged.labels[3, 12:14, 10:14] != 1).all()
    np.testing.assert_array_equal(merged.labels[0] > 0, new[0] > 0)


def test_a_reviewed_slice_is_kept_and_the_others_are_not() -> None:
    prediction, new = _stack()
    reviewed = np.zeros(prediction.shape, bool)
    reviewed[1] = True
    merged = merge_segmentation(prediction, prediction, new, reviewed)
    np.testing.assert_array_equal(merged.labels[1], prediction[1])
    np.testing.assert_array_equal(merged.labels[4] > 0, new[4] > 0)
