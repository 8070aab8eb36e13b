"""From the maps of planes to the labels of an image: objects, and one id through z."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ModelInput
from napari_unet.images.resampling import resample
from napari_unet.labels.stacks.linking import link_planes
from napari_unet.labels.stacks.merged_frames import part_merged
from napari_unet.labels.types import Floats, Labels, PlaneIndex
from napari_unet.segmentation.plan import (
    Plan,
)
from napari_unet.segmentation.tiles.maps import PlaneMaps
from napari_unet.segmentation.tiles.tile import TileAnswer


@dataclass(frozen=True, eq=False)
class Formed:
    """`labels` ((Z,) Y, X) of a plane, a volume or a part, and the maps (outputs, (Z,) Y, X) that they were made of."""

    probability: Floats
    labels: Labels


def form(maps: PlaneMaps, plan: Plan) -> Formed:
    """The labels of a unit; nothing is changed."""
    probability = maps.at_image_size()
    return Formed(probability, plan.decode(probability))


def form_part(answer: TileAnswer, region: tuple[slice, slice], plan: Plan) -> Formed:
    """The labels of a finished tile of a plane on its own, for the eye: the final ones are of all maps."""
    rows, columns = region
    probability = resample(answer.maps, (rows.stop - rows.start, columns.stop - columns.start))
    return Formed(probability, plan.decode(probability))


class ImageAssembly:
    """What is known of an image by now: `labels` of its shape, `done` by plane, `probability` if it is to be kept."""

    def __init__(self, image: ModelInput, plan: Plan) -> None:
        self.axes, head = image.axes, find_head(plan.record)
        self._numbered = not head.keeps_values
        self.labels = np.zeros(image.shape, np.int32)
        self.done = np.zeros(image.shape[:-2], np.bool_)
        self.probability: npt.NDArray[Any] | None = None
        self._volumes: set[PlaneIndex] = set()
        if plan.config.keep_probability:
            self.probability = np.zeros((plan.record.architecture.out_channels, *image.shape), np.float16)

    def take(self, unit: PlaneIndex, formed: Formed) -> None:
        """What was formed of a unit, of which the maps are complete, or as complete as they will be."""
        self.put(unit, (), formed.probability, formed.labels)
        self.done[unit] = True

    def put(self, unit: PlaneIndex, region: tuple[slice, ...], probability: Floats, labels: Labels) -> None:
        """Labels of a region of a unit (all of it: none), and what the network said there, if that is to be kept."""
        at: tuple[Any, ...] = (*unit, *region)
        self.labels[at] = labels
        if self.probability is not None:
            for kept, map_ in zip(self.probability, probability, strict=True):
                kept[at] = map_

    def take_volume(self, index: PlaneIndex, formed: Formed) -> None:
        """What was formed of a whole volume (index over the axes before ZYX) in place of its slices."""
        self.put(index, (), formed.probability, formed.labels)
        self._volumes.add(index)

    def planes_of(self, unit: PlaneIndex) -> list[PlaneIndex]:
        """Indices of the YX planes of a unit."""
        return [(*unit, *inside) for inside in np.ndindex(*self.labels.shape[len(unit) : -2])]

    def numbered(self, labels: Labels, first: int) -> Labels:
        """Labels with their ids after `first`, if they are ids."""
        return np.where(labels > 0, labels + np.int32(first), np.int32(0)) if self._numbered else labels

    def finish(self, plan: Plan) -> None:
        """Give objects one id through z, and tell those apart that touch in some frames alone."""
        self._link(plan)
        if self.axes.startswith("T") and self._numbered and self.done.all():
            part_merged(self.labels)

    def _link(self, plan: Plan) -> None:
        """Give objects one id through z, where the network did not see through z itself."""
        if "Z" not in self.axes or plan.deep or not self._numbered:
            return
        for index in np.ndindex(*self.labels.shape[:-3]):
            if index not in self._volumes and self.done[index].sum() > 1:
                self.labels[index] = link_planes(self.labels[index], plan.config.link_overlap)
