"""From an image to what the network sees: grey-value limits of the whole image, and its size."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F

from napari_unet.images.channels import ChannelStack, ModelInput
from napari_unet.images.image import Image
from napari_unet.images.normalization import AnyLimits, ChannelLimits, Limits, NormalizationConfig, measure_limits
from napari_unet.models.record import ModelRecord

_PLANES = 8  # looked at to find the limits of a volume: enough for percentiles, cheap to read


def volume_limits(
    image: ModelInput, index: tuple[int, ...], config: NormalizationConfig, inverted: bool = False
) -> AnyLimits:
    """Grey-value limits of the volume (or image, or frame) that plane `index` belongs to.

    `image` is grey with axes out of "TZYX", `index` counts along those before YX. Every plane of a volume gets the
    same limits, so that a slice alone and the slice within its stack are segmented alike. If `inverted`, what is dark
    becomes bright: the limits are those of the negative. Channels that are seen together have limits of their own.
    """
    if isinstance(image, ChannelStack):
        return ChannelLimits(tuple(_grey_limits(part, index, config, inverted) for part in image.parts))
    return _grey_limits(image, index, config, inverted)


def _grey_limits(image: Image, index: tuple[int, ...], config: NormalizationConfig, inverted: bool) -> Limits:
    if inverted:
        negative = config.model_copy(update={"low": 100 - config.high, "high": 100 - config.low})
        limits = _grey_limits(image, index, negative, False)
        return Limits(limits.high, limits.low)
    if "Z" not in image.axes:
        return measure_limits(image.plane(index), config)
    before, depth = index[:-1], image.shape[image.axes.index("Z")]
    chosen = np.unique(np.linspace(0, depth - 1, _PLANES).round().astype(int))
    return measure_limits(np.stack([image.plane((*before, int(z))) for z in chosen]), config)


def resampling_factor(record: ModelRecord, diameter: float) -> float:
    """How much to enlarge an image with objects of `diameter` pixels, so that the model knows their size.

    1 within the model's `diameter_range`; beyond, just enough to come into it.
    """
    low, high = record.diameter_range
    return min(max(diameter, low), high) / diameter


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
