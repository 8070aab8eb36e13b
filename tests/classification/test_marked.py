"""Classes that a person has in mind, and examples that are known by a place and not by an id."""

from __future__ import annotations

import json

import numpy as np
import pytest

from napari_unet.classification.marked import COLORS, MOST_CLASSES, MarkedObjects
from napari_unet.errors import UserError
from napari_unet.results.exports.object_classes import ObjectClass, ObjectClasses


def plane() -> np.ndarray:
    labels = np.zeros((10, 12), np.int32)
    labels[1:4, 1:4], labels[5:9, 6:10] = 3, 8
    return labels


def test_classes_are_added_up_to_nine_each_with_a_name_and_colour_of_its_own() -> None:
    marked = MarkedObjects()
    for _ in range(MOST_CLASSES - 2):
        marked = marked.with_class()
    assert marked.names == tuple(f"class {n}" for n in range(1, 10))
    assert set(marked.colors) == set(COLORS)
    with pytest.raises(UserError, match="9 classes already, and no key for more"):
        marked.with_class()


def test_a_new_class_takes_the_first_name_and_colour_that_nobody_has() -> None:
    marked = MarkedObjects().renamed(0, "dead").recolored(1, COLORS[2]).with_class()
    assert marked.names == ("dead", "class 2", "class 1")
    assert marked.colors == (COLORS[0], COLORS[2], COLORS[1])


def test_a_class_goes_with_its_examples_and_the_others_keep_theirs() -> None:
    marked = MarkedObjects(("a", "b", "c"), ("#1", "#2", "#3"), (((1, 1), 0), ((2, 2), 1), ((3, 3), 2)))
    left = marked.without_class(1)
    assert (left.names, left.colors, left.places) == (("a", "c"), ("#1", "#3"), (((1, 1), 0), ((3, 3), 1)))
    with pytest.raises(UserError, match="Two classes are the least: rename one instead"):
        left.without_class(0)


@pytest.mark.parametrize("name", ["", "  ", "Class 2", "class  2"])
def test_a_class_needs_a_name_of_its_own_but_may_keep_its_own(name: str) -> None:
    with pytest.raises(UserError, match="Every class needs a name of its own"):
        MarkedObjects().renamed(0, name)
    assert MarkedObjects().renamed(1, " CLASS  2 ").names == ("class 1", "CLASS 2")


def test_an_object_has_the_class_that_was_given_last_wherever_it_was_clicked() -> None:
    labels = plane()
    marked = MarkedObjects().given(labels, (1, 1), 0, False).given(labels, (6, 7), 1, False)
    assert marked.examples(labels, False) == {(0, 3): 0, (0, 8): 1}
    marked = marked.given(labels, (3, 3), 1, False)
    assert marked.examples(labels, False) == {(0, 3): 1, (0, 8): 1}
    assert len(marked.places) == 2
    assert marked.given(labels, (2, 2), None, False).examples(labels, False) == {(0, 8): 1}


def test_examples_follow_places_through_new_ids_and_say_nothing_where_no_object_is() -> None:
    labels = plane()
    marked = MarkedObjects().given(labels, (1, 1), 0, False).given(labels, (6, 7), 1, False)
    labels[labels == 3] = 40
    labels[labels == 8] = 0
    assert marked.examples(labels, False) == {(0, 40): 0}
    assert marked.examples(labels[:1, :1], False) == {}, "places beyond the image"
    assert marked.examples(np.stack([labels] * 2), True) == {}, "places of another image"


def test_frames_have_objects_of_their_own() -> None:
    movie = np.stack([plane(), plane()])
    marked = MarkedObjects().given(movie, (0, 1, 1), 0, True).given(movie, (1, 1, 1), 1, True)
    assert marked.examples(movie, True) == {(0, 3): 0, (1, 3): 1}
    stack = MarkedObjects().given(movie, (0, 1, 1), 0, False).given(movie, (1, 1, 1), 1, False)
    assert stack.examples(movie, False) == {(0, 3): 1}, "of a z-stack it is one object"


def test_what_is_kept_in_a_project_comes_back() -> None:
    marked = MarkedObjects().given(plane(), (1, 1), 0, False).renamed(1, "größer")
    assert MarkedObjects.from_dict(json.loads(json.dumps(marked.to_dict()))) == marked


def test_classes_of_a_file_get_colours_and_a_second_class() -> None:
    found = ObjectClasses({(0, 8): ObjectClass("live"), (0, 99): ObjectClass("live")}, {"live": "#123456"})
    marked = MarkedObjects.of_classes(found, plane(), False)
    assert marked.names == ("live", "class 1")
    assert marked.colors == ("#123456", COLORS[1])
    assert marked.examples(plane(), False) == {(0, 8): 0}
    with pytest.raises(UserError, match="the ids must be theirs"):
        MarkedObjects.of_classes(ObjectClasses({(0, 99): ObjectClass("live")}), plane(), False)
    many = ObjectClasses({(0, 8 + n): ObjectClass(f"c{n}") for n in range(10)})
    with pytest.raises(UserError, match="10 classes, and keys for 9: join some"):
        MarkedObjects.of_classes(many, plane(), False)


def test_an_object_with_a_hole_in_its_middle_is_known_by_a_pixel_of_its_own() -> None:
    ring = np.ones((7, 7), np.int32)
    ring[1:6, 1:6] = 0
    marked = MarkedObjects.of_classes(ObjectClasses({(0, 1): ObjectClass("ring")}), ring, False)
    ((place, _),) = marked.places
    assert ring[place] == 1
