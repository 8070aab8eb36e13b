"""Layers of corrections that are removed, renamed or filled with other data: told, and brought back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.keeping.undo import get_undo
from napari_unet.ui.session.trackers import get_trackers


@pytest.fixture
def work(viewer: Any, panel: UNetPanel, blobs: np.ndarray) -> Any:
    """Two objects, one of them corrected and the other locked, the corrected one reviewed."""
    session = panel.session
    work = session.work_on(viewer.add_image(blobs, name="cells"))
    labels = np.zeros(blobs.shape, np.int32)
    labels[8:24, 10:28], labels[36:52, 45:63] = 1, 2
    session.add_layer(work, "labels", labels.copy())
    work.prediction = labels.copy()
    work.lock({2}, {2: (40, 50)})
    work.labels_layer.data_setitem((np.arange(8, 20), np.full(12, 30)), 1)
    get_trackers(session).finish()
    assert work.reviewed.any()
    return work


def remedy(panel: UNetPanel, words: str) -> Any:
    message = panel.pinned.notice
    assert message.isVisibleTo(panel)
    assert message.button.text() == words
    return message


def test_labels_that_are_removed_are_told_and_restored_with_all_that_belongs_to_them(
    viewer: Any, panel: UNetPanel, work: Any, qtbot: Any
) -> None:
    labels, reviewed, prediction = work.labels.copy(), work.reviewed.copy(), work.prediction
    layer, overlay = work.labels_layer, work.reviewed_layer
    viewer.layers.remove(layer)
    qtbot.waitUntil(lambda: overlay not in viewer.layers)
    assert work.reviewed_layer is None, "the marks would cover fresh labels"
    assert work.prediction is None
    message = remedy(panel, "Restore")
    assert message.text == "cells labels was removed, and with it its corrections, marks and locks."
    message.button.click()
    assert work.labels_layer is layer
    assert layer in viewer.layers
    np.testing.assert_array_equal(work.labels, labels)
    np.testing.assert_array_equal(work.reviewed > 0, reviewed > 0)
    assert work.prediction is prediction
    assert set(work.locked) == {2}
    get_trackers(panel.session).finish()
    assert get_trackers(panel.session).of(work).counts.total == 1
    layer.undo()
    np.testing.assert_array_equal(work.labels, prediction)


def test_reviewed_marks_that_are_removed_are_restored(viewer: Any, panel: UNetPanel, work: Any, qtbot: Any) -> None:
    reviewed = work.reviewed.copy()
    viewer.layers.remove(work.reviewed_layer)
    qtbot.waitUntil(lambda: bool(panel.pinned.notice.text))
    remedy(panel, "Restore").button.click()
    np.testing.assert_array_equal(work.reviewed > 0, reviewed > 0)


def test_an_image_that_is_removed_with_its_labels_is_no_loss(viewer: Any, panel: UNetPanel, work: Any) -> None:
    viewer.layers.clear()
    viewer.add_image(np.zeros((20, 20)), name="next")
    assert panel.pinned.notice.text == ""


def test_a_renamed_layer_is_still_known(viewer: Any, panel: UNetPanel, work: Any) -> None:
    work.labels_layer.name, work.layer.name = "anything", "else"
    work.labels_layer.data_setitem((np.arange(40, 50), np.full(10, 64)), 1)
    get_trackers(panel.session).finish()
    assert panel.session.find_work(work.labels_layer) is work
    assert get_trackers(panel.session).of(work).counts.corrected == 1


def test_other_data_of_the_same_shape_is_an_edit_that_can_be_undone(viewer: Any, panel: UNetPanel, work: Any) -> None:
    before = work.labels.copy()
    other = np.where(before == 1, 0, before).astype(np.int64)
    work.labels_layer.data = other
    np.testing.assert_array_equal(work.labels, other)
    assert work.labels.dtype == np.int32
    remedy(panel, "Undo").button.click()
    np.testing.assert_array_equal(work.labels, before)
    undo = get_undo(panel.session)
    undo.redo()
    np.testing.assert_array_equal(work.labels, other)
    undo.undo()
    assert undo.undo(), "what was done before is not lost"
    np.testing.assert_array_equal(work.labels, work.prediction)
    undo.redo()
    np.testing.assert_array_equal(work.labels, before)


def test_data_of_another_shape_is_ours_no_longer_and_the_labels_come_back(
    viewer: Any, panel: UNetPanel, work: Any, qtbot: Any
) -> None:
    before, layer = work.labels.copy(), work.labels_layer
    layer.data = np.zeros((10, 10), np.int32)
    qtbot.waitUntil(lambda: bool(panel.pinned.notice.text))
    assert work.labels_layer is None
    message = remedy(panel, "Restore")
    assert "has the shape (10, 10) now" in message.text
    message.button.click()
    assert work.labels_layer is not layer
    np.testing.assert_array_equal(work.labels, before)
    assert get_undo(panel.session).undo()
    np.testing.assert_array_equal(work.labels, work.prediction)


def test_axes_that_are_corrected_back_bring_the_labels_back(viewer: Any, panel: UNetPanel, work: Any) -> None:
    before, prediction = work.labels.copy(), work.prediction
    step = panel.image_step
    step.axes_edit.setText("XY")
    step.axes_edit.editingFinished.emit()
    assert work.labels is None
    assert "set aside" in step.message.text
    step.axes_edit.setText("YX")
    step.axes_edit.editingFinished.emit()
    np.testing.assert_array_equal(work.labels, before)
    assert work.prediction is prediction
    step.axes_edit.setText("XY")
    step.axes_edit.editingFinished.emit()
    step.message.button.click()
    np.testing.assert_array_equal(work.labels, before)
