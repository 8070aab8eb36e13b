"""Objects that vanish between slices or frames."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.labels.stacks.continuity import BROKEN_LINK, COMES_OR_GOES, measure_breaks, neighbour_axis


def breaks(labels: np.ndarray, axes: str, plane: tuple[int, ...], border: bool = False) -> dict[int, float]:
    objects, area = np.unique(labels[plane][labels[plane] > 0], return_counts=True)
    found = measure_breaks(
        labels, axes, plane, objects.astype(np.int64), area.astype(float), np.full(objects.size, border)
    )
    return dict(zip(objects.tolist(), found.tolist(), strict=True))


def stack_of(*ids: int) -> np.ndarray:
    """A square of ten by ten in each plane, with the id given; and another one that is always there."""
    labels = np.zeros((len(ids), 30, 40), np.int32)
    labels[:, 1:5, 1:5] = 50
    for z, one in enumerate(ids):
        labels[z, 10:20, 10:20] = one
    return labels


@pytest.mark.parametrize(("axes", "axis"), [("YX", None), ("ZYX", 0), ("TYX", 0), ("TZYX", 1)])
def test_objects_go_on_through_slices_and_else_through_frames(axes: str, axis: int | None) -> None:
    assert neighbour_axis(axes) == axis


def test_a_single_image_has_no_neighbours() -> None:
    assert breaks(stack_of(1)[0], "YX", ()) == {1: 0.0, 50: 0.0}


@pytest.mark.parametrize(
    ("ids", "plane", "value"),
    [
        ((1, 1, 1), 1, 0.0),
        ((0, 1, 0), 1, 1.0),  # in this slice only
        ((1, 0, 1), 0, 1.0),  # away for one slice
        ((1, 2, 2), 0, BROKEN_LINK),  # goes on under another id
        ((1, 1, 0), 1, 0.0),  # a stack ends somewhere
        ((1, 0, 0), 0, 1.0),  # the first slice, alone
    ],
)
def test_slices(ids: tuple[int, ...], plane: int, value: float) -> None:
    assert breaks(stack_of(*ids), "ZYX", (plane,))[1] == value


@pytest.mark.parametrize(
    ("ids", "border", "value"), [((1, 2, 3), False, 0.0), ((1, 1, 0), False, COMES_OR_GOES), ((1, 1, 0), True, 0.0)]
)
def test_frames_may_have_other_ids_but_cells_do_not_just_go(ids: tuple[int, ...], border: bool, value: float) -> None:
    labels = stack_of(*ids)
    assert breaks(labels, "TYX", (1,), border)[int(labels[1, 15, 15])] == value


@pytest.mark.parametrize(("columns", "value"), [(3, 0.0), (2, 1.0)])
def test_three_tenths_of_an_object_are_enough_to_be_the_same(columns: int, value: float) -> None:
    labels = stack_of(1, 0)
    labels[1, 10:20, 10 : 10 + columns] = 1
    assert breaks(labels, "ZYX", (0,))[1] == value


def test_planes_that_were_not_segmented_say_nothing() -> None:
    labels = stack_of(1, 1, 1)
    labels[0], labels[2] = 0, 0
    assert breaks(labels, "ZYX", (1,)) == {1: 0.0, 50: 0.0}


def test_of_several_in_its_place_the_one_that_covers_most_is_the_partner() -> None:
    labels = stack_of(1, 0)
    labels[1, 10:20, 10:14], labels[1, 10:20, 14:20] = 2, 1
    assert breaks(labels, "ZYX", (0,))[1] == 0.0
    labels[1, 10:20, 10:14], labels[1, 10:20, 14:20] = 1, 2
    assert breaks(labels, "ZYX", (0,))[1] == BROKEN_LINK


def test_a_region_shows_other_objects_which_are_not_asked_for() -> None:
    labels = stack_of(1, 2)
    region = (slice(5, 30), slice(5, 40))
    found = measure_breaks(labels, "ZYX", (0,), np.array([1]), np.array([100.0]), np.array([False]), region)
    assert found.tolist() == [BROKEN_LINK]
    found = measure_breaks(labels, "ZYX", (0,), np.array([50]), np.array([16.0]), np.array([False]))
    assert found.tolist() == [0.0]
