"""Locked objects: shown on the canvas, and left as they are by whatever writes to the layer."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_unet.ui.correct.locks.marks import LockMarks
from napari_unet.ui.correct.step import CorrectStep
from napari_unet.ui.session.session import Session, get_session


def squares() -> np.ndarray:
    labels = np.zeros((40, 60), np.int32)
    labels[5:15, 5:15], labels[5:15, 20:30], labels[25:35, 5:15] = 1, 2, 3
    return labels


@pytest.fixture
def open_step(qtbot, monkeypatch):
    monkeypatch.setattr(Session, "model_entry", None)  # no model looks at the objects in the background
    steps, viewers = [], []  # a session does not keep its viewer alive

    def make(labels, axes=None):
        viewer = ViewerModel()
        viewers.append(viewer)
        session = get_session(viewer)
        work = session.work_on(viewer.add_image(np.zeros(labels.shape, np.uint8), name="cells"))
        if axes is not None:
            session.set_axes(axes)
        steps.append(CorrectStep(session))
        session.add_layer(work, "labels", labels.copy())
        work.prediction = labels.copy()
        viewer.layers.selection.active = work.labels_layer
        return steps[-1], work

    yield make
    for step in steps:
        step.session.close()
        step.deleteLater()


def lock(step, *stroke) -> None:
    step.tools.objects.apply("lock", step.session.current, list(stroke))


def dots(work) -> np.ndarray:
    """The ids under the dots on the canvas."""
    signs = work.signs.get("locked")
    places = np.zeros((0, work.labels.ndim)) if signs is None else np.rint(signs.places)
    return work.labels_layer.data[tuple(places.T.astype(int))]


def over_2(layer) -> None:
    layer.paint_polygon([(0, 18), (0, 33), (18, 33), (18, 18)], 9)


def erase_2(layer) -> None:
    layer.fill((10, 25), 0)


def give_to_2(layer) -> None:
    layer.data_setitem((np.array([0, 1]), np.array([0, 1])), 2)


@pytest.mark.parametrize("write", [over_2, erase_2, give_to_2])
def test_what_reaches_a_locked_object_is_refused(open_step, qtbot, write):
    step, work = open_step(squares())
    lock(step, (10, 25))
    free = write is over_2
    with qtbot.waitSignal(step.tools.failed) as told:
        write(work.labels_layer)
    assert "Locked objects stay" in told.args[0]
    np.testing.assert_array_equal(work.labels == 2, squares() == 2)
    assert work.labels[1, 19] == (9 if free else 0)
    if free:
        work.labels_layer.undo()  # one step
        np.testing.assert_array_equal(work.labels, squares())
    else:
        work.labels_layer.redo()
        qtbot.waitUntil(lambda: np.array_equal(work.labels, squares()), timeout=20_000)


def test_other_objects_are_nobody_elses_business(open_step, qtbot):
    step, work = open_step(squares())
    lock(step, (10, 25))
    with qtbot.assertNotEmitted(step.tools.failed, wait=50):
        work.labels_layer.fill((10, 10), 7)
        work.labels_layer.undo()
        work.labels_layer.redo()
    assert work.labels[10, 10] == 7
    lock(step, (10, 25))  # unlocked
    erase_2(work.labels_layer)
    qtbot.wait(50)
    assert not (work.labels == 2).any()


def test_a_stroke_that_passes_a_pixel_twice_counts_once(open_step, qtbot):
    """What the guard puts back belongs to the stroke: nothing is left to be refused."""
    step, work = open_step(squares())
    lock(step, (10, 25))
    layer, inside = work.labels_layer, (np.array([10, 10]), np.array([24, 25]))
    with qtbot.assertNotEmitted(step.tools.failed, wait=50), layer.block_history():
        layer.data_setitem(inside, 0)
        layer.data_setitem(inside, 2)
        layer.data_setitem((np.array([0]), np.array([0])), 2)
        layer.data_setitem((np.array([0]), np.array([0])), 0)
        layer.data_setitem((np.array([0]), np.array([1])), 5)
    assert work.labels[0, 1] == 5


def test_dots_along_the_outlines_of_locked_objects(open_step, qtbot):
    step, work = open_step(squares())
    layers = len(step.session.viewer.layers)
    lock(step, (10, 10), (10, 25))
    qtbot.waitUntil(lambda: set(dots(work)) == {1, 2}, timeout=20_000)
    places = np.rint(work.signs["locked"].places)
    assert len(places) > 30
    assert ((places[:, 0] == 5) | (places[:, 0] == 14) | np.isin(places[:, 1], (5, 14, 20, 29))).all()
    lock(step, (10, 10))
    qtbot.waitUntil(lambda: set(dots(work)) == {2}, timeout=20_000)
    lock(step, (10, 25))
    qtbot.waitUntil(lambda: not len(dots(work)), timeout=20_000)
    assert len(step.session.viewer.layers) == layers


def test_dots_in_every_slice_and_where_only_ids_are_known(open_step, qtbot):
    stack = np.stack([squares()] * 3)
    stack[2][stack[2] == 1] = 0
    step, work = open_step(stack)
    work.lock({1})  # as when a project is opened
    qtbot.waitUntil(lambda: set(dots(work)) == {1}, timeout=20_000)
    assert set(work.signs["locked"].places[:, 0]) == {0, 1}
    step.session.viewer.layers.remove(work.layer)
    assert "cells locked" not in step.session.viewer.layers


def test_far_away_an_outline_has_few_dots_and_near_many(open_step, qtbot):
    """Dots that run together on the screen would only cost time in every picture."""
    labels = np.zeros((400, 600), np.int32)
    labels[20:380, 20:380], labels[5:15, 500:510] = 1, 2
    step, work = open_step(labels)
    camera = step.session.viewer.scene.camera
    camera.zoom = 0.25
    lock(step, (100, 100), (10, 505))
    qtbot.waitUntil(lambda: set(dots(work)) == {1, 2}, timeout=20_000)
    assert np.bincount(dots(work))[2] <= 4
    assert np.bincount(dots(work))[1] == 24
    camera.zoom = 40
    qtbot.waitUntil(lambda: np.bincount(dots(work))[2] == 24, timeout=20_000)
    camera.zoom = 0.25
    qtbot.waitUntil(lambda: np.bincount(dots(work))[2] <= 4, timeout=20_000)


def test_very_many_locked_objects_are_shown_with_a_dot_each(open_step, qtbot):
    rows, columns = np.indices((400, 400)) // 8
    labels = (rows * 50 + columns + 1).astype(np.int32)
    labels[7::8], labels[:, 7::8] = 0, 0
    step, work = open_step(labels)
    step.session.viewer.scene.camera.zoom = 0.5
    work.lock(set(range(1, 2501)))
    qtbot.waitUntil(lambda: len(np.unique(dots(work))) == 2500, timeout=20_000)
    assert len(dots(work)) <= 10_000


def test_dots_that_wait_to_be_drawn_are_left_when_the_window_closes(open_step, monkeypatch):
    step, work = open_step(squares())
    marks = next(child for child in step.tools.findChildren(LockMarks))
    lock(step, (10, 10))
    with monkeypatch.context() as closed:
        closed.setattr(Session, "viewer", None)
        marks._soon.finish()
    assert not len(dots(work))
