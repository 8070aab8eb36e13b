"""Removing what is too small: which objects get a cross, in which slices, what is said, and what stays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

pytest.importorskip("napari")

from napari.components import ViewerModel

from napari_unet.ui.correct.small_objects import SmallObjects
from napari_unet.ui.correct.step import CorrectStep
from napari_unet.ui.correct.tools.object_tools import ObjectTools
from napari_unet.ui.session.session import get_session

Opened = tuple[CorrectStep, Any, Any]


@pytest.fixture
def open_labels(qtbot: Any) -> Iterator[Callable[[np.ndarray], Opened]]:
    steps, viewers = [], []

    def open_one(labels: np.ndarray) -> Opened:
        viewers.append(ViewerModel())
        session = get_session(viewers[-1])
        work = session.work_on(viewers[-1].add_image(np.zeros(labels.shape, np.uint8), name="cells"))
        steps.append(CorrectStep(session))
        session.add_layer(work, "labels", labels.copy())
        work.prediction = labels.copy()
        viewers[-1].layers.selection.active = work.labels_layer
        return steps[-1], work, steps[-1].findChild(SmallObjects)

    yield open_one
    for step in steps:
        step.session.close()
        step.deleteLater()


def specks() -> np.ndarray:
    """Objects of 100, 4 and 9 pixels."""
    labels = np.zeros((40, 60), np.int32)
    labels[5:15, 5:15], labels[20:22, 30:32], labels[30:33, 50:53] = 1, 2, 3
    return labels


def ask(form: Any, size: int) -> None:
    form.ask()
    form.size_box.setValue(size)
    form._slices.finish()


def test_those_below_the_size_get_a_cross_and_go_with_one_click(open_labels: Any) -> None:
    step, work, form = open_labels(specks())
    said: list[str] = []
    step.tools.cleared.connect(said.append)
    ask(form, 10)
    assert form.found_label.text() == "2 objects would go, marked with a cross: 2, 3"
    np.testing.assert_array_equal(form._marks.places, [[20.5, 30.5], [31, 51]])
    form.size_box.setValue(9)
    assert form.found_label.text() == "1 object would go, marked with a cross: 2"
    form.remove_button.click()
    np.testing.assert_array_equal(work.labels, np.where(specks() == 2, 0, specks()))
    assert said == ["Deleted 1 small object."]
    assert form.isHidden()
    assert not len(form._marks.places)
    work.labels_layer.undo()
    np.testing.assert_array_equal(work.labels, specks())


def test_where_none_is_that_small_nothing_can_be_removed(open_labels: Any) -> None:
    _, _, form = open_labels(specks())
    ask(form, 4)
    assert form.found_label.text() == "No object is that small."
    assert not form.remove_button.isEnabled()


def test_locked_objects_are_neither_marked_nor_removed(open_labels: Any) -> None:
    _, work, form = open_labels(specks())
    work.lock(frozenset({2}))
    ask(form, 10)
    assert form.found_label.text() == "1 object would go, marked with a cross: 3"
    form.remove_button.click()
    assert set(np.unique(work.labels)) == {0, 1, 2}


def test_of_many_the_first_eight_are_named(open_labels: Any) -> None:
    labels = np.zeros((40, 60), np.int32)
    labels[2, 2:38:4] = np.arange(1, 10)
    _, _, form = open_labels(labels)
    ask(form, 2)
    assert form.found_label.text().endswith(": 1, 2, 3, 4, 5, 6, 7, 8, \N{HORIZONTAL ELLIPSIS}")


def test_cancelling_removes_crosses_and_nothing_else(open_labels: Any) -> None:
    _, work, form = open_labels(specks())
    ask(form, 10)
    closed: list[bool] = []
    form.closed.connect(lambda: closed.append(True))
    form.cancel_button.click()
    assert closed == [True]
    assert not len(form._marks.places)
    assert not form.measuring
    np.testing.assert_array_equal(work.labels, specks())


def test_through_z_an_object_is_as_large_as_all_its_slices(open_labels: Any) -> None:
    stack = np.zeros((3, 40, 60), np.int32)
    stack[:, 5:8, 5:8], stack[1, 20:23, 20:23] = 1, 2
    step, _, form = open_labels(stack)
    objects: ObjectTools = step.tools.objects
    ask(form, 10)
    assert form.found_label.text() == "1 object would go, marked with a cross: 2"
    form.put_away()
    objects.scope = "slice"
    step.session.viewer.dims.set_current_step(0, 1)
    ask(form, 10)
    assert form.found_label.text() == "2 objects would go, marked with a cross: 1, 2"
    assert set(form._marks.places[:, 0]) == {1}, "of the slice in view alone"
