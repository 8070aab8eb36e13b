"""Arrays that are read when they are used, as dask arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_MOST_CHUNKS = 100_000


def lazy_array(source: Any) -> Any:
    """Dask array over `source` (zarr array, memory map or the like), in native byte order."""
    import dask.array as da  # slow to import, and needed for large images only

    stored = getattr(source, "chunks", None)
    chunks = _fewer(tuple(source.shape), tuple(stored)) if stored else "auto"
    lazy = da.from_array(source, chunks=chunks, name=False)
    dtype = np.dtype(source.dtype)
    return lazy if dtype.isnative else lazy.astype(dtype.newbyteorder("="))


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
