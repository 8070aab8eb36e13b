"""Arrays as tiles, and what differs between two of them: the cost depends on the stroke and not on the image's size.

A tile is 256 x 256 pixels of a YX plane (less at the lower and right border), known by a `TileKey`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import imagecodecs
import numpy as np
import numpy.typing as npt

from napari_unet.images.bands import row_bands
from napari_unet.images.written import written_rows
from napari_unet.labels.types import Array, Box

TILE = 256
"""Pixels a side: a place in a tile fits 16 bits."""

_LEVEL = 1  # of zstd, which is three times as quick as zlib on labels, and twice as small
_BAND = 4  # rows of tiles that are compared between two yields of a scan


class TileKey(NamedTuple):
    """The number of the plane (over all axes before YX, in C order), and the tile's row and column in it."""

    plane: int
    row: int
    column: int


@dataclass(frozen=True, eq=False)
class TileChange:
    """What changed within one tile: flat `places` (uint16, rising) in it, and the values before and after."""

    key: TileKey
    places: npt.NDArray[np.uint16]
    before: Array
    after: Array

    def reversed(self) -> TileChange:
        """The change that takes this one back."""
        return TileChange(self.key, self.places, self.after, self.before)

    def same_as(self, other: TileChange) -> bool:
        """Whether both turn the same pixels from the same values into the same values."""
        return self.key == other.key and all(
            np.array_equal(mine, its)
            for mine, its in (
                (self.places, other.places), (self.before, other.before), (self.after, other.after),
            )
        )  # fmt: skip


def copy_array(array: Array, into: Array | None = None) -> Array:
    """A copy in C order; `into` is what is written to, all 0 as yet.

    Memory of rows that hold nothing is not touched: labels of a large image are mostly empty.
    """
    found = np.zeros(array.shape, array.dtype) if into is None else into
    held = written_rows(array)
    for band in row_bands(array.shape):
        part = array[band]
        if held[band].any() and part.any():
            found[band] = part
    return found


def tile_slices(key: TileKey) -> tuple[slice, slice]:
    """Rows and columns of a tile; slicing cuts them at the border."""
    return (
        slice(key.row * TILE, (key.row + 1) * TILE),
        slice(key.column * TILE, (key.column + 1) * TILE),
    )


def tile_of(array: Array, key: TileKey) -> Array:
    """The pixels of one tile: a view."""
    plane = np.unravel_index(key.plane, array.shape[:-2]) if array.ndim > 2 else ()
    index: tuple[Any, ...] = (*plane, *tile_slices(key))
    tile: Array = array[index]
    return tile


def all_tiles(shape: tuple[int, ...]) -> Iterator[TileKey]:
    """Every tile of an array of `shape`."""
    return tiles_in_box(shape, (slice(None),) * len(shape))


