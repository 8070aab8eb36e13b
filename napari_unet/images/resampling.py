"""An image, ids or a mask at another size."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy.sparse import csr_array
from torch.nn import functional as F


def resample(planes: npt.NDArray[Any], shape: tuple[int, int]) -> npt.NDArray[np.float32]:
    """Resize (C, Y, X) to (C, *shape) in float32, bilinear, with anti-aliasing where it shrinks."""
    values = torch.from_numpy(np.ascontiguousarray(planes, dtype=np.float32))[None]
    if values.shape[-2:] == shape:
        return np.asarray(planes, dtype=np.float32)
    resized = F.interpolate(values, size=shape, mode="bilinear", align_corners=False, antialias=True)
    return resized[0].numpy()


def resampled_shape(shape: tuple[int, ...], factor: float) -> tuple[int, int]:
    """(Y, X) of a plane of `shape` after resampling by `factor`, at least one pixel each."""
    return max(1, round(shape[-2] * factor)), max(1, round(shape[-1] * factor))


def repeat_pixels(planes: npt.NDArray[Any], side: int) -> npt.NDArray[Any]:
    """(C, Y, X) with a square of `side` pixels in place of each."""
    return planes if side == 1 else planes.repeat(side, axis=-2).repeat(side, axis=-1)


def pick_nearest(values: npt.NDArray[Any], factor: float) -> npt.NDArray[Any]:
    """Resample ids or a mask (Y, X) by `factor` to the pixels that `resample` gives, without mixing values."""
    shape = resampled_shape(values.shape, factor)
    rows, columns = (
        np.minimum(((np.arange(new) + 0.5) * old / new).astype(int), old - 1)
        for new, old in zip(shape, values.shape, strict=True)
    )
    return values[np.ix_(rows, columns)]


def resample_part(
    planes: npt.NDArray[Any], corner: tuple[int, int], old: tuple[int, int], region: tuple[slice, slice],
    new: tuple[int, int],
) -> npt.NDArray[np.float32]:  # fmt: skip
    """Rows and columns `region` of what `resample` gives of planes of shape `old` at shape `new`, up to rounding.

    `planes` (C, h, w) is what lies at `corner` of the planes, at least `source_of` of either axis.
    """
    rows, columns = (
        _weights(part, was, becomes, slice(first, first + size))
        for part, was, becomes, first, size in zip(region, old, new, corner, planes.shape[-2:], strict=True)
    )
    values = np.asarray(planes, np.float32)
    return np.stack([np.ascontiguousarray((columns @ (rows @ one).T).T) for one in values])


def source_of(part: slice, old: int, new: int) -> slice:
    """Which of `old` pixels along an axis count for pixels `part` of the `new` ones."""
    first, last = (_reach(np.array([at]), old, new) for at in (part.start, part.stop - 1))
    return slice(int(first[0][0]), int(last[1][0]))


def _reach(places: npt.NDArray[Any], old: int, new: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First pixel, and one after the last, that count for each of `places`: as in torch's anti-aliased resizing."""
    center, support = old / new * (places + 0.5), max(1.0, old / new)
    first = np.maximum((center - support + 0.5).astype(np.int64), 0)
    return first, np.minimum((center + support + 0.5).astype(np.int64), old)


def _weights(part: slice, old: int, new: int, there: slice) -> Any:
    """Matrix (pixels of `part`, pixels of `there`) that resizes an axis: a triangle as wide as the pixels."""
    places = np.arange(part.start, part.stop)
    first, last = _reach(places, old, new)
    taps = np.arange(int((last - first).max(initial=1)))
    columns = first[:, None] + taps
    distance = (columns + 0.5 - old / new * (places[:, None] + 0.5)) / max(1.0, old / new)
    weights = np.where(columns < last[:, None], np.maximum(0.0, 1 - np.abs(distance)), 0.0)
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    used = weights > 0
    rows = np.broadcast_to(np.arange(places.size)[:, None], used.shape)[used]
    shape = (places.size, there.stop - there.start)
    return csr_array((weights[used], (rows, columns[used] - there.start)), shape=shape)
