"""napari's bucket in a large array: it looks around the place that was clicked, not at all of the plane."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_unet.images.bands import row_bands
from napari_unet.labels.types import Array, Mask

MOST_PIXELS = 2**26
"""What the bucket fills at most lies in a box of so many pixels; that has to fit into memory several times."""
_FIRST = 512  # pixels on each side

Filled = tuple[Mask, npt.NDArray[np.int_]]
"""A mask, and where its first pixel lies."""


def flood(labels: Array, seed: tuple[int, ...]) -> Filled | None:
    """The pixels that hang together with `seed` and have its value; None if that is too large."""
    from skimage.segmentation import flood as flood_all

    reach, shape, at = _FIRST, np.array(labels.shape), np.array(seed)
    while True:
        low, high = np.maximum(at - reach, 0), np.minimum(at + reach + 1, shape)
        if np.prod(high - low, dtype=np.int64) > MOST_PIXELS:
            return None
        mask = flood_all(np.asarray(labels[_box(low, high)]), tuple(at - low), connectivity=1)
        if not _leaves(mask, low, high, shape):
            return _cropped(mask, low)
        reach *= 2


def everywhere(labels: Array, value: int) -> Filled | None:
    """All pixels of a value; None if they are too far apart."""
    low, high = np.array(labels.shape), np.zeros(labels.ndim, int)
    for band in row_bands(labels.shape):
        found = np.nonzero(labels[band] == value)
        if found[0].size:
            first, last = (np.zeros(labels.ndim, int) for _ in range(2))
            first[: len(band)] = last[: len(band)] = [at.start if isinstance(at, slice) else at for at in band]
            first[-2:] += [at.min() for at in found]
            last[-2:] += [at.max() for at in found]
            low, high = np.minimum(low, first), np.maximum(high, last + 1)
    if np.prod(np.maximum(high - low, 0), dtype=np.int64) > MOST_PIXELS:
        return None
    return np.asarray(labels[_box(low, high)]) == value, low


def _leaves(mask: Mask, low: Array, high: Array, shape: Array) -> bool:
    """Whether a mask reaches a border of its box that is none of the array."""
    return any(
        (low[axis] > 0 and mask.take(0, axis).any()) or (high[axis] < shape[axis] and mask.take(-1, axis).any())
        for axis in range(mask.ndim)
    )


def _cropped(mask: Mask, low: Array) -> Filled:
    box = [np.flatnonzero(mask.any(axis=tuple(set(range(mask.ndim)) - {axis}))) for axis in range(mask.ndim)]
    first = np.array([at[0] for at in box])
    return mask[_box(first, np.array([at[-1] + 1 for at in box]))], low + first


def _box(low: Array, high: Array) -> tuple[slice, ...]:
    return tuple(slice(int(first), int(last)) for first, last in zip(low, high, strict=True))