def tiles_in_box(shape: tuple[int, ...], box: Box) -> Iterator[TileKey]:
    """Tiles that have pixels in `box`, a slice an axis."""
    ranges = [part.indices(size)[:2] for part, size in zip(box, shape, strict=True)]
    if any(first >= last for first, last in ranges):
        return
    rows, columns = (range(first // TILE, (last - 1) // TILE + 1) for first, last in ranges[-2:])
    leading = [range(first, last) for first, last in ranges[:-2]]
    for index in np.ndindex(*(len(part) for part in leading)):
        at = tuple(part[i] for part, i in zip(leading, index, strict=True))
        plane = int(np.ravel_multi_index(at, shape[:-2])) if at else 0
        for row in rows:
            for column in columns:
                yield TileKey(plane, row, column)


def find_changes(before: Array, after: Array, keys: Iterable[TileKey]) -> list[TileChange]:
    """What differs between two arrays of one shape in the tiles `keys`, tiles without a difference left out."""
    found = []
    for key in sorted(set(keys)):
        old, new = tile_of(before, key), tile_of(after, key)
        places = np.flatnonzero(old != new)
        if places.size:
            found.append(
                TileChange(
                    key,
                    places.astype(np.uint16),
                    old.reshape(-1)[places],
                    new.reshape(-1)[places].astype(before.dtype),
                )
            )
    return found


def apply_changes(array: Array, changes: Iterable[TileChange]) -> None:
    """Write the values after each change into `array`, in place."""
    for change in changes:
        tile = tile_of(array, change.key)
        tile[np.divmod(change.places, tile.shape[1])] = change.after


def change_indices(change: TileChange, shape: tuple[int, ...]) -> tuple[npt.NDArray[np.intp], ...]:
    """The changed pixels as index arrays over all axes of an array of `shape`, as `data_setitem` takes them."""
    rows, columns = tile_slices(change.key)
    width = min(TILE, shape[-1] - columns.start)
    row, column = np.divmod(change.places.astype(np.intp), width)
    leading = np.unravel_index(change.key.plane, shape[:-2]) if len(shape) > 2 else ()
    return (*(np.full(row.shape, int(at), np.intp) for at in leading), row + rows.start, column + columns.start)


def scan(before: Array, after: Array) -> Iterator[list[TileKey]]:
    """Tiles that differ, a few rows of tiles a step: for a thread beside the window's own."""
    rows = _BAND * TILE
    for plane, index in enumerate(np.ndindex(*before.shape[:-2])):
        old, new = before[index], after[index]
        held = written_rows(old) | written_rows(new)
        for first in range(0, old.shape[0], rows):
            if not held[first : first + rows].any():
                yield []
                continue
            different = old[first : first + rows] != new[first : first + rows]
            yield [TileKey(plane, first // TILE + row, column) for row, column in _tiles_with_any(different)]


def _tiles_with_any(different: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    if not different.any():
        return []
    by_row = np.logical_or.reduceat(different, range(0, different.shape[0], TILE), axis=0)
    by_tile = np.logical_or.reduceat(by_row, range(0, different.shape[1], TILE), axis=1)
    return [(int(row), int(column)) for row, column in np.argwhere(by_tile)]


# -- bytes -------------------------------------------------------------------------------------------------------------


def pack_tile(tile: Array) -> bytes:
    """The pixels of a tile, compressed."""
    return _compress(np.ascontiguousarray(tile).tobytes())


def unpack_tile(data: bytes, dtype: np.dtype[Any], shape: tuple[int, int]) -> Array:
    """The tile of `pack_tile`; raises ValueError if the bytes are another size or damaged."""
    return np.frombuffer(_decompress(data), dtype).reshape(shape)


def pack_change(change: TileChange) -> bytes:
    """Steps between places, old and new values, compressed: a few hundred bytes for a stroke of the brush."""
    steps = np.diff(change.places, prepend=np.uint16(0)).astype(np.uint16)
    body = steps.tobytes() + change.before.tobytes() + change.after.tobytes()
    return _compress(len(steps).to_bytes(4, "little") + body)


def unpack_change(key: TileKey, data: bytes, dtype: np.dtype[Any]) -> TileChange:
    """The change of `pack_change`; raises ValueError if the bytes are damaged."""
    raw = _decompress(data)
    n = int.from_bytes(raw[:4], "little")
    if len(raw) != 4 + n * (2 + 2 * dtype.itemsize):
        raise ValueError("a change of another size than it says")
    places = np.cumsum(np.frombuffer(raw, np.uint16, n, 4), dtype=np.uint16)
    before = np.frombuffer(raw, dtype, n, 4 + 2 * n)
    return TileChange(key, places, before, np.frombuffer(raw, dtype, n, 4 + 2 * n + before.nbytes))


def _compress(data: bytes) -> bytes:
    return bytes(imagecodecs.zstd_encode(data, level=_LEVEL))


def _decompress(data: bytes) -> bytes:
    try:
        raw = bytes(imagecodecs.zstd_decode(data))
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    return raw
