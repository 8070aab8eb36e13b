"""From the maps of planes to the labels of an image: objects, and one id through z."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ModelInput
from napari_unet.images.resampling import resample
from napari_unet.labels.stacks.linking import link_planes
from napari_unet.labels.types import Floats, Labels, PlaneIndex
from napari_unet.segmentation.plan import (
    Plan,
)
from napari_unet.segmentation.tiles.maps import PlaneMaps


class ImageAssembly:
    """What is known of an image by now: `labels` of its shape, `done` by plane, `probability` if it is to be kept."""

    def __init__(self, image: ModelInput, plan: Plan) -> None:
        self.axes, head = image.axes, find_head(plan.record)
        self._numbered = not head.keeps_values
        self.labels = np.zeros(image.shape, np.int32)
        self.done = np.zeros(image.shape[:-2], np.bool_)
        self.probability: npt.NDArray[Any] | None = None
        if plan.config.keep_probability:
            self.probability = np.zeros((plan.record.architecture.out_channels, *image.shape), np.float16)

    def take(self, unit: PlaneIndex, maps: PlaneMaps, plan: Plan) -> None:
        """A unit's maps are complete, or as complete as they will be."""
        probability = maps.at_image_size()
        self.keep(unit, probability)
        self.labels[unit] = plan.decode(probability)
        self.done[unit] = True

    def keep(self, unit: PlaneIndex, probability: Floats) -> None:
        """Keep what the network said, if that is asked for."""
        if self.probability is not None:
            for kept, map_ in zip(self.probability, probability, strict=True):
                kept[unit] = map_

    def planes_of(self, unit: PlaneIndex) -> list[PlaneIndex]:
        """Indices of the YX planes of a unit."""
        return [(*unit, *inside) for inside in np.ndindex(*self.labels.shape[len(unit) : -2])]

    def shown(self, maps: PlaneMaps, core: tuple[slice, ...], first: int, plan: Plan) -> Labels:
        """Labels of a finished tile on its own, for the eye, ids after `first`; the final ones are of all maps."""
        rows, columns = maps.region_of(core)
        size = (rows.stop - rows.start, columns.stop - columns.start)
        labels = plan.decode(resample(maps.maps[(slice(None), *core)], size))
        if self._numbered:
            labels[labels > 0] += first
        return labels

    def link(self, plan: Plan) -> None:
        """Give objects one id through z, where the network did not see through z itself."""
        if "Z" not in self.axes or plan.deep or not self._numbered:
            return
        for index in np.ndindex(*self.labels.shape[:-3]):
            if self.done[index].sum() > 1:
                self.labels[index] = link_planes(self.labels[index], plan.config.link_overlap)
