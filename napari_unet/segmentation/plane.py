"""One plane (or, for a 3D network, one volume) through the network: tile by tile into probability maps."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.images.normalization import AnyLimits, normalize
from napari_unet.images.resampling import resample, resampled_shape
from napari_unet.models.architecture import UNetConfig
from napari_unet.segmentation.memory import largest_tile
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.tiling import Tile, in_view_first, plan_tiles

_SMALLEST_TILE = 64
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Progress:
    """A tile is done: its place in the maps, which may be smaller or larger than the image by the resampling factor."""

    core: tuple[slice, ...]
    done: int
    total: int


class PlaneMaps:
    """Probability maps of one plane while they are being made.

    Parameters
    ----------
    pixels : array
        (Y, X), (C, Y, X) for a network of several channels, or (Z, Y, X) for a 3D one, of any real dtype. Of a grey
        plane such a network sees the same in every channel.
    limits : Limits or ChannelLimits
        Grey values of the whole image that become 0 and 1.
    factor : float
        Enlargement in Y and X before the network sees it.
    """

    def __init__(self, predictor: Predictor, pixels: npt.NDArray[Any], limits: AnyLimits, factor: float = 1.0) -> None:
        self._predictor = predictor
        network = predictor.record.architecture
        normalized = normalize(pixels, limits, predictor.record.normalization)
        self.shape = pixels.shape[-network.ndim :]
        size = resampled_shape(pixels.shape, factor)
        planes = normalized.reshape(-1, *normalized.shape[-2:])
        image = resample(planes, size).reshape(-1, *self.shape[:-2], *size)
        self._image = np.broadcast_to(image, (network.in_channels, *image.shape[1:]))
        self.maps = np.zeros((network.out_channels, *image.shape[1:]), np.float32)
        self._complete = False

    def tiles(
        self,
        tile: int | None = None,
        view: tuple[slice, ...] | None = None,
        wanted: npt.NDArray[np.bool_] | None = None,
    ) -> Iterator[Progress]:
        """Fill the maps, tiles in `view` (image coordinates) first; where memory runs out, on with smaller tiles.

        Maps that are complete are not made again: they count as one tile. With `wanted`, of the maps' spatial shape,
        tiles that hold nothing of it are left out, and the maps stay 0 there.
        """
        if self._complete:
            yield Progress(tuple(slice(0, size) for size in self.maps.shape[1:]), 1, 1)
            return
        network = self._predictor.record.architecture
        side = tile or largest_tile(network, self._predictor.dtype.itemsize, watched=view is not None)
        waiting = self._plan(side, network, view, wanted)
        done = 0
        while waiting:
            try:
                self._answer(waiting[0])
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                side = _halve(side, error)
                waiting, done = self._plan(side, network, view, wanted), 0
                continue
            done += 1
            core = waiting.pop(0).core
            self._complete = not waiting and wanted is None
            yield Progress(core, done, done + len(waiting))

    def _plan(
        self,
        side: int,
        network: UNetConfig,
        view: tuple[slice, ...] | None,
        wanted: npt.NDArray[np.bool_] | None,
    ) -> list[Tile]:
        plan = plan_tiles(self.maps.shape[1:], side, network)
        self._padded = mirror(self._image, ((0, 0), *plan.border))
        tiles = [tile for tile in plan.tiles if wanted is None or wanted[tile.core].any()]
        return list(in_view_first(tiles, self._scale_view(view)))

    def _answer(self, tile: Tile) -> None:
        answer = self._predictor.predict(self._padded[(slice(None), *tile.read)][None], tile.crop)
        self.maps[(slice(None), *tile.core)] = answer[0]

    def _scale_view(self, view: tuple[slice, ...] | None) -> tuple[slice, ...] | None:
        if view is None:
            return None
        scaled = [slice(0, self.maps.shape[1])] if self.maps.ndim == 4 else []
        for part, old, new in zip(view, self.shape[-2:], self._image.shape[-2:], strict=True):
            scaled.append(slice(int(part.start * new / old), int(np.ceil(part.stop * new / old))))
        return tuple(scaled)

    def at_image_size(self) -> npt.NDArray[np.float32]:
        """The maps (outputs, (Z,) Y, X) at the size of the image."""
        flat = self.maps.reshape(-1, *self.maps.shape[-2:])
        size = (self.shape[-2], self.shape[-1])
        return resample(flat, size).reshape(self.maps.shape[0], *self.shape)


def mirror(image: npt.NDArray[np.float32], border: tuple[tuple[int, int], ...]) -> npt.NDArray[np.float32]:
    """Add a mirrored border (before, after) an axis; an axis of one pixel is repeated, having nothing to mirror."""
    for axis, (before, after) in enumerate(border):
        widths = [(0, 0)] * image.ndim
        widths[axis] = (before, after)
        image = np.pad(image, widths, mode="reflect" if image.shape[axis] > 1 else "edge")
    return image


def is_out_of_memory(error: BaseException) -> bool:
    """Whether torch or numpy failed for want of memory; torch says so in a RuntimeError."""
    return isinstance(error, MemoryError) or "memory" in str(error).lower()


def _halve(side: int, error: BaseException) -> int:
    if side // 2 < _SMALLEST_TILE:
        raise UserError(
            "There is not enough memory to segment even a small tile. "
            "Close other programs, or choose the CPU as device."
        ) from error
    _log.info("out of memory with tiles of %d pixels, on with half", side)
    return side // 2
