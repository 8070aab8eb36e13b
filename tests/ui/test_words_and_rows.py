"""What the window says and chooses, without a window: sentences, keys, places, and the order of work."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from napari_unet.classification.marked import MarkedObjects
from napari_unet.labels.stacks.sections import measure_sections
from napari_unet.models.record import ModelRecord
from napari_unet.ui.canvas.classes import class_names_of, describe_classes
from napari_unet.ui.classify.least_sure import LeastSureWalk
from napari_unet.ui.classify.score_text import confusion_html, score_sentence
from napari_unet.ui.correct.queue.mark import parts_of
from napari_unet.ui.correct.queue.state import ScreeningState, basis_of
from napari_unet.ui.correct.tools.actions import ACTIONS, HINTS, LAYER_MODES, QUEUE_ACTIONS, TOOLS
from napari_unet.ui.restore.placing import middle_of


def test_no_two_actions_have_one_name_or_key() -> None:
    names = [action.name for action in ACTIONS]
    keys = [action.key for action in ACTIONS if action.key]
    assert len(set(names)) == len(names)
    assert len(set(keys)) == len(keys)
    assert not set(keys) & {action.shown_key for action in ACTIONS}, "napari keeps its own"
    assert set(QUEUE_ACTIONS) <= set(names)
    assert set(LAYER_MODES) <= set(names)


def test_every_tool_says_before_a_click_what_it_does() -> None:
    assert all(action.key or action.shown_key for action in ACTIONS)
    assert {action.name for action in ACTIONS if action.is_tool} == set(HINTS)
    assert all(tool.hint and tool.is_tool for tool in TOOLS.values())
    assert all(action.tip.endswith((".", "which.")) for action in ACTIONS)


def test_classes_are_told_with_their_values() -> None:
    assert describe_classes(("background", "nucleus")) == "Paint 0 background, 1 nucleus"
    assert describe_classes(()) == ""
    assert class_names_of(None) == class_names_of(ModelRecord()) == ()
    semantic = ModelRecord(task="semantic", outputs=("a", "b"), class_names=("a", "b"))
    assert class_names_of(semantic) == ("a", "b")


def score(n_images: int) -> Any:
    return SimpleNamespace(
        balanced_accuracy=0.876, n_examples=20, n_images=n_images, confusion=np.array([[9, 1], [2, 8], ])
    )  # fmt: skip


def test_a_score_is_told_beside_what_guessing_would_give() -> None:
    classifier: Any = SimpleNamespace(method="size and texture")
    told = score_sentence(classifier, score(1))
    assert "Right in 88 % of the examples that were held back" in told
    assert "(20 of 1 image; guessing would be right in 50 %). By size and texture." in told
    assert "20 of 3 images" in score_sentence(classifier, score(3))
    assert score_sentence(classifier, None).endswith("cannot be known yet: give more examples.")


def test_the_table_has_what_was_right_in_bold_and_names_as_text() -> None:
    table = confusion_html(("<a>", "b & c"), score(1))
    assert "&lt;a&gt;" in table
    assert "b &amp; c" in table
    assert "<a>" not in table
    rows = table.split("<tr>")[2:]
    assert ["<b>9</b>" in rows[0], ">1<" in rows[0], ">2<" in rows[1], "<b>8</b>" in rows[1]] == [True] * 4


@pytest.mark.parametrize(
    ("seen", "shape", "rows", "columns"),
    [
        (None, (100, 300), (34, 66), (134, 166)),
        ((slice(0, 40), slice(0, 20)), (100, 300), (4, 36), (0, 32)),
        ((slice(90, 100), slice(290, 300)), (100, 300), (68, 100), (268, 300)),
        (None, (21, 7), (0, 20), (0, 6)),
        (None, (3, 33, 40), (0, 32), (4, 36)),
    ],
)
def test_what_is_tried_is_of_even_size_in_the_middle_of_the_view_and_within_the_image(
    seen: Any, shape: tuple[int, ...], rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    assert middle_of(seen, shape, most=32) == (slice(*rows), slice(*columns))


def walk(labels: np.ndarray, axes: str, objects: list[tuple[int, int]], sure: list[float], marked: Any) -> list[Any]:
    """All places that the walk leads to."""
    work: Any = SimpleNamespace(labels=labels, axes=axes, marked=marked)
    probabilities = np.array([[one, 1 - one] for one in sure])
    found: Any = SimpleNamespace(probabilities=probabilities, features=SimpleNamespace(objects=np.array(objects)))
    steps, places = LeastSureWalk(), []
    while (place := steps.next_place(work, found)) is not None:
        places.append(place)
    steps.begin_again()
    assert steps.next_place(work, found) == (places[0] if places else None)
    return places


def test_the_least_sure_object_comes_first_and_each_once_without_those_that_have_a_class() -> None:
    labels = np.zeros((20, 30), np.int32)
    labels[2:5, 3:9], labels[10:12, 20:25], labels[15, 1] = 4, 7, 9
    objects, sure = [(0, 4), (0, 7), (0, 9), (0, 50)], [0.9, 0.55, 0.5, 0.6]
    assert walk(labels, "YX", objects, sure, MarkedObjects()) == [
        ((), (15, 16, 1, 2)), ((), (10, 12, 20, 25)), ((), (2, 5, 3, 9)),
    ]  # fmt: skip
    given = MarkedObjects().given(labels, (15, 1), 0, False)
    assert [box for _, box in walk(labels, "YX", objects, sure, given)] == [(10, 12, 20, 25), (2, 5, 3, 9)]


def test_an_object_in_3d_is_shown_in_its_middle_slice_and_one_of_a_film_in_its_frame() -> None:
    labels = np.zeros((6, 8, 8), np.int32)
    labels[1:6, 2:4, 2:4] = 3
    assert walk(labels, "ZYX", [(0, 3)], [0.6], MarkedObjects()) == [((3,), (2, 4, 2, 4))]
    assert walk(labels, "TYX", [(4, 3)], [0.6], MarkedObjects()) == [((4,), (2, 4, 2, 4))]


def state(**known: Any) -> ScreeningState:
    planes = [(z,) for z in range(5)]
    screening: Any = SimpleNamespace(planes=planes, sections=lambda plane: [] if plane == (0,) else [1])
    return ScreeningState(screening, basis_of(None), **known)


def test_what_is_near_the_user_is_looked_at_first_and_nothing_twice() -> None:
    to_measure, to_look = state(measured={(2,)}, looked={(3,)}).remaining((3,))
    assert to_measure == [(3,), (4,), (1,), (0,)]
    assert to_look == [(2,), (4,), (1,), (0,)]


def test_planes_without_objects_and_models_that_cannot_are_not_looked_at() -> None:
    everything = {(z,) for z in range(5)}
    assert state(measured=everything).remaining((0,)) == ([], [(1,), (2,), (3,), (4,)])
    assert state(failed="no memory").remaining((0,))[1] == []


def test_measures_belong_to_one_prediction_even_if_another_is_alike() -> None:
    prediction = np.zeros((3, 3))
    one: Any = SimpleNamespace(labels_layer="layer", prediction=prediction)
    other: Any = SimpleNamespace(labels_layer="layer", prediction=prediction.copy())
    assert basis_of(one) == basis_of(one)
    assert basis_of(one) != basis_of(other)


def test_of_an_object_each_slice_is_marked_and_of_a_film_its_own_frame_alone() -> None:
    labels = np.zeros((3, 30, 30), np.int32)
    labels[0:2, 10:14, 10:14] = 5
    planes = [(z,) for z in range(3)]
    sections = [measure_sections(labels[z], number=z) for z in range(3)]
    joined = type(sections[0]).join(sections)
    screening: Any = SimpleNamespace(joined=joined, planes=planes)
    table: Any = SimpleNamespace(ids=np.array([5]), frames=np.array([1]))
    for axes, expected in (("ZYX", [0, 1]), ("TYX", [1])):
        work: Any = SimpleNamespace(labels=labels, axes=axes)
        parts = parts_of(work, screening, table, 0, 4.0)
        assert [int(part[0][0]) for part in parts] == expected
        for z, rows, columns in parts:
            marked = np.zeros_like(labels, bool)
            marked[z, rows, columns] = True
            assert marked[int(z[0]), 10:14, 10:14].all(), "all of the object"
            assert 16 < marked.sum() < 900, "and some of its surroundings"
