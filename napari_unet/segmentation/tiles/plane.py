"""One plane (or, for a 3D network, one volume) as the network sees it, and the tiles that it is cut into."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.images.normalization import AnyLimits, NormalizationConfig, normalize
from napari_unet.images.resampling import resample, resampled_shape
from napari_unet.models.record import ModelRecord
from napari_unet.segmentation.tiles.tile import TileTask
from napari_unet.segmentation.tiles.tiling import Tile


@dataclass(frozen=True, eq=False)
class SeenPlane:
    """What a network sees of a plane.

    Attributes
    ----------
    values : array
        ((C or Z,) Y, X), at the size that the network sees: normalized, unless there are `limits` still to scale by.
    shape : tuple of int
        ((Z,) Y, X) in the image.
    n_channels : int
        That the network looks at; of a grey plane it sees the same in each.
    limits : Limits or ChannelLimits, optional
        With `normalization`: grey values are scaled tile by tile, so that nothing need be done to a whole large plane.
    """

    values: npt.NDArray[Any]
    shape: tuple[int, ...]
    n_channels: int
    limits: AnyLimits | None = None
    normalization: NormalizationConfig | None = None

    @property
    def size(self) -> tuple[int, ...]:
        """((Z,) Y, X) of the maps, which may be smaller or larger than the image."""
        return (*self.shape[:-2], *self.values.shape[-2:])

    def task(self, tile: Tile, border: tuple[tuple[int, int], ...]) -> TileTask:
        """A tile of the plane, with what it sees beyond the plane's edges mirrored."""
        part = self.values
        for axis, (read, (before, _), size) in enumerate(zip(tile.read, border, self.size, strict=True)):
            part = _take(part, axis - len(border), slice(read.start - before, read.stop - before), size)
        if self.limits is not None:
            part = normalize(part, self.limits, self.normalization)
        pixels = part.reshape(-1, *(read.stop - read.start for read in tile.read))
        if len(pixels) != self.n_channels:
            pixels = np.repeat(pixels, self.n_channels, axis=0)
        return TileTask(pixels, tile.crop, tile.core)


def see_plane(pixels: npt.NDArray[Any], limits: AnyLimits, record: ModelRecord, factor: float = 1.0) -> SeenPlane:
    """What the network of `record` sees of a plane.

    Parameters
    ----------
    pixels : array
        (Y, X), (C, Y, X) for a network of several channels, or (Z, Y, X) for a 3D one, of any real dtype.
    limits : Limits or ChannelLimits
        Grey values of the whole image that become 0 and 1.
    factor : float
        Enlargement in Y and X before the network sees it.
    """
    network, shape = record.architecture, pixels.shape[-record.architecture.ndim :]
    size = resampled_shape(pixels.shape, factor)
    if size == pixels.shape[-2:] and pixels.dtype.kind in "ui":  # of floats a whole plane may hold nothing finite
        return SeenPlane(pixels, shape, network.in_channels, limits, record.normalization)
    values = normalize(pixels, limits, record.normalization)
    resized = resample(values.reshape(-1, *values.shape[-2:]), size).reshape(*values.shape[:-2], *size)
    return SeenPlane(resized, shape, network.in_channels)


def _take(values: npt.NDArray[Any], axis: int, part: slice, size: int) -> npt.NDArray[Any]:
    """`part` along an axis of `size`, mirrored beyond its ends; one pixel, having nothing to mirror, is repeated."""
    if part.start >= 0 and part.stop <= size:
        index: tuple[Any, ...] = (..., part, *[slice(None)] * (-axis - 1))
        inside: npt.NDArray[Any] = values[index]
        return inside
    places = np.arange(part.start, part.stop) % max(1, 2 * (size - 1))
    return np.take(values, np.minimum(places, 2 * (size - 1) - places) if size > 1 else places * 0, axis)
