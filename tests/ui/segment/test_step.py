"""Segmenting from the panel: labels appear as they come, strokes win, and corrections outlive segmenting again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from fake_segmenter import FakeSegmenter
from napari._vispy.layers.labels import VispyLabelsLayer
from napari.utils.colormaps import CyclicLabelColormap

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.images.view import View
from napari_unet.segmentation.config import Scope
from napari_unet.segmentation.events import PlaneDone, Segmentation, TileDone
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.jobs import FINETUNE
from napari_unet.ui.session.session import Session


@pytest.fixture
def segmented(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, wait_until_idle: Any
) -> UNetPanel:
    viewer.add_image(blobs, name="cells")
    click(panel.segment_step.segment_button)
    wait_until_idle(panel.session)
    return panel


def test_one_click_gives_labels_and_keeps_the_prediction_apart(segmented: UNetPanel, blobs: np.ndarray) -> None:
    work = segmented.session.current
    assert len(np.unique(work.labels)) == 5
    np.testing.assert_array_equal(work.labels > 0, blobs > 500)
    np.testing.assert_array_equal(work.labels, work.prediction)
    assert not np.shares_memory(work.labels, work.prediction)
    assert "4 objects" in segmented.segment_step.state
    assert work.diameter == 17.0
    assert work.diameter_estimated
    assert segmented.correct_step.is_open
    assert not segmented.segment_step.is_open


def test_an_edited_diameter_is_used_and_shown_in_the_images_unit(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, wait_until_idle: Any
) -> None:
    viewer.add_image(blobs, scale=(0.5, 0.5), units=("um", "um"))
    step = panel.segment_step
    step.diameter.number.setText("30")
    step.diameter.number.editingFinished.emit()
    assert step.diameter.size.text() == "15 µm"
    click(step.segment_button)
    wait_until_idle(panel.session)
    assert segmenter.calls[0].config.diameter == 30


def test_estimating_fills_in_the_diameter_and_shows_a_ring(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, wait_until_idle: Any
) -> None:
    layer = viewer.add_image(np.stack([blobs] * 3), scale=(2, 0.5, 0.5))
    step = panel.segment_step
    click(step.diameter.estimate_button)
    wait_until_idle(panel.session)
    assert panel.session.current.diameter == 23.4
    assert step.diameter.ring.shown
    assert viewer.layers.selection.active is layer
    click(step.segment_button)
    wait_until_idle(panel.session)
    assert not step.diameter.ring.shown


@pytest.mark.parametrize(
    ("axes", "kinds"), [("zyx", ["plane", "all"]), ("tyx", ["plane", "all"]), ("tzyx", ["plane", "volume", "all"])]
)
def test_only_scopes_that_exist_are_offered(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, axes: str, kinds: list[str]
) -> None:
    viewer.add_image(np.zeros((2, 3, 64, 80)[-len(axes) :]), axis_labels=tuple(axes))
    assert [button.property("kind") for button in panel.segment_step.scope.buttons.buttons()] == kinds


def test_this_slice_writes_only_that_slice_with_ids_of_its_own(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, wait_until_idle: Any
) -> None:
    viewer.add_image(np.stack([blobs] * 3))
    step, session = panel.segment_step, panel.session
    step.scope.buttons.buttons()[0].setChecked(True)
    for position in (1, 2):
        viewer.dims.set_current_step(0, position)
        click(step.segment_button)
        wait_until_idle(session)
        step.set_open(True)
    labels = session.current.labels
    assert segmenter.calls[0].scope == Scope("plane", (1,))
    assert segmenter.calls[0].current == (1,)
    assert not labels[0].any()
    assert not (set(np.unique(labels[1])) & set(np.unique(labels[2]))) - {0}


def test_strokes_painted_while_labels_come_in_stay(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, qtbot: Any,
    wait_until_idle: Any,
) -> None:  # fmt: skip
    segmenter.hold = True
    viewer.add_image(np.stack([blobs] * 3))
    session = panel.session
    click(panel.segment_step.segment_button)
    qtbot.waitUntil(lambda: session.current.labels is not None and session.current.labels[0].any(), timeout=60_000)
    layer = session.current.labels_layer
    layer.brush_size = 6
    layer.paint((2, 16, 18), 77)
    stroke = session.current.labels == 77
    segmenter.hold = False
    wait_until_idle(session)
    work = session.current
    assert stroke.any()
    np.testing.assert_array_equal(work.labels == 77, stroke)
    assert work.labels[2, 40, 50] > 0
    assert not (work.prediction == 77).any()
    assert work.has_corrections


def test_stop_keeps_what_is_done(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, qtbot: Any,
    wait_until_idle: Any,
) -> None:  # fmt: skip
    segmenter.hold = True
    viewer.add_image(np.stack([blobs] * 3))
    step, session = panel.segment_step, panel.session
    click(step.segment_button)
    qtbot.waitUntil(lambda: session.current.labels is not None and session.current.labels[0].any(), timeout=60_000)
    assert not step.segment_button.isEnabled()
    assert step.segment_button.toolTip()
    click(step.progress.stop_button)
    wait_until_idle(session)
    assert session.current.prediction[0].any()
    assert not session.current.prediction[1:].any()
    assert step.segment_button.isEnabled()


def test_failure_is_a_sentence_in_the_step_and_leaves_no_empty_labels(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, wait_until_idle: Any
) -> None:
    segmenter.error = UserError("Too large: choose smaller tiles.")
    viewer.add_image(blobs)
    step = panel.segment_step
    click(step.segment_button)
    wait_until_idle(panel.session)
    assert step.message.text == "Too large: choose smaller tiles."
    assert not step.message.isHidden()
    assert len(viewer.layers) == 1
    assert panel.session.current.prediction is None
    segmenter.error = None
    click(step.segment_button)
    wait_until_idle(panel.session)
    assert step.message.isHidden()
    assert panel.session.current.prediction is not None


def _correct(panel: UNetPanel) -> Any:
    work = panel.session.current
    work.labels_layer.data_setitem((np.arange(26, 32), np.arange(26, 32)), 50)
    return work


def test_segmenting_again_asks_and_keeps_corrections_in_one_undoable_step(
    segmented: UNetPanel, segmenter: FakeSegmenter, click: Any, wait_until_idle: Any
) -> None:
    session, step, work = segmented.session, segmented.segment_step, _correct(segmented)
    before, old = work.labels.copy(), work.prediction
    segmenter.shift = 3
    step.set_open(True)
    click(step.segment_button)
    assert session.job is None
    assert not step.question.isHidden()
    click(step.question.go)
    wait_until_idle(session)
    np.testing.assert_array_equal(work.labels == 50, before == 50)
    assert work.labels[10, 30] > 0
    assert before[10, 30] == 0
    assert work.prediction is not old
    assert "preview" not in work.layers
    work.labels_layer.undo()
    np.testing.assert_array_equal(work.labels, before)
    assert work.prediction is old
    work.labels_layer.redo()
    assert work.prediction is not old


def test_replacing_everything_can_be_undone_too(
    segmented: UNetPanel, segmenter: FakeSegmenter, click: Any, wait_until_idle: Any
) -> None:
    session, step, work = segmented.session, segmented.segment_step, _correct(segmented)
    before = work.labels.copy()
    segmenter.shift = 3
    step.set_open(True)
    click(step.segment_button)
    step.question.replace.setChecked(True)
    click(step.question.go)
    wait_until_idle(session)
    assert not (work.labels == 50).any()
    assert not work.has_corrections or work.reviewed is not None
    work.labels_layer.undo()
    np.testing.assert_array_equal(work.labels, before)


def test_deleting_the_labels_meanwhile_stops_the_work(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, qtbot: Any,
    wait_until_idle: Any,
) -> None:  # fmt: skip
    segmenter.hold = True
    viewer.add_image(np.stack([blobs] * 3))
    session = panel.session
    click(panel.segment_step.segment_button)
    qtbot.waitUntil(lambda: session.current.labels is not None, timeout=60_000)
    viewer.layers.remove(session.current.labels_layer)
    wait_until_idle(session)
    assert session.current.labels is None
    assert session.current.prediction is None


def test_closing_while_a_job_runs_is_quiet(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, qtbot: Any
) -> None:
    segmenter.hold = True
    viewer.add_image(np.stack([blobs] * 3))
    click(panel.segment_step.segment_button)
    qtbot.waitUntil(lambda: panel.session.job is not None, timeout=60_000)
    panel.session.close()
    assert panel.session.job is None


def test_probability_maps_come_on_request_as_a_layer(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, wait_until_idle: Any
) -> None:
    viewer.add_image(blobs, name="cells")
    step = panel.segment_step
    step.advanced.content.controls["keep_probability"].setChecked(True)
    click(step.segment_button)
    wait_until_idle(panel.session)
    layer = panel.session.current.layers["probability"]
    assert layer.name == "cells probability"
    np.testing.assert_array_equal(layer.data > 0.5, blobs > 500)


def test_of_an_image_with_channels_in_the_middle_the_chosen_one_is_segmented(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, wait_until_idle: Any
) -> None:
    stack = np.zeros((3, 2, *blobs.shape), np.uint16)
    stack[:, 1] = blobs
    viewer.add_image(stack, axis_labels=("z", "c", "y", "x"))
    panel.session.set_channel(1)
    segmenter.tiles = True
    click(panel.segment_step.segment_button)
    wait_until_idle(panel.session)
    work = panel.session.current
    assert work.labels.shape == (3, 64, 80)
    assert work.labels_layer.data.shape == (3, 2, 64, 80)
    assert len(np.unique(work.labels[2])) == 5


def test_nothing_can_be_segmented_without_an_image_and_the_tool_tip_says_so(panel: UNetPanel) -> None:
    button = panel.segment_step.segment_button
    assert not button.isEnabled()
    assert "image" in button.toolTip()


def another_job(session: Session, stop: StopFlag, owner: str) -> None:
    """What another step has begun, and goes on until it is stopped."""

    def work() -> Iterator[Any]:
        while not stop.requested:
            time.sleep(0.005)
            yield None
        yield Finished(None)

    assert session.jobs.start(work(), stop, title="Fine-tuning", owner=owner)


def test_a_question_that_waits_while_another_job_begins_does_not_touch_that_job(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, wait_until_idle: Any
) -> None:
    viewer.add_image(blobs)
    step, stop = panel.segment_step, StopFlag()
    click(step.segment_button)
    wait_until_idle(panel.session)
    panel.session.current.labels_layer.data_setitem((np.arange(3), np.full(3, 70)), 9)
    click(step.segment_button)
    assert not step.question.isHidden()
    another_job(panel.session, stop, FINETUNE)
    assert not step.question.go.isEnabled()
    assert "Fine-tuning" in step.question.go.toolTip()
    step.question.answered.emit(True)
    step.start(keep=True)
    assert len(segmenter.calls) == 1
    assert step.progress.isHidden()
    assert step.state != "segmenting"
    step.progress.stop_button.click()
    assert not stop.requested, "its Stop stopped the training"
    panel.finetune_step.training.stop_button.click()
    assert stop.requested
    wait_until_idle(panel.session)
    step.question.go.click()
    wait_until_idle(panel.session)
    assert len(segmenter.calls) == 2


def test_a_diameter_that_is_none_is_refused_and_nothing_is_segmented_with_another(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, wait_until_idle: Any
) -> None:
    viewer.add_image(blobs)
    step = panel.segment_step
    step.diameter.number.setText("abc")
    click(step.segment_button)
    assert not segmenter.calls
    assert "abc" in step.message.text
    assert step.message.field is step.diameter.number
    step.diameter.number.setText("24,5")
    click(step.segment_button)
    wait_until_idle(panel.session)
    assert segmenter.calls[0].config.diameter == 24.5
    assert step.message.text == ""


def test_replacing_everything_offers_undo_in_place(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, blobs: np.ndarray, click: Any, wait_until_idle: Any
) -> None:
    viewer.add_image(blobs)
    step = panel.segment_step
    click(step.segment_button)
    wait_until_idle(panel.session)
    work = panel.session.current
    work.labels_layer.data_setitem((np.arange(3), np.full(3, 70)), 9)
    before = work.labels.copy()
    click(step.segment_button)
    step.question.replace.setChecked(True)
    step.question.go.click()
    wait_until_idle(panel.session)
    assert not (work.labels == 9).any()
    assert panel.pinned.notice.button.text() == "Undo"
    panel.pinned.notice.button.click()
    np.testing.assert_array_equal(work.labels, before)


def test_stop_ends_a_backlog_of_tiles_and_large_planes_come_in_bands(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, monkeypatch: pytest.MonkeyPatch, wait_until_idle: Any,
    qtbot: Any,
) -> None:  # fmt: skip
    """A queue of two hundred tiles, each of which takes the window 20 ms: after Stop most of them are left out."""
    monkeypatch.setattr("napari_unet.ui.segment.background.BAND_PIXELS", 8 * 80)
    monkeypatch.setattr("napari_unet.ui.segment.run.LATE_SECONDS", 0.1)
    written: list[tuple[int, ...]] = []

    def slow_write(self: Any, plane: Any, region: Any, labels: np.ndarray) -> None:
        written.append(labels.shape)
        time.sleep(0.02)

    def many_tiles(image: Any, model: Any, config: Any, scope: Any, stop: StopFlag, **first: Any) -> Iterator[Any]:
        labels = np.ones(image.shape, np.int32)
        for number in range(200):
            yield TileDone(number, 200, (), (slice(0, 4), slice(0, 4)), labels[:4, :4], None)
        yield PlaneDone(1, 1, (), labels, None)
        yield Finished(Segmentation(labels, "YX", View(17.0), np.ones((), bool), None, {"total": 1.0}), True)

    monkeypatch.setattr("napari_unet.segmentation.segment.segment_steps", many_tiles)
    monkeypatch.setattr("napari_unet.ui.canvas.live_labels.LiveLabels.write", slow_write)
    viewer.add_image(np.zeros((64, 80), np.float32))
    panel.segment_step.segment_button.click()
    qtbot.waitUntil(lambda: bool(written), timeout=20_000)  # before, the model is still being loaded
    panel.segment_step.progress.stop_button.click()
    wait_until_idle(panel.session)
    assert len([shape for shape in written if shape == (4, 4)]) < 100
    assert [shape for shape in written if shape != (4, 4)] == [(8, 80)] * 8


def test_of_a_plane_only_the_tiles_that_come_are_drawn(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, monkeypatch: pytest.MonkeyPatch, wait_until_idle: Any
) -> None:
    """To draw a plane of 10,000 pixels a side at each tile, or to colour it when its layer is added, freezes all."""
    whole, parts, coloured = [], [], []
    labels = np.arange(64 * 80, dtype=np.int32).reshape(64, 80) % 7

    def tiles(image: Any, model: Any, config: Any, scope: Any, stop: StopFlag, **first: Any) -> Iterator[Any]:
        for number in range(8):
            region = (slice(8 * number, 8 * number + 8), slice(None))
            yield TileDone(number + 1, 8, (), region, labels[region], None)
        yield PlaneDone(1, 1, (), labels.copy(), None)
        yield Finished(Segmentation(labels, "YX", View(17.0), np.ones((), bool), None, {"total": 1.0}))

    def on_layer(event: Any) -> None:
        event.value.events.set_data.connect(whole.append)
        event.value.events.labels_update.connect(lambda update: parts.append(update.data.size))

    # What is not on a screen has no texture of which a part could be drawn, and napari draws all of it then.
    monkeypatch.setattr(VispyLabelsLayer, "_on_partial_labels_update", lambda self, event: None)
    colour = CyclicLabelColormap._data_to_texture
    monkeypatch.setattr(
        CyclicLabelColormap, "_data_to_texture", lambda cmap, a: coloured.append(np.size(a)) or colour(cmap, a)
    )
    monkeypatch.setattr("napari_unet.segmentation.segment.segment_steps", tiles)
    monkeypatch.setattr("napari_unet.ui.segment.background.BAND_PIXELS", 8 * 80)
    monkeypatch.setattr("napari_unet.ui.correct.look._MOST", 0)  # of a plane so large no outlines are drawn
    monkeypatch.setattr("napari_unet.ui.session.session._SMALL", 0)
    viewer.add_image(np.zeros((64, 80), np.float32))
    viewer.layers.events.inserted.connect(on_layer)
    panel.segment_step.segment_button.click()
    wait_until_idle(panel.session)
    np.testing.assert_array_equal(panel.session.current.labels, labels)
    assert len(whole) <= 1, "the layer was added, and nothing else drew all of it"
    assert max(parts) == max(coloured) == 8 * 80


def test_stopped_before_the_model_is_there_nothing_was_done(
    segmenter: FakeSegmenter, viewer: Any, panel: UNetPanel, monkeypatch: pytest.MonkeyPatch, wait_until_idle: Any
) -> None:
    release = threading.Event()
    monkeypatch.setattr(Session, "model_loader", lambda self: lambda: release.wait(60))
    viewer.add_image(np.zeros((64, 80), np.float32))
    panel.segment_step.segment_button.click()
    panel.segment_step.progress.stop_button.click()
    wait_until_idle(panel.session)
    assert not segmenter.calls
    assert panel.session.current.labels is None
    assert not panel.segment_step.message.text
    release.set()
