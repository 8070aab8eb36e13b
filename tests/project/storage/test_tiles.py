"""Tiles and what changes in them, on arrays of any shape."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.project.storage.tiles import (
    TileKey,
    all_tiles,
    apply_changes,
    change_indices,
    find_changes,
    pack_change,
    pack_tile,
    scan,
    tile_of,
    tiles_in_box,
    unpack_change,
    unpack_tile,
)

SHAPES = st.sampled_from([(10, 12), (256, 256), (257, 300), (2, 3, 40, 300), (3, 600, 20)])
DTYPES = st.sampled_from(["u1", "i4", "u2", "i8"])


@st.composite
def pairs(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays of one shape that differ in some boxes and pixels."""
    shape, dtype = draw(SHAPES), np.dtype(draw(DTYPES))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    before = rng.integers(0, 100, shape).astype(dtype)
    after = before.copy()
    for _ in range(draw(st.integers(0, 4))):
        box = tuple(slice(low := int(rng.integers(size)), int(rng.integers(low, size)) + 1) for size in shape)
        after[box] = rng.integers(0, 100)
    return before, after


@given(pairs())
def test_changes_lead_there_and_back_and_survive_being_packed(pair: tuple[np.ndarray, np.ndarray]) -> None:
    before, after = pair
    changes = find_changes(before, after, all_tiles(before.shape))
    packed = [unpack_change(change.key, pack_change(change), before.dtype) for change in changes]
    walked = before.copy()
    apply_changes(walked, packed)
    np.testing.assert_array_equal(walked, after)
    apply_changes(walked, [change.reversed() for change in packed])
    np.testing.assert_array_equal(walked, before)
    for change in packed:
        index = change_indices(change, before.shape)
        np.testing.assert_array_equal(before[index], change.before)
        np.testing.assert_array_equal(after[index], change.after)


@given(pairs())
def test_a_scan_finds_just_the_tiles_that_differ(pair: tuple[np.ndarray, np.ndarray]) -> None:
    before, after = pair
    found = {key for keys in scan(before, after) for key in keys}
    assert found == {change.key for change in find_changes(before, after, all_tiles(before.shape))}


@given(SHAPES, st.data())
def test_the_tiles_of_a_box_are_those_that_cover_it(shape: tuple[int, ...], data: st.DataObject) -> None:
    box = []
    for size in shape:
        first = data.draw(st.integers(0, size - 1))
        box.append(slice(first, data.draw(st.integers(first + 1, size))))
    marked = np.zeros(shape, bool)
    marked[tuple(box)] = True
    expected = {key for key in all_tiles(shape) if tile_of(marked, key).any()}
    assert set(tiles_in_box(shape, tuple(box))) == expected


def test_a_tile_at_the_border_keeps_its_shape() -> None:
    array = np.arange(300 * 400, dtype=np.int32).reshape(300, 400)
    tile = tile_of(array, TileKey(0, 1, 1))
    assert tile.shape == (44, 144)
    np.testing.assert_array_equal(unpack_tile(pack_tile(tile), array.dtype, (44, 144)), tile)


def test_damaged_bytes_are_noticed() -> None:
    array = np.ones((20, 20), np.int32)
    (change,) = find_changes(np.zeros_like(array), array, all_tiles(array.shape))
    with pytest.raises(ValueError, match=r"."):
        unpack_change(change.key, pack_change(change)[:-3], array.dtype)
    with pytest.raises(ValueError, match=r"."):
        unpack_tile(b"nonsense", array.dtype, (20, 20))


def test_what_a_stroke_takes_depends_on_the_stroke() -> None:
    before = np.zeros((2048, 2048), np.int32)
    after = before.copy()
    after[1000:1010, 1000:1200] = 7
    changes = find_changes(before, after, tiles_in_box(before.shape, (slice(1000, 1010), slice(1000, 1200))))
    assert sum(len(pack_change(change)) for change in changes) < 1000
