"""Arrays that are read when they are used, as dask arrays.

Dask looks at all chunks of an array for each part that is read of it, which takes longer than the reading where these
are many. So it is known of which source such an array is a view, and parts are read from there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

_MOST_CHUNKS = 100_000


@dataclass(frozen=True, eq=False)
class _Behind:
    """`source` at `taken` (by its axes), of which the axes that are left come in the order `left`."""

    source: Any
    taken: dict[int, int]
    left: tuple[int, ...]

    def read(self, index: tuple[Any, ...]) -> npt.NDArray[Any]:
        """What the view has at `index`, of numbers and slices, one for each of its axes."""
        at = self.taken | dict(zip(self.left, index, strict=True))
        values = np.asarray(self.source[tuple(at[axis] for axis in range(len(at)))])
        stayed = [axis for axis, one in zip(self.left, index, strict=True) if isinstance(one, slice)]
        return values.transpose([sorted(stayed).index(axis) for axis in stayed])


_BEHIND = "napari_unet_behind"  # what it is called on a dask array; whoever makes another array of it does not have it


def lazy_array(source: Any) -> Any:
    """Dask array over `source` (zarr array, memory map or the like), in native byte order."""
    import dask.array as da  # slow to import, and needed for large images only

    stored = getattr(source, "chunks", None)
    chunks = _fewer(tuple(source.shape), tuple(stored)) if stored else "auto"
    lazy = da.from_array(source, chunks=chunks, name=False)
    dtype = np.dtype(source.dtype)
    if not dtype.isnative:
        return lazy.astype(dtype.newbyteorder("="))
    return _known(lazy, _Behind(source, {}, tuple(range(lazy.ndim))))


def take_from(data: Any, axis: int, index: int) -> Any:
    """`data` at `index` of `axis`, which goes; nothing is read."""
    found, behind = data[(slice(None),) * axis + (index,)], _behind(data)
    if behind is None:
        return found
    left = (*behind.left[:axis], *behind.left[axis + 1 :])
    return _known(found, _Behind(behind.source, behind.taken | {behind.left[axis]: index}, left))


def transpose_view(data: Any, order: list[int]) -> Any:
    """`data` with its axes in another `order`; nothing is read."""
    found, behind = data.transpose(order), _behind(data)
    if behind is None:
        return found
    return _known(found, _Behind(behind.source, behind.taken, tuple(behind.left[axis] for axis in order)))


def read_at(data: Any, index: tuple[Any, ...]) -> npt.NDArray[Any]:
    """`data` in memory at `index`, of numbers and slices, one for each axis."""
    behind = _behind(data)
    return np.asarray(data[index]) if behind is None else behind.read(index)


def _behind(data: Any) -> _Behind | None:
    return vars(data).get(_BEHIND) if is_lazy(data) else None


def _known(lazy: Any, behind: _Behind) -> Any:
    setattr(lazy, _BEHIND, behind)
    return lazy


def _fewer(shape: tuple[int, ...], chunks: tuple[int, ...]) -> tuple[int, ...]:
    """`chunks`, or several of them in one, so that the graph stays small: some files have a strip for each row."""
    found = list(chunks)
    while True:
        counts = [-(-size // max(1, chunk)) for size, chunk in zip(shape, found, strict=True)]
        if math.prod(counts) <= _MOST_CHUNKS:
            return tuple(found)
        found[counts.index(max(counts))] *= 2


def is_lazy(data: Any) -> bool:
    """Whether `data` is a dask array, whose slices and transposes cost nothing."""
    return hasattr(data, "__dask_graph__")
