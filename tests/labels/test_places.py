"""Classes, masks and grey images that are given for labels are told from labels."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.errors import UserError
from napari_unet.labels.places import check_no_greys, check_single_objects, count_parts, tell_scattered


def squares(*values: int, side: int = 3) -> np.ndarray:
    """A square of the side given for each of `values`, apart from each other."""
    plane = np.zeros((side + 2, (side + 2) * len(values)), np.int32)
    for number, value in enumerate(values):
        left = number * (side + 2) + 1
        plane[1 : side + 1, left : left + side] = value
    return plane


def test_parts_that_meet_at_a_corner_are_one() -> None:
    plane = np.zeros((8, 8), np.int32)
    plane[1:4, 1:4], plane[4:7, 4:7] = 1, 1
    assert count_parts(plane) == {1: 1}


@pytest.mark.parametrize(("side", "parts"), [(3, 2), (2, 1)])
def test_a_part_is_of_nine_pixels_at_least_and_every_value_has_one(side: int, parts: int) -> None:
    assert count_parts(squares(5, 5, side=side)) == {5: parts}


def test_an_id_in_three_places_is_nothing_to_tell_and_in_four_it_is() -> None:
    alone = [*range(10, 20)]
    assert check_single_objects([squares(1, 1, 1, *alone)], "a") == {}
    assert check_single_objects([squares(1, 1, 1, 1, *alone)], "a") == {1: 4}


def test_the_most_places_of_any_plane_are_told_and_the_worst_id_first() -> None:
    alone = [*range(10, 40)]
    planes = [squares(*[1] * 4, *alone), squares(*[1] * 6, *[2] * 8, *alone), squares(*[1] * 5, *alone)]
    scattered = check_single_objects(planes, "a")
    assert scattered == {1: 6, 2: 8}
    told = tell_scattered("cells.tif", scattered)
    assert told.startswith("2 ids lie in separate places of “cells.tif” (id 2 in 8")
    assert "give each an id of its own" in told
    assert tell_scattered("a", {3: 4}).startswith("An id lies in separate places")


@pytest.mark.parametrize(("n", "refused"), [(3, False), (4, True)])
def test_values_are_classes_from_four_places_each_on_average(n: int, refused: bool) -> None:
    plane = squares(*[1, 2] * n)
    if not refused:
        assert check_single_objects([plane], "a") == {}
        return
    with pytest.raises(UserError, match="painted in 4 separate places, so the labels seem to be classes") as told:
        check_single_objects([plane], "a")
    assert "Make a model for classes" in str(told.value)
    assert "give each object a value of its own" in str(told.value)


def test_a_mask_is_told_with_the_value_that_the_user_knows() -> None:
    with pytest.raises(UserError, match=r"a\.tif: the value 255 is painted in 5 .* mask and not labels") as told:
        check_single_objects([squares(*[1] * 5)], "a.tif", np.array([0, 255]))
    assert "skimage.measure.label" in str(told.value)


def test_more_values_than_anybody_would_paint_are_ids_however_many_parts_they_have() -> None:
    plane = np.concatenate([squares(*range(1, 34))] * 4)
    assert len(check_single_objects([plane], "a")) == 33
    with pytest.raises(UserError, match="classes"):
        check_single_objects([np.where(plane > 32, 0, plane)], "a")


def test_grey_values_are_no_labels() -> None:
    grey = np.random.default_rng(0).integers(0, 200, (20, 30)).astype(np.uint16)
    with pytest.raises(UserError, match="grey image and not labels: give the image that has one value an object"):
        check_no_greys(grey, "a.tif")


def test_fine_classes_large_objects_masks_and_single_pixels_are_no_greys() -> None:
    noise = np.random.default_rng(0).integers(0, 33, (20, 30))
    check_no_greys(noise, "classes up to 32")
    check_no_greys(noise > 3, "a mask")
    check_no_greys(np.repeat(np.repeat(noise * 10, 4, 0), 4, 1), "objects of 4 by 4 pixels")
    lonely = np.zeros((40, 40), np.int32)
    lonely[::2, ::2] = np.arange(400).reshape(20, 20)
    check_no_greys(lonely, "objects of a pixel")
    with pytest.raises(UserError):
        check_no_greys(noise * 2, "values up to 64")
