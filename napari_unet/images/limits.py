"""Grey-value limits of the whole image that a plane belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.images.channels import ChannelStack, ModelInput
from napari_unet.images.image import Image
from napari_unet.images.normalization import (
    HUGE_PLANE,
    AnyLimits,
    ChannelLimits,
    Limits,
    NormalizationConfig,
    measure_limits,
)

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
    if inverted and config.method == "mean":  # of the negative, too, the mean becomes 0
        limits = _grey_limits(image, index, config, False)
        return Limits(limits.low, 2 * limits.low - limits.high)
    if inverted:
        negative = config.model_copy(update={"low": 100 - config.high, "high": 100 - config.low})
        limits = _grey_limits(image, index, negative, False)
        return Limits(limits.high, limits.low)
    huge = image.shape[-2] * image.shape[-1] > HUGE_PLANE
    if "Z" not in image.axes:
        return measure_limits(_UnreadPlane(image, index) if huge else image.plane(index), config)
    before, depth = index[:-1], image.shape[image.axes.index("Z")]
    chosen = [(*before, int(z)) for z in np.unique(np.linspace(0, depth - 1, _PLANES).round().astype(int))]
    if huge:
        return measure_limits(_UnreadPlanes(image, chosen), config)
    return measure_limits(np.stack([image.plane(one) for one in chosen]), config)


@dataclass(frozen=True, eq=False)
class _UnreadPlane:
    """A plane (Y, X) too large to be read whole: rows and columns are read as they are asked for."""

    image: Image
    index: tuple[int, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return self.image.shape[-2:]

    def __getitem__(self, region: tuple[slice, slice]) -> npt.NDArray[Any]:
        return self.image.part(self.index, region)


@dataclass(frozen=True, eq=False)
class _UnreadPlanes:
    """Several such planes (N, Y, X)."""

    image: Image
    indices: list[tuple[int, ...]]

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self.indices), *self.image.shape[-2:])

    def __getitem__(self, at: tuple[int]) -> _UnreadPlane:
        return _UnreadPlane(self.image, self.indices[at[0]])


def volume_of(axes: str, index: tuple[int, ...]) -> tuple[int, ...]:
    """The volume that plane `index` of an image with `axes` (out of "TZYX") belongs to; without Z the plane itself."""
    return index[:-1] if "Z" in axes else index
