"""An image, ids or a mask at another size."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
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


def pick_nearest(values: npt.NDArray[Any], factor: float) -> npt.NDArray[Any]:
    """Resample ids or a mask (Y, X) by `factor` to the pixels that `resample` gives, without mixing values."""
    shape = resampled_shape(values.shape, factor)
    rows, columns = (
        np.minimum(((np.arange(new) + 0.5) * old / new).astype(int), old - 1)
        for new, old in zip(shape, values.shape, strict=True)
    )
    return values[np.ix_(rows, columns)]
