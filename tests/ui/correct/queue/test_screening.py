"""Objects are measured in the background, give way to jobs, and follow the labels that they belong to."""

from __future__ import annotations

import threading
import time
from typing import Any

import numpy as np
import pytest
import torch

pytest.importorskip("napari")

from napari_unet.events import Finished, StopFlag
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.library import save_to_library
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet
from napari_unet.review.screening import ObjectScreening
from napari_unet.ui.correct.queue import screening
from napari_unet.ui.correct.queue.view import ReviewQueueView
from napari_unet.ui.correct.tools.actions import ACTIONS
from napari_unet.ui.session.session import Session
from napari_unet.ui.session.trackers import get_trackers

pytestmark = pytest.mark.usefixtures("screenings")


@pytest.fixture
def stack(viewer: Any, session: Session) -> Any:
    """A time-lapse of four frames with an object in each, and a small model."""
    torch.manual_seed(0)
    architecture = UNetConfig(base_channels=4, depth=1)
    save_to_library(Model(UNet(architecture).eval(), ModelRecord(name="tiny", architecture=architecture)))
    session.use_model("tiny")
    labels = np.zeros((4, 48, 64), np.int32)
    labels[:, 10:26, 12:30] = 1
    work = session.work_on(viewer.add_image(labels.astype(np.float32), name="cells", axis_labels=("t", "y", "x")))
    session.add_layer(work, "labels", labels.copy())
    work.prediction = labels.copy()
    return work


def view_of(panel: Any) -> ReviewQueueView:
    return panel.correct_step.review_queue


def measured(view: ReviewQueueView, qtbot: Any) -> None:
    qtbot.waitUntil(lambda: not view.keeper.busy, timeout=60_000)


def test_each_frame_has_its_rows_and_the_model_looks_again(stack: Any, panel: Any, qtbot: Any) -> None:
    view = view_of(panel)
    measured(view, qtbot)
    table = view.keeper.queue(stack).table
    objects = table.ids > 0  # an untrained network may see others where there are none
    assert table.frames[objects].tolist() == [0, 1, 2, 3]
    assert np.isfinite(table.values["confidence"][objects]).all()
    assert view.keeper.problem(stack) is None
    assert panel.session.background.job is None


def test_it_gives_way_to_a_job_and_goes_on_after_it(stack: Any, panel: Any, qtbot: Any) -> None:
    view, session, stop = view_of(panel), panel.session, StopFlag()

    def job() -> Any:
        while not stop.requested:
            time.sleep(0.01)
            yield None
        yield Finished(None)

    qtbot.waitUntil(lambda: session.background.job is not None, timeout=60_000)
    assert session.jobs.start(job(), stop)
    qtbot.waitUntil(lambda: session.background.job is None, timeout=60_000)
    qtbot.wait(400)
    assert session.background.job is None, "it went on beside a job"
    stop.request()
    qtbot.waitUntil(lambda: session.job is None, timeout=60_000)
    measured(view, qtbot)
    table = view.keeper.queue(stack).table
    assert np.isfinite(table.values["confidence"][table.ids > 0]).all()


def test_other_labels_are_measured_anew(stack: Any, panel: Any, qtbot: Any) -> None:
    view = view_of(panel)
    measured(view, qtbot)
    other = np.zeros((4, 48, 64), np.int32)
    other[:, 2:20, 2:20] = 5
    panel.session.add_layer(stack, "labels", other.copy())
    stack.prediction = other.copy()
    assert view.keeper.screening(stack) is None
    measured(view, qtbot)
    assert {number for number in view.keeper.queue(stack).table.ids.tolist() if number > 0} == {5}
    panel.session.viewer.layers.remove(stack.labels_layer)
    qtbot.waitUntil(lambda: view.queue is None and not view.status.position_label.full_text, timeout=60_000)


def test_a_model_that_fails_leaves_what_can_be_measured(
    stack: Any, panel: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load() -> Any:
        raise MemoryError

    view = view_of(panel)
    measured(view, qtbot)
    monkeypatch.setattr(Session, "model_loader", lambda self: load)
    stack.prediction = stack.prediction.copy()  # segmented again
    measured(view, qtbot)
    table = view.keeper.queue(stack).table
    assert len(table) == 4
    assert np.isnan(table.values["confidence"]).all()
    assert "memory" in view.status.reason_label.text()


def test_what_the_queue_does_has_keys_and_buttons(stack: Any, panel: Any, qtbot: Any) -> None:
    view, step = view_of(panel), panel.correct_step
    measured(view, qtbot)
    keys = {action.name: action.key for action in ACTIONS}
    assert (keys["next_suspicious"], keys["accept_object"]) == ("Q", "A")
    view.list.list_all()
    step.buttons["next_suspicious"].click()
    step.buttons["accept_object"].click()
    assert stack.reviewed.any()
    assert view.queue.n_reviewed == 1
    for _ in range(len(view.queue)):
        step.buttons["accept_object"].click()
    assert view.queue.n_reviewed == len(view.queue) >= 4
    assert "reviewed" in view.status.reason_label.text()


def test_a_large_edit_is_measured_in_a_thread_and_those_meanwhile_after_it(
    stack: Any, panel: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, session = view_of(panel), panel.session
    measured(view, qtbot)
    monkeypatch.setattr(screening, "LARGE_EDIT", 1)
    going, threads = threading.Event(), []
    measure = ObjectScreening.measure_again

    def slowly(screening: ObjectScreening, labels: Any, edit: Any) -> Any:
        found = measure(screening, labels, edit)
        threads.append(threading.current_thread())
        assert going.wait(20)
        return found

    monkeypatch.setattr(ObjectScreening, "measure_again", slowly)
    tracker, layer = get_trackers(session).of(stack), stack.labels_layer
    layer.data_setitem((np.array([1, 1]), np.array([40, 41]), np.array([50, 50])), 8)
    tracker.finish()
    assert view.keeper.screening(stack).table.find(1, 8) is None
    layer.data_setitem((np.array([1]), np.array([42]), np.array([50])), 8)
    tracker.finish()
    table = view.keeper.screening(stack).table
    going.set()
    qtbot.waitUntil(lambda: len(threads) == 2, timeout=60_000)
    qtbot.waitUntil(lambda: view.keeper.screening(stack).table.find(1, 8) is not None, timeout=60_000)
    qtbot.waitUntil(lambda: 3 in view.keeper.screening(stack).table.sizes, timeout=60_000)
    assert table is not view.keeper.screening(stack).table
    assert all(thread is not threading.main_thread() for thread in threads)


def test_an_edit_that_cannot_be_measured_has_its_plane_measured_anew(
    stack: Any, panel: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    view, session = view_of(panel), panel.session
    measured(view, qtbot)
    monkeypatch.setattr(screening, "LARGE_EDIT", 1)

    def fail(screening: ObjectScreening, labels: Any, edit: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(ObjectScreening, "measure_again", fail)
    stack.labels_layer.data_setitem((np.array([1, 1]), np.array([40, 41]), np.array([50, 50])), 8)
    get_trackers(session).of(stack).finish()
    qtbot.waitUntil(lambda: view.keeper.screening(stack).table.find(1, 8) is not None, timeout=60_000)
