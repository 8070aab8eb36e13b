"""What the network said of one plane, put together from what it said of tiles."""

from __future__ import annotations

import numpy as np

from napari_unet.images.resampling import resample
from napari_unet.labels.types import Floats
from napari_unet.segmentation.tiles.plane import SeenPlane
from napari_unet.segmentation.tiles.tile import (
    TileAnswer,
)


class PlaneMaps:
    """Probability maps of a plane, put together from the answers for its tiles; `maps` is (outputs, (Z,) Y, X)."""

    def __init__(self, seen: SeenPlane, n_outputs: int) -> None:
        self.shape = seen.shape
        self.maps = np.zeros((n_outputs, *seen.size), np.float32)

    def put(self, answer: TileAnswer) -> None:
        self.maps[(slice(None), *answer.core)] = answer.maps

    def at_image_size(self) -> Floats:
        """The maps (outputs, (Z,) Y, X) at the size of the image."""
        flat = self.maps.reshape(-1, *self.maps.shape[-2:])
        return resample(flat, (self.shape[-2], self.shape[-1])).reshape(self.maps.shape[0], *self.shape)

    def region_of(self, core: tuple[slice, ...]) -> tuple[slice, slice]:
        """The image's rows and columns that a part of the maps stands for."""
        rows, columns = (
            slice(round(part.start * size / mapped), round(part.stop * size / mapped))
            for part, size, mapped in zip(core[-2:], self.shape[-2:], self.maps.shape[-2:], strict=True)
        )
        return rows, columns
