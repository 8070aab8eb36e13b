"""A pixel belongs to a polygon if its middle does: which pixels those are, whatever the polygon."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.path import Path as Polygon

from napari_unet.results.exports.filling import fill_outlines

SQUARE = [[1, 1], [4, 1], [4, 3], [1, 3]]


def filled(*shapes: tuple[int, list[Any]], size: tuple[int, int] = (6, 8)) -> tuple[np.ndarray, int]:
    plane = np.zeros(size, np.int32)
    over = fill_outlines([(label, [np.array(ring, float) for ring in rings]) for label, rings in shapes], plane)
    return plane, over


@pytest.mark.parametrize(
    ("left", "right", "columns"),
    [
        (1, 4, (1, 4)),
        (1.49, 3.51, (1, 4)),  # the middles of pixels 1 and 3 are inside
        (1.5, 3.5, (1, 3)),  # on the left edge is inside, on the right one is not: neighbours share no pixel
        (1.51, 3.49, (2, 3)),
        (1.6, 2.4, (0, 0)),  # between two middles
        (-5, 2, (0, 2)),
        (6, 99, (6, 8)),
        (-9, -1, (0, 0)),
        (8, 12, (0, 0)),
    ],
)
def test_the_middle_of_a_pixel_decides_along_both_axes(left: float, right: float, columns: tuple[int, int]) -> None:
    wide, _ = filled((7, [[[left, 1], [right, 1], [right, 3], [left, 3]]]), size=(8, 8))
    expected = np.zeros((8, 8), np.int32)
    expected[1:3, slice(*columns)] = 7
    np.testing.assert_array_equal(wide, expected)
    tall, _ = filled((7, [[[1, left], [3, left], [3, right], [1, right]]]), size=(8, 8))
    np.testing.assert_array_equal(tall, expected.T)


@pytest.mark.parametrize("turn", [1, -1])
@pytest.mark.parametrize("closed", [False, True])
def test_neither_the_way_round_nor_a_repeated_first_corner_matters(turn: int, closed: bool) -> None:
    ring = SQUARE[::turn]
    found, over = filled((4, [[*ring, ring[0]] if closed else ring]))
    assert found.sum() == 4 * 6
    assert over == 0


@pytest.mark.parametrize("rings", [[], [[]], [[[2, 2]]], [[[1, 1], [4, 4]]], [[[1, 2], [5, 2], [3, 2]]]])
def test_what_has_no_area_paints_nothing(rings: list[Any]) -> None:
    found, over = filled((5, rings))
    assert (found.any(), over) == (False, 0)


def test_a_ring_in_a_ring_is_a_hole_and_a_ring_in_that_is_not() -> None:
    rings = [[[0, 0], [8, 0], [8, 6], [0, 6]], [[1, 1], [7, 1], [7, 5], [1, 5]], [[3, 2], [5, 2], [5, 4], [3, 4]]]
    found, _ = filled((2, rings))
    assert np.count_nonzero(found) == 48 - 24 + 4
    assert found[2:4, 3:5].all()
    assert not found[1, 1:7].any()


def test_a_bow_tie_is_two_triangles() -> None:
    found, _ = filled((1, [[[0, 0], [6, 6], [6, 0], [0, 6]]]), size=(6, 6))
    rows, columns = np.indices((6, 6))
    crossed = ((columns > rows) & (columns + rows >= 5)) | ((columns < rows) & (columns + rows < 5))
    inner = (rows == columns) | (rows + columns == 5)  # middles on the diagonals may go to either side
    np.testing.assert_array_equal(found[~inner] > 0, crossed[~inner])


def test_later_objects_win_and_pixels_that_changed_hands_are_counted_once_each() -> None:
    found, over = filled((3, [SQUARE]), (9, [[[3, 1], [6, 1], [6, 3], [3, 3]]]))
    assert np.bincount(found.ravel()).tolist() == [48 - 10, 0, 0, 4, 0, 0, 0, 0, 0, 6]
    assert over == 2


def test_pixels_of_the_plane_count_as_painted_over_only_if_they_had_another_id() -> None:
    plane = np.zeros((4, 4), np.int32)
    plane[1, 1], plane[1, 2] = 5, 8
    assert fill_outlines([(5, [np.array([[0, 0], [4, 0], [4, 4], [0, 4]])])], plane) == 1
    assert (plane == 5).all()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300, 2.0**31])
def test_corners_that_are_no_places_are_refused(bad: float) -> None:
    """Of one that is not a number the run of pixels would be longer than any memory."""
    for corner in ([bad, 2], [2, bad]):
        with pytest.raises(ValueError, match="outside of any image"):
            filled((1, [[[1, 1], [4, 1], corner]]))


corners = st.tuples(st.integers(-6, 30), st.integers(-6, 30))


@given(st.lists(corners, min_size=3, max_size=7), st.integers(1, 2**31 - 1))
def test_any_triangle_fan_has_the_pixels_whose_middles_it_encloses(points: list[tuple[int, int]], label: int) -> None:
    """Corners are at odd thirds, so that no middle lies on an edge; star-shaped, so that no edges cross."""
    array = np.unique(np.array(points, float), axis=0) / 3 + 0.1
    array -= array.mean(axis=0)
    angles = np.arctan2(array[:, 1], array[:, 0])
    order = np.argsort(angles, kind="stable")
    if len(array) < 3 or np.diff(np.sort(angles)).min() < 1e-3 or np.diff(np.sort(angles)).max() > 3:
        return
    ring = array[order] + (4.03, 4.07)
    plane, _ = filled((label, [ring.tolist()]), size=(9, 9))
    middles = np.stack(np.meshgrid(np.arange(9) + 0.5, np.arange(9) + 0.5), axis=-1).reshape(-1, 2)
    surely = Polygon(ring).contains_points(middles, radius=-1e-6) & Polygon(ring).contains_points(middles, radius=1e-6)
    perhaps = Polygon(ring).contains_points(middles, radius=-1e-6) | Polygon(ring).contains_points(middles, radius=1e-6)
    inside = plane.reshape(-1) == label
    assert not (surely & ~inside).any()
    assert not (inside & ~perhaps).any()
