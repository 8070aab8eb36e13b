"""What a brush covers: discs and balls, ways between places, pixels that are not square, edges of the stack."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenes import applied

from napari_unet.corrections.operations.brushing import brush


def drawn(start: tuple[int, ...], end: tuple[int, ...] | None = None, **how: object) -> np.ndarray:
    labels = np.zeros((5, 12, 14), np.uint8)
    return applied(labels, brush(labels, start, end or start, 7, **how)) == 7


@pytest.mark.parametrize("diameter", [0.0, 0.5, 1.0, 1.9])
def test_the_pixel_that_the_brush_is_on_is_covered_at_least(diameter: float) -> None:
    assert np.argwhere(drawn((2, 5, 6), diameter=diameter)).tolist() == [[2, 5, 6]]


@pytest.mark.parametrize(("diameter", "pixels"), [(2, 5), (3, 9), (4, 13), (4.5, 21)])
def test_a_disc_lies_in_its_plane_and_holds_the_pixels_within_its_radius(diameter: float, pixels: int) -> None:
    found = drawn((2, 5, 6), diameter=diameter)
    rows, columns = np.indices((12, 14))
    np.testing.assert_array_equal(found[2], np.hypot(rows - 5, columns - 6) <= diameter / 2)
    assert found.sum() == found[2].sum() == pixels


def test_a_ball_reaches_into_the_planes_beside_as_far_as_they_are_thick() -> None:
    found = drawn((2, 5, 6), diameter=4, ball=True)
    z, y, x = np.indices(found.shape)
    np.testing.assert_array_equal(found, np.sqrt((z - 2) ** 2 + (y - 5) ** 2 + (x - 6) ** 2) <= 2)
    thick = drawn((2, 5, 6), diameter=4, ball=True, spacing=(2.0, 1.0, 1.0))
    assert thick.sum(axis=(1, 2)).tolist() == [0, 1, 13, 1, 0]
    assert drawn((2, 5, 6), diameter=4, ball=True, spacing=(5.0, 1.0, 1.0)).any(axis=(1, 2)).tolist() == [
        False, False, True, False, False,
    ]  # fmt: skip


def test_the_brush_is_round_in_units_not_in_pixels() -> None:
    found = drawn((2, 5, 6), diameter=4, spacing=(1.0, 2.0, 0.5))[2]
    rows, columns = np.indices((12, 14))
    np.testing.assert_array_equal(found, np.hypot(2 * (rows - 5), 0.5 * (columns - 6)) <= 2)


def test_a_way_is_covered_from_end_to_end_and_backwards_alike() -> None:
    found = drawn((1, 2, 2), (1, 2, 9), diameter=2)[1]
    expected = np.zeros((12, 14), bool)
    expected[2, 1:11] = expected[1, 2:10] = expected[3, 2:10] = True
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(drawn((1, 2, 9), (1, 2, 2), diameter=2)[1], expected)


def test_a_way_across_planes_covers_each_that_it_goes_through() -> None:
    """As strokes do in a stack that is seen from the side."""
    found = drawn((0, 5, 6), (4, 5, 6), diameter=1, ball=True, spacing=(3.0, 1.0, 1.0))
    assert np.argwhere(found).tolist() == [[z, 5, 6] for z in range(5)]


def test_only_what_is_to_be_covered_changes_and_what_has_the_value_is_no_change() -> None:
    labels = np.zeros((3, 9, 9), np.int32)
    labels[1, 4, 3:6] = 4, 7, 9
    found = applied(labels, brush(labels, (1, 4, 4), (1, 4, 4), 7, 4, over=[0, 9]))
    assert found[1, 4, 2:7].tolist() == [7, 4, 7, 7, 7]
    change = brush(labels, (1, 4, 4), (1, 4, 4), 7, 1)
    assert len(change) == 0
    assert len(brush(labels, (1, 4, 4), (1, 4, 4), 0, 2, over=[4, 7, 9])) == 3


@pytest.mark.parametrize("frame", [0, 1])
def test_only_the_frame_of_the_stroke_changes(frame: int) -> None:
    labels = np.zeros((2, 3, 6, 6), np.int32)
    found = applied(labels, brush(labels, (frame, 2, 3, 3), (frame, 2, 3, 4), 5, 1))
    assert np.argwhere(found).tolist() == [[frame, 2, 3, 3], [frame, 2, 3, 4]]


places = st.tuples(st.integers(0, 4), st.integers(0, 11), st.integers(0, 13))


@given(places, places, st.floats(0, 9), st.booleans())
def test_anywhere_in_the_stack_both_ends_are_covered_and_nothing_is_far_from_the_way(
    start: tuple[int, int, int], end: tuple[int, int, int], diameter: float, ball: bool
) -> None:
    if not ball:
        end = (start[0], *end[1:])
    labels = np.zeros((5, 12, 14), np.int32)
    change = brush(labels, start, end, 3, diameter, ball=ball)
    found = applied(labels, change) == 3
    assert found[start]
    assert found[end]
    covered = np.argwhere(found)
    steps = np.linspace(start, end, 200)
    away = np.sqrt(((covered[:, None] - steps[None]) ** 2).sum(axis=-1)).min(axis=1)
    assert (away <= max(diameter / 2, np.sqrt(3) / 2) + 0.1).all()
    assert ball or (covered[:, 0] == start[0]).all()
