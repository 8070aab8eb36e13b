"""The side views of a volume: planes of z and x, and of z and y, resampled so that their pixels are square."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.images.channels import ModelInput
from napari_unet.images.normalization import normalize
from napari_unet.images.resampling import resample
from napari_unet.labels.types import Floats, PlaneIndex
from napari_unet.models.running.aside import Aside
from napari_unet.segmentation.plan import Plan
from napari_unet.segmentation.tiles.plane import SeenPlane
from napari_unet.segmentation.tiles.queue import predict_plane
from napari_unet.segmentation.tiles.tile import TilePredictor
from napari_unet.segmentation.volumes.events import SideDone
from napari_unet.segmentation.volumes.maps import VolumeMaps

_STEPS_A_DIAMETER = 10  # side views within an object; those between them differ so little that they are interpolated
_NOTHING = 0.1  # a side view of which the slices are so sure that it holds nothing is left out


@dataclass(frozen=True, eq=False)
class Sides:
    """All that is needed to look at the volume `index` of an image from its sides."""

    image: ModelInput
    predictor: TilePredictor
    plan: Plan
    index: PlaneIndex
    flatness: float

    @property
    def step(self) -> int:
        """From one side view that is looked at to the next."""
        return max(1, int(self.plan.diameter / _STEPS_A_DIAMETER))

    def places(self, axis: int) -> list[int]:
        """Along axis 1 (Y) or 2 (X) of the volume, which side views are looked at."""
        size = self.image.shape[axis - 3]
        return sorted({*range(0, size, self.step), size - 1})

    def look(self, maps: VolumeMaps, aside: Aside) -> Iterator[SideDone]:
        """Put what the network says into `maps`, view by view; raises `Stopped`."""
        pixels = aside.do(self._read)
        total, done, started = len(self.places(1)) + len(self.places(2)), 0, time.perf_counter()
        for axis in (1, 2):
            maps.begin_sides(axis, self.places(axis))
            for number, at in enumerate(self.places(axis)):
                maps.put_side(axis, number, aside.do(partial(self._predict, pixels, maps, axis, at)))
                done += 1
                left = (time.perf_counter() - started) * (total - done) / done
                yield SideDone(done, total, left)

    def _read(self) -> npt.NDArray[Any]:
        """Pixels ((C,) Z, Y, X) of the volume."""
        planes = [self.image.plane((*self.index, z)) for z in range(self.image.shape[-3])]
        return np.stack(planes, axis=-3)

    def _predict(self, pixels: npt.NDArray[Any], maps: VolumeMaps, axis: int, at: int) -> Floats:
        """Maps (outputs, Z, other) of a side view."""
        if float(np.take(maps.slices[0], at, axis).max(initial=0)) < _NOTHING:
            return np.zeros((len(maps.slices), *np.take(maps.slices[0], at, axis).shape), np.float32)
        seen = self._see(np.take(pixels, at, axis - 3))
        return predict_plane(self.predictor, seen, self.plan.config.tile).at_image_size()

    def _see(self, view: npt.NDArray[Any]) -> SeenPlane:
        """What the network sees of a side view ((C,) Z, other)."""
        record = self.plan.record
        limits = self.plan.view.limits_of(self.image, (*self.index, 0), record.normalization)
        values = normalize(view, limits, record.normalization)
        rows, columns = view.shape[-2:]
        size = max(1, round(rows * self.flatness * self.plan.factor)), max(1, round(columns * self.plan.factor))
        resized = resample(values.reshape(-1, rows, columns), size).reshape(*values.shape[:-2], *size)
        return SeenPlane(resized, (rows, columns), record.architecture.in_channels)
