"""Arrays that are read when they are used, as dask arrays."""

from __future__ import annotations

from typing import Any

import numpy as np


def lazy_array(source: Any) -> Any:
    """Dask array over `source` (zarr array, memory map or the like), in native byte order."""
    import dask.array as da  # slow to import, and needed for large images only

    chunks = getattr(source, "chunks", None) or "auto"
    lazy = da.from_array(source, chunks=chunks, name=False)
    dtype = np.dtype(source.dtype)
    return lazy if dtype.isnative else lazy.astype(dtype.newbyteorder("="))


def is_lazy(data: Any) -> bool:
    """Whether `data` is a dask array, whose slices and transposes cost nothing."""
    return hasattr(data, "__dask_graph__")
