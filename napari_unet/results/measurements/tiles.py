"""An image and its labels, a tile at a time, so that arrays larger than memory can be measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.labels.object_runs import (
    Runs,
    find_runs,
)
from napari_unet.labels.types import Box, Ints

HALO = 2
"""Pixels of labels that are seen around a tile: the length of an outline at a pixel depends on so many."""


@dataclass(frozen=True, eq=False)
class MeasuredTile:
    """A tile of labels ((Z,) Y, X), what is around it, and the same tile of other arrays.

    Parameters
    ----------
    origin : tuple of int
        Place of its first pixel in the whole.
    surrounded : array
        Labels with `HALO` more pixels at each side, 0 beyond the image.
    channels, others : sequences of array
        Grey values, and further label images, of the shape of the tile.
    """

    origin: tuple[int, ...]
    surrounded: npt.NDArray[Any]
    channels: Sequence[npt.NDArray[Any]]
    others: Sequence[npt.NDArray[Any]]

    @cached_property
    def labels(self) -> npt.NDArray[Any]:
        """The tile itself, in one piece of memory."""
        return np.ascontiguousarray(self.surrounded[(slice(HALO, -HALO),) * self.surrounded.ndim])

    @cached_property
    def runs(self) -> Runs:
        """Its objects as runs of pixels; rows of all slices are counted through."""
        return find_runs(self.labels.reshape(-1, self.labels.shape[-1]))

    @cached_property
    def run_places(self) -> Ints:
        """(runs, axes - 1): slice and row of each run in the whole image."""
        rows = self.runs.rows
        if self.labels.ndim == 2:
            return (rows + self.origin[0])[:, None]
        z, y = np.divmod(rows, self.labels.shape[1])
        return np.stack([z + self.origin[0], y + self.origin[1]], axis=1)

    def places_of(self, ids: npt.NDArray[Any]) -> Ints:
        """Where each of `ids` (of objects in the tile) stands in `runs.objects`."""
        objects = self.runs.objects
        if objects.size and objects[-1] < 2**22:
            table = np.zeros(int(objects[-1]) + 1, np.int64)
            table[objects] = np.arange(objects.size)
            found: Ints = table[ids]
            return found
        return np.searchsorted(objects, ids).astype(np.int64)


def plan_measuring(shape: Sequence[int], chunks: Sequence[int] | None, pixels: int) -> list[Box]:
    """Blocks that cover an array of `shape` ((Z,) Y, X), about `pixels` each, whole chunks where it has chunks."""
    steps = _steps(shape, chunks, pixels)
    ranges = (range(0, size, step) for size, step in zip(shape, steps, strict=True))
    return [
        tuple(slice(start, min(start + step, size)) for start, step, size in zip(corner, steps, shape, strict=True))
        for corner in product(*ranges)
    ]


def _steps(shape: Sequence[int], chunks: Sequence[int] | None, pixels: int) -> list[int]:
    """Size of a tile along each axis: columns grow first, then rows, then slices."""
    least = [1] * (len(shape) - 1) + [min(shape[-1], 64)] if chunks is None else list(chunks)
    steps = [min(size, step) for size, step in zip(shape, least, strict=True)]
    for axis in reversed(range(len(shape))):
        room = pixels // int(np.prod([step for other, step in enumerate(steps) if other != axis]))
        steps[axis] = min(shape[axis], max(steps[axis], room // least[axis] * least[axis]))
    return steps


def chunks_of(data: Any) -> tuple[int, ...] | None:
    """Size of the pieces in which `data` is stored; None if it is in memory."""
    chunks = getattr(data, "chunksize", None) or getattr(data, "chunks", None)
    return tuple(int(size) for size in chunks) if chunks else None


def read_tiles(
    labels: Any, channels: Sequence[Any], others: Sequence[Any], pixels: int
) -> Iterator[tuple[int, int, MeasuredTile]]:
    """(number from 1, how many, tile) of each tile of `labels` ((Z,) Y, X; numpy, dask or zarr) that has objects."""
    plan = plan_measuring(labels.shape, chunks_of(labels), pixels)
    for number, block in enumerate(plan, start=1):
        surrounded = _read_around(labels, block)
        if surrounded.any():
            tile = MeasuredTile(
                tuple(part.start for part in block),
                surrounded,
                [np.ascontiguousarray(channel[block]) for channel in channels],
                [np.ascontiguousarray(other[block]) for other in others],
            )
            yield number, len(plan), tile


def _read_around(labels: Any, block: Box) -> npt.NDArray[Any]:
    """Pixels of `block` and of `HALO` around it; 0 beyond the image."""
    inside = tuple(
        slice(max(0, part.start - HALO), min(size, part.stop + HALO))
        for part, size in zip(block, labels.shape, strict=True)
    )
    values = np.asarray(labels[inside])
    if values.dtype.kind not in "biu":
        raise UserError(f"Labels must be whole numbers, not {values.dtype}: save them as an integer image.")
    if values.size and values.min() < 0:
        raise UserError(f"Labels run from {values.min()}: they must not be negative.")
    missing = [
        (HALO - (part.start - seen.start), HALO - (seen.stop - part.stop))
        for part, seen in zip(block, inside, strict=True)
    ]
    values = values.astype(np.int64 if values.dtype.itemsize > 4 else np.int32, copy=False)
    return np.pad(values, missing)
