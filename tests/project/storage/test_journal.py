"""The journal's history against a plain undo stack, for any sequence of strokes, undos and redos."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_unet.project.opening import create_project, open_project
from napari_unet.project.project import LABELS
from napari_unet.project.references import ImageReference
from napari_unet.project.storage.journal import Edit, History, Kind, in_order, order_steps, state_before, steps_to_play
from napari_unet.project.storage.tiles import all_tiles, apply_changes, find_changes

SHAPE = (2, 40, 300)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("stroke"), st.integers(0, 2**32 - 1)),
        st.tuples(st.sampled_from(["undo", "redo"]), st.integers(0, 2**32 - 1)),
    ),
    max_size=25,
)


class Person:
    """Paints, undoes and redoes on an array, with stacks of whole copies."""

    def __init__(self) -> None:
        self.array = np.zeros(SHAPE, np.int32)
        self.undo: list[np.ndarray] = []
        self.redo: list[np.ndarray] = []

    def step(self, what: str, seed: int) -> bool:
        rng = np.random.default_rng(seed)
        if what == "stroke":
            before = self.array.copy()
            _dab(self.array, rng, int(rng.integers(1, 2**31 - 1)))
            if np.array_equal(before, self.array):
                return False
            self.undo.append(before)
            self.redo.clear()
        elif what == "undo" and self.undo:
            self.redo.append(self.array.copy())
            self.array[...] = self.undo.pop()
        elif what == "redo" and self.redo:
            self.undo.append(self.array.copy())
            self.array[...] = self.redo.pop()
        else:
            return False
        return True


def _dab(array: np.ndarray, rng: np.random.Generator, value: int) -> None:
    box = tuple(slice(low := int(rng.integers(size)), low + int(rng.integers(1, 30))) for size in array.shape)
    array[box] = value


@given(STEPS)
@settings(max_examples=25)
def test_a_reopened_project_has_the_pixels_and_the_history_of_before(steps: list[tuple[str, int]]) -> None:
    person, shadow, history = Person(), np.zeros(SHAPE, np.int32), History()
    with tempfile.TemporaryDirectory() as folder:
        project = create_project(Path(folder) / "a.unetproj")
        image = project.add_image(ImageReference("a", "ZYX", SHAPE))
        project.set_array(image, LABELS, shadow.copy())
        for what, seed in steps:
            if not person.step(what, seed):
                continue
            changes = tuple(find_changes(shadow, person.array, all_tiles(SHAPE)))
            kind = Kind.EDIT if what == "stroke" else history.recognize(changes)
            assert kind is Kind(what.replace("stroke", "edit"))
            apply_changes(shadow, changes)
            edit = Edit(kind, changes)
            history.add(edit)
            project.add_edit(image, LABELS, edit)
        project.close()
        project = open_project(Path(folder) / "a.unetproj")
        array, history = project.read_array(image, LABELS), project.read_history(image, LABELS)
        project.close()
    assert array is not None
    np.testing.assert_array_equal(array, person.array)
    for edit in reversed(history.done):
        apply_changes(array, edit.reversed())
        np.testing.assert_array_equal(array, person.undo.pop())
    np.testing.assert_array_equal(array, state_before(person.array, history))
    played = list(steps_to_play(history))
    for edit in played:
        apply_changes(array, edit.changes)
    for edit in reversed(played[len(history.done) :]):
        apply_changes(array, edit.reversed())
    np.testing.assert_array_equal(array, person.array)


def _edit(before: np.ndarray, value: int, row: int) -> Edit:
    after = before.copy()
    after[..., row, :10] = value
    changes = tuple(find_changes(before, after, all_tiles(before.shape)))
    apply_changes(before, changes)
    return Edit(Kind.EDIT, changes)


def test_a_new_stroke_ends_what_could_be_redone_and_a_base_ends_all() -> None:
    array, history = np.zeros(SHAPE, np.int32), History()
    first, second = _edit(array, 1, 0), _edit(array, 2, 1)
    history.add(first)
    history.add(second)
    history.add(Edit(Kind.UNDO, second.reversed()))
    assert (history.done, history.undone) == ([first], [second])
    history.add(Edit(Kind.WRITE, ()))
    assert history.undone == [second]
    third = _edit(array, 3, 1)
    history.add(third)
    assert (history.done, history.undone) == ([first, third], [])
    history.add(Edit(Kind.BASE, ()))
    assert history.done == []


def test_no_more_steps_are_kept_than_the_limit_and_the_pixels_allow() -> None:
    array, history = np.zeros(SHAPE, np.int32), History(limit=5)
    for number in range(8):
        history.add(_edit(array, number + 1, number))
    assert len(history.done) == 5
    newest = history.done[-1]
    history.cut(2 * newest.n_pixels)
    assert len(history.done) == 2
    assert history.done[-1] is newest
    history.cut(0)
    assert history.done == []


def test_steps_of_several_arrays_are_one_history() -> None:
    a, b, edit, undo, redo = "labels", "reviewed", Kind.EDIT, Kind.UNDO, Kind.REDO
    made = [(a, edit), (b, edit), (a, edit), (b, Kind.WRITE), (b, edit)]
    assert order_steps(made) == ([a, b, a, b], [])
    assert order_steps([*made, (b, undo), (a, undo)]) == ([a, b], [b, a])
    assert order_steps([*made, (b, undo), (a, undo), (a, redo)]) == ([a, b, a], [b])
    assert order_steps([*made, (b, undo), (a, edit)]) == ([a, b, a, a], [])
    assert order_steps([*made, (a, undo)]) == ([a, b, b], [a]), "in its layer alone, past the one history"
    assert order_steps([*made, (a, Kind.BASE), (a, edit)]) == ([b, b, a], [])
    assert order_steps([(a, undo), (b, redo)]) == ([], [])


def test_steps_whose_order_is_not_known_come_first() -> None:
    one, two, three, four = (Edit(Kind.EDIT, ()) for _ in range(4))
    steps = {"labels": [one, two], "reviewed": [three, four]}
    found = in_order(steps, ["labels", "labels", "reviewed", "labels", "reviewed"])
    assert [edit for _, edit in found] == [one, three, two, four]
    assert [edit for _, edit in in_order(steps, ["reviewed"])] == [one, two, three, four]
    assert in_order({}, ["labels"]) == []
