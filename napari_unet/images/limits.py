"""Grey-value limits of the whole image that a plane belongs to."""

from __future__ import annotations

import numpy as np

from napari_unet.images.channels import ChannelStack, ModelInput
from napari_unet.images.image import Image
from napari_unet.images.normalization import AnyLimits, ChannelLimits, Limits, NormalizationConfig, measure_limits

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


def volume_of(axes: str, index: tuple[int, ...]) -> tuple[int, ...]:
    """The volume that plane `index` of an image with `axes` (out of "TZYX") belongs to; without Z the plane itself."""
    return index[:-1] if "Z" in axes else index
