"""What of a second look is taken: new objects of usual size that stand out from what is around them."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.segmentation.dim.adding import add_dim_objects

DIAMETER = 20.0


def _disc(shape: tuple[int, int], y: int, x: int, radius: float) -> np.ndarray:
    rows, columns = np.ogrid[: shape[0], : shape[1]]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def _scene(light: float = 0.1, noise: float = 0.01) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A bright disc that the first look found, and one of `light` that only the second did; noise all over."""
    first, again = (np.zeros((120, 160), np.int32) for _ in range(2))
    pixels = np.random.default_rng(0).normal(0.0625, noise, first.shape).astype(np.float32)
    for number, (x, value) in enumerate([(50, 1.0), (110, light)], start=3):
        disc = _disc(first.shape, 60, x, DIAMETER / 2)
        again[disc] = number
        pixels[disc] += value
        if value == 1.0:
            first[disc] = 7
    return first, again, pixels


def test_a_dim_object_that_stands_out_is_added_after_the_ids_of_the_first_look() -> None:
    first, again, pixels = _scene()
    joined = add_dim_objects(first, again, pixels, DIAMETER)
    assert np.array_equal(joined == 7, first == 7)
    assert np.array_equal(joined == 8, again == 4)
    assert set(np.unique(joined)) == {0, 7, 8}
    assert first.max() == 7  # the labels handed in stay as they are


@pytest.mark.parametrize(
    ("bright", "dim", "taken"), [(1, 1, False), (1, 2, True), (30, 2, True), (50, 2, False), (50, 3, True)]
)
def test_a_few_among_many_are_taken_only_if_they_are_asked_for(bright: int, dim: int, taken: bool) -> None:
    first, again = (np.zeros((400, 400), np.int32) for _ in range(2))
    pixels = np.random.default_rng(0).normal(0.0625, 0.01, first.shape).astype(np.float32)
    places = [(y, x) for y in range(25, 400, 50) for x in range(25, 400, 50)]
    for number, (y, x) in enumerate(places[: bright + dim], start=1):
        disc = _disc(first.shape, y, x, DIAMETER / 2)
        again[disc] = number
        pixels[disc] += 1.0 if number <= bright else 0.1
        first[disc] = number if number <= bright else 0
    assert int(add_dim_objects(first, again, pixels, DIAMETER).max()) == bright + dim
    assert int(add_dim_objects(first, again, pixels, DIAMETER, alone=False).max()) == bright + dim * taken


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_the_scale_of_grey_values_does_not_matter(scale: float) -> None:
    first, again, pixels = _scene()
    assert add_dim_objects(first, again, pixels * scale, DIAMETER).max() == 8


@pytest.mark.parametrize(
    ("light", "noise"),
    [
        (0.03, 0.01),  # three times the noise
        (-0.3, 0.01),  # darker than what is around it
        (0.0, 0.01),
        (0.0, 0.0),
    ],
)
def test_what_does_not_stand_out_from_the_noise_is_left(light: float, noise: float) -> None:
    first, again, pixels = _scene(light, noise)
    assert np.array_equal(add_dim_objects(first, again, pixels, DIAMETER), first)


@pytest.mark.parametrize(("light", "added"), [(0.5, True), (0.7, False)])
def test_what_is_nearly_as_bright_as_the_others_was_left_out_with_reason(light: float, added: bool) -> None:
    first, again, pixels = _scene(light)
    assert int(add_dim_objects(first, again, pixels, DIAMETER).max()) == (8 if added else 7)


def test_where_the_first_look_found_nothing_any_light_will_do() -> None:
    first, again, pixels = _scene(0.7)
    assert int(add_dim_objects(np.zeros_like(first), again, pixels, DIAMETER).max()) == 2


def test_what_is_no_brighter_than_uneven_surroundings_is_left() -> None:
    first, again, pixels = _scene(0.12)
    glow = np.zeros_like(pixels)
    glow[:, 90:110] = 0.4  # half of what is around the object glows more than it does
    assert np.array_equal(add_dim_objects(first, again, pixels + glow, DIAMETER), first)


def test_what_lies_beyond_the_ring_around_an_object_does_not_count() -> None:
    first, again, pixels = _scene()
    rows, columns = np.nonzero(again == 4)
    for y in (rows.min() - 4, rows.max() + 4):
        for x in (columns.min() - 4, columns.max() + 4):
            pixels[y - 1 : y + 2, x - 1 : x + 2] = 9.0  # the corners of the box, farther away than the ring
    assert add_dim_objects(first, again, pixels, DIAMETER).max() == 8


@pytest.mark.parametrize("radius", [4.0, 19.0])
def test_what_is_far_from_the_usual_size_is_left(radius: float) -> None:
    first, again, pixels = _scene()
    again[again == 4] = 0
    disc = _disc(first.shape, 60, 115, radius)
    again[disc] = 4
    pixels[disc] = 0.3
    assert np.array_equal(add_dim_objects(first, again, pixels, DIAMETER), first)


@pytest.mark.parametrize(("covered", "added"), [(2, True), (6, False)])
def test_where_the_first_look_has_spoken_it_stays(covered: int, added: bool) -> None:
    first, again, pixels = _scene()
    rows, columns = np.nonzero(again == 4)
    part = columns < columns.min() + covered
    first[rows[part], columns[part]] = 9
    joined = add_dim_objects(first, again, pixels, DIAMETER)
    assert int(joined.max()) == (10 if added else 9)
    assert np.array_equal(joined == 9, first == 9)


def test_an_object_at_the_edge_with_nothing_around_it_is_left() -> None:
    again = np.ones((18, 18), np.int32)
    first = np.zeros_like(again)
    assert np.array_equal(add_dim_objects(first, again, np.ones(again.shape, np.float32), DIAMETER), first)
