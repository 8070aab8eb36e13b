"""Stacks seen from the front and from the side, and the places that show which object is meant."""

from __future__ import annotations

import numpy as np
import pytest
from scenes import applied

from napari_unet.corrections.operations.brushing import brush
from napari_unet.corrections.operations.change import Change, change_in_box, join_changes
from napari_unet.corrections.operations.outlining import outline_places
from napari_unet.corrections.operations.turning import Turn


@pytest.mark.parametrize(("axis", "order"), [(-2, (1, 0, 2)), (-1, (2, 0, 1))])
@pytest.mark.parametrize("leading", [0, 1])
def test_the_axis_that_is_looked_along_comes_first_and_the_plane_has_z_as_rows(
    axis: int, order: tuple[int, ...], leading: int
) -> None:
    shape = (9, 3, 4, 5)[1 - leading :]
    labels = np.arange(np.prod(shape)).reshape(shape)
    turn = Turn.across(axis, labels.ndim)
    turned = turn.labels(labels)
    assert turned.shape == (*shape[:leading], *(shape[leading + at] for at in order))
    assert np.shares_memory(turned, labels)
    place = (*(0,) * leading, 2, 3, 1)
    assert turned[turn.place(place)] == labels[place]


@pytest.mark.parametrize("axis", [-2, -1])
def test_a_change_of_turned_labels_is_one_of_the_labels(axis: int) -> None:
    labels = np.zeros((2, 4, 6, 7), np.int32)
    turn = Turn.across(axis, 4)
    turned = turn.labels(labels)
    change = turn.turn_back(brush(turned, turn.place((1, 1, 3, 3)), turn.place((1, 2, 3, 3)), 8, 1))
    found = applied(labels, change)
    assert np.argwhere(found == 8).tolist() == [[1, 1, 3, 3], [1, 2, 3, 3]]


def test_a_ring_has_its_border_pixels_inside_and_out() -> None:
    labels = np.zeros((3, 20, 20), np.int32)
    labels[1, 4:11, 5:12], labels[1, 7, 8], labels[1, 4:11, 12:15] = 6, 0, 9
    found = outline_places(labels, 6, {(1,): (4, 11, 5, 12)}, 1000)
    expected = {(1, row, column) for row in range(4, 11) for column in (5, 11)}
    expected |= {(1, row, column) for row in (4, 10) for column in range(5, 12)}
    expected |= {(1, 6, 8), (1, 8, 8), (1, 7, 7), (1, 7, 9)}
    assert len(found) == len(set(found))
    assert set(found) == expected


def test_few_places_lie_all_around_in_each_plane() -> None:
    labels = np.zeros((4, 40, 40), np.int32)
    rows, columns = np.indices((40, 40))
    labels[1:3, np.hypot(rows - 20, columns - 20) < 15] = 3
    pieces = {(1,): (5, 35, 5, 35), (2,): (5, 35, 5, 35)}
    found = np.array(outline_places(labels, 3, pieces, 8))
    assert np.bincount(found[:, 0]).tolist() == [0, 8, 8]
    angles = np.sort(np.arctan2(found[:8, 1] - 20, found[:8, 2] - 20))
    assert np.diff(angles).max() < np.pi / 2
    assert (np.hypot(found[:, 1] - 20, found[:, 2] - 20) > 13).all()


@pytest.mark.parametrize("most", [1, 3])
def test_an_object_of_a_pixel_at_the_edge_is_that_pixel_and_one_that_is_not_there_nothing(most: int) -> None:
    plane = np.zeros((5, 6), np.uint8)
    plane[0, 5] = 200
    assert outline_places(plane, 200, {(): (0, 1, 5, 6)}, most) == [(0, 5)]
    assert outline_places(plane, 3, {(): (0, 1, 5, 6)}, most) == []


def test_of_changes_of_one_pixel_the_later_wins_and_none_is_none() -> None:
    labels = np.zeros((4, 5), np.uint16)
    box = (slice(1, 3), slice(1, 4))
    first, second = np.full((2, 3), 4), np.array([[0, 9, 0], [0, 0, 0]])
    joined = join_changes(labels, [change_in_box(labels, box, first), change_in_box(labels, box, second)])
    found = applied(labels, joined)
    assert found[1:3, 1:4].tolist() == [[4, 9, 4], [4, 4, 4]]
    assert (found.sum(), found.dtype, len(joined)) == (29, np.uint16, 6)
    nothing = join_changes(labels, [])
    assert (len(nothing), nothing.planes, len(nothing.index)) == (0, set(), 2)


def test_locked_ids_are_neither_changed_nor_painted() -> None:
    labels = np.array([[0, 4, 5, 6]], np.int32)
    change = change_in_box(labels, (slice(0, 1), slice(0, 4)), np.array([[5, 0, 0, 7]]))
    assert applied(labels, change.sparing({5})).tolist() == [[0, 0, 5, 7]]
    assert applied(labels, change.sparing({4, 7})).tolist() == [[5, 4, 0, 6]]
    assert change.sparing(set()) is change
    assert change.sparing({99}) is change
    assert isinstance(change.sparing({4, 5, 6}), Change)
