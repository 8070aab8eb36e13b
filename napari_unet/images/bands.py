"""A large array in bands of rows: what is done to all of it at once takes as much memory again, and holds up others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

BAND_PIXELS = 2**18  # of a band: a fraction of a millisecond to look at, and in the processor's cache


def row_bands(shape: tuple[int, ...], pixels: int = BAND_PIXELS) -> Iterator[tuple[int | slice, ...]]:
    """Indices (plane, rows) of bands of about `pixels` pixels that together are an array of `shape` (..., Y, X)."""
    rows = max(1, pixels // max(1, shape[-1]))
    for plane in np.ndindex(*shape[:-2]):
        for top in range(0, shape[-2], rows):
            yield (*plane, slice(top, min(top + rows, shape[-2])))
