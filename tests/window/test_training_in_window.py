"""Training in a real window: it can be stopped, discarded and closed at any time, and works on all open images."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest
import torch
from skimage.draw import disk

pytest.importorskip("napari")

from qtpy.QtCore import Qt
from window_driver import Hand, let_run, line, wait_for

from napari_unet.events import Finished
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import PreviewDone, PreviewRequest
from napari_unet.learning.events import StepDone
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.library import list_models, save_to_library
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet
from napari_unet.ui.finetune.run import FinetuneRun, draw_outlines
from napari_unet.ui.finetune.step import FinetuneStep
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.session import get_session
from napari_unet.ui.session.trackers import get_trackers

pytestmark = pytest.mark.real_window

LONG = FinetuneConfig(seconds=120, patch=64, batch_size=2, device="cpu", preview_seconds=1)
CENTRES = [(row, column) for row in range(20, 150, 32) for column in range(20, 190, 32)]


def field() -> tuple[np.ndarray, np.ndarray]:
    """A field (160, 200) of discs: image and labels."""
    labels = np.zeros((160, 200), np.int32)
    for number, centre in enumerate(CENTRES, start=1):
        labels[disk(centre, 9)] = number
    noise = np.random.default_rng(0).normal(20, 6, labels.shape)
    return (100 * (labels > 0) + noise).astype(np.float32), labels


class Desk:
    """A window with the panel, and images that were segmented and reviewed."""

    def __init__(self, viewer: Any, names: tuple[str, ...]) -> None:
        self.viewer, self.hand = viewer, Hand(viewer)
        self.panel = UNetPanel(viewer)
        viewer.window.add_dock_widget(self.panel, name="U-Net")
        self.session = self.panel.session
        self.session.use_model("tiny")
        self.works = [self.add(name) for name in names]
        self.steps: list[StepDone] = []
        self.hand.show_all()

    def add(self, name: str) -> Any:
        image, labels = field()
        work = self.session.work_on(self.viewer.add_image(image, name=name))
        self.session.add_layer(work, "labels", labels.copy())
        work.prediction = labels.copy()
        self.panel.correct_step.tools.run("review_slice")
        return work

    def select(self, work: Any) -> None:
        self.viewer.layers.selection.active = work.labels_layer
        let_run(0.05)

    def begin_training(self) -> None:
        """Click Fine-tune and wait until the model learns."""
        self.panel.finetune_step.start_button.click()
        run = self.panel.finetune_step.run
        run.advanced.connect(lambda event: self.steps.append(event) if isinstance(event, StepDone) else None)
        wait_for(lambda: self.steps, 60, "the training did not begin")


@pytest.fixture
def make_desk(make_napari_viewer: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    torch.manual_seed(0)
    architecture = UNetConfig(base_channels=4, depth=2)
    save_to_library(Model(UNet(architecture).eval(), ModelRecord(name="tiny", architecture=architecture)))
    monkeypatch.setattr(FinetuneStep, "config", LONG)
    desks: list[Desk] = []

    def make(*names: str) -> Desk:
        viewer = make_napari_viewer(show=True)
        viewer.window.resize(1280, 800)
        desks.append(Desk(viewer, names))
        return desks[-1]

    yield make
    for desk in desks:
        desk.session.close()


def test_closing_the_window_ends_the_training(make_desk: Any) -> None:
    threads = set(threading.enumerate())
    desk = make_desk("cells")
    desk.begin_training()
    worker = desk.session.jobs._worker
    desk.viewer.close()
    wait_for(lambda: desk.session.jobs.closed, 60, "the window hung while it closed")
    assert desk.session.job is None
    assert worker._gen.gi_frame is None, "the generator of the training is still suspended"
    wait_for(lambda: set(threading.enumerate()) <= threads, 60, "a thread was left behind")
    let_run(0.5)  # no late callback reaches what is gone


def test_a_stroke_that_is_being_painted_as_the_window_closes_does_no_harm(make_desk: Any) -> None:
    desk = make_desk("cells")
    desk.select(desk.works[0])
    desk.begin_training()
    desk.hand.key(Qt.Key.Key_N, "n")
    stroke = desk.hand.dragging(desk.works[0].labels_layer, line((36, 10), (36, 150)))
    for _ in range(5):
        next(stroke)
        let_run(0.02)
    desk.viewer.close()
    let_run(0.5)
    assert desk.session.job is None


def test_stop_and_keep_gives_the_choice_between_two_models(make_desk: Any) -> None:
    desk = make_desk("cells")
    desk.begin_training()
    desk.panel.finetune_step.training.stop_button.click()
    wait_for(lambda: desk.session.job is None, 60)
    let_run(0.1)
    result = desk.panel.finetune_step.result_view.result
    assert result.steps > 0
    assert desk.panel.finetune_step.result_view.isVisible()
    desk.panel.finetune_step.result_view.use_button.click()
    assert desk.session.model_entry.name == result.model.record.name
    assert {"tiny", result.model.record.name} <= {entry.name for entry in list_models()}


def test_strokes_go_on_through_a_training_and_can_be_undone_after_it(make_desk: Any) -> None:
    desk = make_desk("cells")
    work = desk.works[0]
    layer = work.labels_layer
    desk.select(work)
    desk.hand.key(Qt.Key.Key_N, "n")
    layer.brush_size = 3
    before = work.labels.copy()
    desk.begin_training()
    for row in (36, 68, 100):
        desk.hand.stroke(layer, line((row, 8), (row, 190)))
    during = work.labels.copy()
    painted = int(layer.selected_label)
    assert all((during[row, 8:190] == painted).all() for row in (36, 68, 100))
    desk.panel.finetune_step.training.discard_button.click()
    wait_for(lambda: desk.session.job is None, 60)
    let_run(0.1)
    np.testing.assert_array_equal(work.labels, during)
    assert desk.viewer.layers.selection.active is layer
    for _ in range(3):
        desk.hand.undo()
    np.testing.assert_array_equal(work.labels, before)
    assert [entry.name for entry in list_models() if "tuned" in entry.name] == []


def test_each_of_several_images_keeps_its_own_strokes_and_all_are_learned_from(make_desk: Any) -> None:
    desk = make_desk("left", "right")
    results: list[Any] = []
    for work, row in zip(desk.works, (36, 100), strict=True):
        desk.select(work)
        assert desk.session.current is work
        desk.hand.key(Qt.Key.Key_N, "n")
        work.labels_layer.brush_size = 3
        desk.hand.stroke(work.labels_layer, line((row, 8), (row, 190)))
        get_trackers(desk.session).of(work).finish()
    for work, row, other in zip(desk.works, (36, 100), (100, 36), strict=True):
        painted = work.labels != work.prediction
        assert painted[row].sum() > 150
        assert not painted[other].any()
    desk.begin_training()
    desk.panel.finetune_step.run.ended.connect(results.append)
    desk.viewer.layers.remove(desk.works[0].layer)  # an image may go while the model learns from it
    desk.panel.finetune_step.training.stop_button.click()
    wait_for(lambda: desk.session.job is None, 60)
    let_run(0.1)
    assert isinstance(results[0], Finished)
    assert set(results[0].result.model.record.training.images) == {"left", "right"}


@pytest.mark.parametrize("axes", ["YX", "ZYX", "ZCYX"])
def test_the_preview_lies_where_its_objects_are(make_napari_viewer: Any, axes: str) -> None:
    _, labels = field()
    shape = [{"Z": 3, "C": 2}.get(letter, 0) or labels.shape["YX".index(letter)] for letter in axes]
    scale = [2.0 if letter == "Z" else 1.0 if letter == "C" else 0.5 for letter in axes]
    viewer = make_napari_viewer()
    options = {"axis_labels": tuple(axes.lower()), "scale": scale, "translate": [7.0] * len(axes)}
    layer = viewer.add_image(np.zeros(shape, np.uint8), **options)
    session = get_session(viewer)
    work = session.work_on(layer)
    plane = (1,) if "Z" in axes else ()
    view = (slice(20, 160), slice(50, 200))
    seen = labels[view].copy()
    seen[:70] = seen[:, :70] = 0
    run = FinetuneRun(session)
    for _ in range(2):
        request = PreviewRequest(work.grey, plane, view, key=(work.key, plane))
        run._show_preview(draw_outlines(PreviewDone(1, request, seen, 0.0), None))
        shown = work.layers["preview"]
        at = np.argwhere(np.asarray(shown.data))
        assert len(at)
        on_image = np.array([layer.world_to_data(shown.data_to_world(place)) for place in at[:: len(at) // 50]])
        found = labels[tuple(np.rint(on_image[:, -2:]).astype(int).T)]
        np.testing.assert_array_equal(found, [np.asarray(shown.data)[tuple(place)] for place in at[:: len(at) // 50]])
        if "Z" in axes:
            np.testing.assert_allclose(on_image[:, 0], 1, atol=1e-6)
    run.hide_preview()
    assert shown not in viewer.layers
    session.close()
