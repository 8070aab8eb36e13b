"""Marks that follow corrections, and what was erased of them: undo and redo bring back what was, however fast."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

from napari.components import ViewerModel

from napari_unet.ui.session.keeping.losses import get_losses
from napari_unet.ui.session.keeping.undo import get_undo
from napari_unet.ui.session.reviewed_layer import BY_HAND
from napari_unet.ui.session.session import get_session
from napari_unet.ui.session.trackers import get_trackers

Act = Callable[[], None]


class Scene:
    """A stack of two objects, corrected without a window."""

    def __init__(self, axes: str = "ZYX") -> None:
        labels = np.zeros((3, 48, 64), np.int32)
        labels[:, 8:20, 10:24], labels[:, 28:42, 36:52] = 1, 2
        order = ["ZYX".index(letter) for letter in axes]
        self.viewer = ViewerModel()
        self.session = get_session(self.viewer)
        image = labels.transpose(order).astype(np.float32)
        self.work = self.session.work_on(self.viewer.add_image(image, rgb=False, axis_labels=tuple(axes.lower())))
        self.session.add_layer(self.work, "labels", labels.copy())
        self.work.prediction = labels.copy()
        self.undo = get_undo(self.session)
        self.tracker = get_trackers(self.session).of(self.work)
        self.tracker.finish()

    @property
    def overlay(self) -> Any:
        return self.tracker.overlay

    def correct(self, row: int, column: int, value: int, plane: int = 1) -> None:
        rows, columns = (part.ravel() for part in np.mgrid[row : row + 5, column : column + 5])
        index = np.full(rows.size, plane), rows, columns
        self.work.labels_layer.data_setitem(self.work.geometry.layer_index(index), value)

    def clear(self, plane: int = 1) -> None:
        self.overlay.mark((plane,), reviewed=False)

    def erase(self, row: int, column: int, plane: int = 1) -> None:
        layer = self.overlay.ensure_layer()
        layer.brush_size = 11
        layer.paint(self.work.geometry.layer_index((plane, row, column)), 0)

    def state(self) -> tuple[bytes, bytes]:
        self.tracker.finish()
        reviewed = self.work.reviewed
        return self.work.labels.tobytes(), b"" if reviewed is None else (reviewed > 0).tobytes()

    def travel(self, go: Callable[[], bool]) -> None:
        """All the way, faster than marks can follow."""
        while go():
            pass


@pytest.fixture
def scene(qapp: Any) -> Iterator[Scene]:
    scene = Scene()
    yield scene
    scene.session.close()


def test_marks_that_were_cleared_stay_so_when_all_is_undone_and_redone_at_once(scene: Scene) -> None:
    for act in (lambda: scene.correct(10, 12, 0), scene.clear, lambda: scene.correct(30, 40, 0)):
        act()
        scene.tracker.finish()
    assert not scene.work.reviewed[1, 12, 14]
    assert scene.work.reviewed[1, 32, 42]
    end = scene.state()
    scene.travel(scene.undo.undo)
    scene.travel(scene.undo.redo)
    assert scene.state() == end
    scene.travel(scene.undo.undo)
    scene.tracker.finish()
    assert not scene.work.reviewed.any()
    scene.travel(scene.undo.redo)
    assert scene.state() == end


@pytest.mark.parametrize("seed", range(12))
def test_each_state_comes_back_whenever_marks_are_brought_up_to_date(qapp: Any, seed: int) -> None:
    chance = random.Random(seed)
    scene = Scene("ZYX" if seed % 3 else "YXZ")
    scene.overlay.ensure_layer()

    def place() -> tuple[int, int, int]:
        return chance.randrange(40), chance.randrange(56), chance.randrange(3)

    def draw() -> Act:
        row, column, plane = place()
        return chance.choice([
            lambda: scene.correct(row, column, chance.randrange(3), plane),
            lambda: scene.correct(row, column, chance.randrange(3), plane),
            lambda: scene.clear(plane),
            lambda: scene.erase(row, column, plane),
            lambda: scene.overlay.mark((plane,), (slice(row, row + 9), slice(column, column + 9))),
        ])  # fmt: skip

    states = [scene.state()]
    for _ in range(8):
        n_done = len(scene.undo.of(scene.work).done)
        draw()()
        state = scene.state()
        if len(scene.undo.of(scene.work).done) > n_done:
            states.append(state)
    at = len(states) - 1
    for _ in range(30):
        back = chance.random() < 0.5
        if (scene.undo.undo if back else scene.undo.redo)():
            at += -1 if back else 1
        if chance.random() < 0.3:
            assert scene.state() == states[at]
    scene.travel(scene.undo.redo)
    assert scene.state() == states[-1]
    scene.session.close()


def test_a_step_in_one_layer_ends_what_could_be_redone_in_the_other(scene: Scene) -> None:
    scene.overlay.mark((1,))
    assert scene.undo.undo()
    scene.correct(10, 12, 0)
    assert not scene.undo.redo()
    assert not (scene.work.reviewed == BY_HAND).any()


@pytest.mark.parametrize("role", ["labels", "reviewed"])
def test_a_step_in_a_hidden_layer_is_one_step_and_is_noticed(scene: Scene, role: str) -> None:
    scene.viewer.dims.set_current_step(0, 0)
    scene.correct(10, 12, 0, plane=0)
    scene.overlay.mark((0,))
    states = [scene.state()]
    if role == "labels":
        scene.correct(30, 40, 0, plane=0)
    else:
        scene.clear(plane=0)
    states.append(scene.state())
    changed = scene.tracker.counts
    scene.work.layers[role].visible = False
    scene.viewer.dims.set_current_step(0, 2)  # a hidden layer does not notice
    assert scene.undo.undo()
    assert scene.state() == states[0]
    assert scene.undo.redo()
    assert scene.state() == states[1]
    assert scene.tracker.counts == changed


def test_what_was_cleared_before_another_prediction_comes_back_as_it_was(scene: Scene) -> None:
    scene.correct(10, 12, 0)
    scene.tracker.finish()
    marked = scene.work.reviewed > 0
    scene.clear()
    scene.work.prediction = scene.work.labels.copy()
    scene.tracker.finish()
    scene.undo.undo()
    scene.tracker.finish()
    np.testing.assert_array_equal(scene.work.reviewed > 0, marked)
    assert set(np.unique(scene.work.reviewed)) == {0, BY_HAND}, "it follows no correction of now"


def test_a_correction_in_a_slice_out_of_view_is_marked_there(scene: Scene) -> None:
    scene.viewer.dims.set_current_step(0, 2)
    scene.correct(10, 12, 0, plane=0)
    scene.tracker.finish()
    assert [bool(plane.any()) for plane in scene.work.reviewed] == [True, False, False]


def test_only_a_hundred_steps_are_kept_of_both_layers_together(scene: Scene) -> None:
    scene.overlay.ensure_layer()
    for number in range(55):
        scene.correct(10, 12, 3 + number)
        scene.overlay.mark((0,), reviewed=number % 2 == 0)
    steps = 0
    while scene.undo.undo():
        steps += 1
    assert steps == 100


def test_any_value_that_is_painted_or_given_is_a_mark_by_hand(scene: Scene) -> None:
    layer = scene.overlay.ensure_layer()
    layer.selected_label = 2
    layer.brush_size = 5
    layer.paint((1, 10, 30), layer.selected_label)
    scene.correct(30, 40, 0)
    scene.tracker.finish()
    assert scene.work.reviewed[1, 10, 30] == BY_HAND
    given = np.zeros_like(layer.data)
    given[0, :9] = 2
    get_losses(scene.session)
    layer.data = given
    scene.tracker.finish()
    assert (scene.work.reviewed[0, :9] == BY_HAND).all()
    assert not scene.work.reviewed[1:].any()
