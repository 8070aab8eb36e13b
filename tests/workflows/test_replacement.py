"""Segmenting again changes only planes that were done, and gives no id twice."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.images.view import View
from napari_unet.segmentation.events import Segmentation
from napari_unet.workflows.replacement import Replacement, replacement_steps


def replaced(labels: np.ndarray, new: np.ndarray, axes: str, done: np.ndarray, keep: bool = False) -> Replacement:
    result = Segmentation(new.astype(np.int32), axes, View(), np.asarray(done), None, {})
    [finished] = replacement_steps(labels, np.zeros(labels.shape, np.int32), None, result, keep)
    return finished.result


def applied(labels: np.ndarray, found: Replacement) -> np.ndarray:
    after = labels.copy()
    for plane, where, before, now in found.changes:
        np.testing.assert_array_equal(after[plane][where], before)
        after[plane][where] = now
    return after


def test_an_object_of_more_than_half_overlap_keeps_its_id_and_one_of_half_gets_a_free_one() -> None:
    labels, new = np.zeros((2, 12), np.int32), np.zeros((2, 12), np.int32)
    labels[0, :4], new[0, :3] = 7, 1  # 3 of 4
    labels[1, :4], new[1, :2] = 3, 2  # 2 of 4
    after = applied(labels, replaced(labels, new, "YX", np.array(True)))
    assert (after[0, :3] == 7).all()
    assert set(after[1, :2].tolist()).isdisjoint({0, 3, 7})
    assert not after[0, 3:].any()
    assert not after[1, 2:].any()


@pytest.mark.parametrize("axes", ["ZYX", "TYX"])
@pytest.mark.parametrize("keep", [False, True])
def test_planes_that_were_not_done_stay_and_the_others_change(axes: str, keep: bool) -> None:
    labels = np.zeros((3, 4, 6), np.int32)
    labels[1], labels[2] = 9, 4
    new = np.zeros((3, 4, 6))
    new[:, 1:3, 1:3] = 1
    found = replaced(labels, new, axes, np.array([True, False, False]), keep)
    assert [plane for plane, *_ in found.changes] == [(0,)]
    after = applied(labels, found)
    np.testing.assert_array_equal(after[1:], labels[1:])
    np.testing.assert_array_equal(after[0] > 0, new[0] > 0)
    np.testing.assert_array_equal(found.prediction[0], after[0])
    assert not found.prediction[1:].any()


def test_a_new_object_of_a_stack_takes_no_id_of_a_slice_that_was_not_done() -> None:
    labels = np.zeros((2, 4, 6), np.int32)
    labels[1, 0, :3], labels[1, 2, :3] = 1, 2
    new = np.zeros((2, 4, 6))
    new[0, 0, :2], new[0, 2, :2] = 1, 2
    after = applied(labels, replaced(labels, new, "ZYX", np.array([True, False])))
    assert set(np.unique(after[0]).tolist()).isdisjoint({1, 2})
    assert len(np.unique(after[0])) == 3


def test_the_same_again_changes_nothing() -> None:
    labels = np.kron(np.array([[5, 0], [0, 8]], np.int32), np.ones((3, 3), np.int32))
    found = replaced(labels, np.where(labels == 5, 2, labels // 8), "YX", np.array(True))
    assert found.changes == []
    np.testing.assert_array_equal(found.prediction, labels)
