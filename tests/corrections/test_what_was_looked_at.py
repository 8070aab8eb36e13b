"""What a person has looked at who accepts an object, or paints a class: these pixels, and no others."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.corrections.accepting import accepted_background, accepted_pixels
from napari_unet.corrections.painted import PaintedPixels


def mask_of(found: tuple[np.ndarray, np.ndarray], shape: tuple[int, int]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[found] = True
    return mask


def scene() -> np.ndarray:
    plane = np.zeros((30, 40), np.int32)
    plane[10:16, 10:16], plane[10:16, 17:22] = 70_000, 3
    return plane


@pytest.mark.parametrize(("diameter", "margin", "reach"), [(10, 0.3, 3), (10, 0.5, 5), (2, 0.5, 2), (0, 0.5, 2)])
def test_an_accepted_object_brings_the_background_around_it_and_not_its_neighbours(
    diameter: float, margin: float, reach: float
) -> None:
    plane = scene()
    found = mask_of(accepted_pixels(plane, 70_000, (12, 13, 12, 13), diameter, margin), plane.shape)
    rows, columns = np.indices(plane.shape)
    away = np.hypot(rows - np.clip(rows, 10, 15), columns - np.clip(columns, 10, 15))
    np.testing.assert_array_equal(found, (away <= reach) & (plane != 3))


@pytest.mark.parametrize("corner", [(0, 0), (24, 34)])
def test_at_the_border_there_is_no_more_than_the_image(corner: tuple[int, int]) -> None:
    plane = np.zeros((30, 40), np.int32)
    top, left = corner
    plane[top : top + 6, left : left + 6] = 2
    found = mask_of(accepted_pixels(plane, 2, (top, top + 6, left, left + 6), 8, 0.25), plane.shape)
    rows, columns = np.indices(plane.shape)
    away = np.hypot(rows - np.clip(rows, top, top + 5), columns - np.clip(columns, left, left + 5))
    np.testing.assert_array_equal(found, away <= 2)


def test_an_object_that_is_not_there_brings_nothing() -> None:
    rows, columns = accepted_pixels(scene(), 9, (0, 5, 0, 5), 10)
    assert rows.size == columns.size == 0


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((12, 14, 16, 17), (slice(10, 16), slice(14, 19))),
        ((0, 1, 0, 1), (slice(0, 3), slice(0, 3))),
        ((29, 30, 39, 40), (slice(27, 30), slice(37, 40))),
    ],
)
def test_an_accepted_place_is_the_background_in_it_and_a_little_around(
    box: tuple[int, int, int, int], expected: tuple[slice, slice]
) -> None:
    plane = scene()
    wanted = np.zeros(plane.shape, bool)
    wanted[expected] = plane[expected] == 0
    np.testing.assert_array_equal(mask_of(accepted_background(plane, box), plane.shape), wanted)


def test_of_painted_classes_only_the_painted_pixels_count_and_come_back_when_undone() -> None:
    prediction = np.ones((8, 9), np.uint8)
    labels = prediction.copy()
    painted = PaintedPixels()
    target = np.zeros(labels.shape, bool)
    painted.paint(target, (slice(0, 8), slice(0, 9)))
    assert not target.any()
    assert list(painted.update(prediction, labels)) == [None]
    labels[2:4, 3:7] = 2
    assert list(painted.update(prediction, labels)) == [(slice(2, 4), slice(3, 7))]
    labels[3, 5], labels[6, 1] = 1, 0  # one is as it was, another is new
    assert list(painted.update(prediction, labels)) == [(slice(3, 7), slice(1, 6))]
    painted.paint(target, (slice(0, 8), slice(0, 6)))
    expected = labels != prediction
    expected[:, 6:] = False
    np.testing.assert_array_equal(target, expected)


def test_painting_adds_to_what_was_marked_before() -> None:
    painted = PaintedPixels()
    list(painted.update(np.zeros((3, 3), int), np.eye(3, dtype=int)))
    target = np.zeros((3, 3), bool)
    target[0, 2] = target[2, 0] = True
    painted.paint(target, (slice(0, 2), slice(0, 3)))
    assert np.argwhere(target).tolist() == [[0, 0], [0, 2], [1, 1], [2, 0]]
