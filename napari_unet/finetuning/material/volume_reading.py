"""From corrected z-stacks to volumes for a network of volumes: some to learn from, some to score on.

Of a stack perhaps a few slices are reviewed. The slices around them are seen, and carry no loss.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.errors import UserError, require
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.material.patch_size import MOST_SLICES
from napari_unet.finetuning.material.preparation import Material, box_around
from napari_unet.heads.planes import HeldOutPlane, TrainingPlane
from napari_unet.heads.registry import find_head
from napari_unet.images.normalization import normalize
from napari_unet.images.resampling import pick_nearest, resample, resampled_shape
from napari_unet.labels.types import PlaneBox, PlaneIndex
from napari_unet.models.inflation import inflate_model
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord, resampling_factor
from napari_unet.segmentation.volumes.choice import measure_flatness

_MOST_VOXELS = 48_000_000  # learned from, all volumes together
_CONTEXT = 1.5  # object diameters around what scores


def learns_in_3d(model: Model, config: FinetuneConfig) -> bool:
    return config.dimensions == "3" or model.record.architecture.ndim == 3


def deepen(model: Model, images: Sequence[CorrectedImage]) -> Model:
    """`model` as a network of volumes, with poolings that follow the voxels of `images`.

    Raises
    ------
    UserError
        If an image is no z-stack, or what the model finds are no objects.
    """
    for one in images:
        require(
            "Z" in one.axes,
            f"{one.name} is no z-stack: a model learns in 3D from z-stacks only. Let it learn in 2D, with a 2D model.",
        )
    if not find_head(model.record).draws_objects:
        raise UserError(f"{model.name} finds classes, and only models for objects learn in 3D: learn in 2D.")
    seen = [measure_flatness(one.image)[0] * _zoom(model.record, one.view.diameter) for one in images]
    # Poolings along z would halve the work, and cost most of what the model knew: docs/volumes.md.
    return inflate_model(model, float(np.median(seen)), z_pooling=False)


def prepare_volumes(
    material: Material,
    images: Sequence[CorrectedImage],
    record: ModelRecord,
    patch: int,
    generator: np.random.Generator,
    enough: Callable[[], bool] = lambda: False,
) -> None:
    """Fill `material` as `prepare_planes` does, with the volumes in which something is reviewed, in random order."""
    voxels = 0
    for number in generator.permutation(len(images)).tolist():
        corrected = images[number]
        planes = list(corrected.planes())
        for volume in dict.fromkeys(plane[:-1] for plane in planes):
            material.planes += [(number, plane) for plane in planes if plane[:-1] == volume]
            reader = _VolumeReader(corrected, volume, record, material, number)
            learn, score = material.split.training[number], material.split.held_out[number]
            if voxels < _MOST_VOXELS and (taught := reader.training_volume(learn, patch)) is not None:
                material.training.append(taught)
                voxels += taught.pixels.size
            for where, planned in ((score, material.held_out), (learn, material.learned)):
                if (held := reader.held_out_volume(where)) is not None:
                    planned.append(held)
            if enough() and material.training and (material.held_out or not material.split.holds_out):
                return
    if not material.training:
        raise UserError("What is marked as reviewed leaves nothing to learn from. Mark whole objects as reviewed.")


@dataclass(eq=False)
class _VolumeReader:
    """One volume of a corrected image (index over the axes before ZYX), cut, normalized and resampled as asked for."""

    corrected: CorrectedImage
    index: PlaneIndex
    record: ModelRecord
    material: Material
    number: int

    def __post_init__(self) -> None:
        image, view = self.corrected.image, self.corrected.view
        self.labels = np.asarray(self.corrected.labels[self.index])
        self.reviewed = np.asarray(self.corrected.reviewed[self.index], bool)
        self.limits = view.limits_of(image, (*self.index, 0), self.record.normalization)
        self.diameter = self.material.survey.diameter(self.number) or self.record.diameter
        self.zoom = _zoom(self.record, self.diameter)
        self.flatness = measure_flatness(image)[0]

    def training_volume(self, learn: npt.NDArray[np.bool_], patch: int) -> TrainingPlane | None:
        """What is reviewed within the YX mask `learn`, with context for patches; None if nothing."""
        where = self.reviewed & learn
        margin = round(0.75 * patch / 2 / self.zoom)
        depth, box = self._around(where, MOST_SLICES, margin)
        if box is None:
            return None
        values = normalize(self._read(depth, box), self.limits, self.record.normalization)
        pixels = resample(values, resampled_shape(values.shape, self.zoom))
        labels = self._picked(self.labels, depth, box).astype(np.int32)
        reviewed, learned, changed = (
            self._picked(mask, depth, box) for mask in (self.reviewed, where, self._changed())
        )
        predicted = self.corrected.prediction is not None
        flatness = self.flatness * self.zoom
        return TrainingPlane(pixels, labels, reviewed, learned, changed, predicted=predicted, flatness=flatness)

    def held_out_volume(self, score: npt.NDArray[np.bool_]) -> HeldOutPlane | None:
        """What is reviewed within the YX mask `score`, with context for the network; None if nothing."""
        where = self.reviewed & score
        margin = _CONTEXT * self.diameter
        depth, box = self._around(where, round(margin / self.flatness), round(margin))
        if box is None:
            return None
        labels = self.labels[(depth, *box)].astype(np.int32)
        return HeldOutPlane(
            self._read(depth, box), labels, where[(depth, *box)], self.limits, self.diameter, self.number,
            thresholds=self.corrected.view.thresholds, flatness=self.flatness,
        )  # fmt: skip

    def _around(self, where: npt.NDArray[np.bool_], deep: int, wide: int) -> tuple[slice, PlaneBox | None]:
        """Slices, rows and columns around `where`: so many more on each side, as far as there are any."""
        there = np.flatnonzero(where.any(axis=(1, 2)))
        if not len(there):
            return slice(0, 0), None
        depth = slice(max(0, int(there[0]) - deep), int(there[-1]) + 1 + deep)
        return depth, box_around(np.asarray(where.any(axis=0)), wide)

    def _read(self, depth: slice, box: PlaneBox) -> npt.NDArray[Any]:
        planes = range(self.labels.shape[0])[depth]
        return np.stack([self.corrected.image.plane((*self.index, z))[box] for z in planes])

    def _changed(self) -> npt.NDArray[np.bool_]:
        """Where a person changed the prediction, within what is reviewed."""
        changed = np.zeros_like(self.reviewed)
        for z in np.flatnonzero(self.reviewed.any(axis=(1, 2))):
            changed[z] = find_head(self.record).changed(self.corrected, (*self.index, int(z)))
        return changed

    def _picked(self, values: npt.NDArray[Any], depth: slice, box: PlaneBox) -> npt.NDArray[Any]:
        return np.stack([pick_nearest(plane[box], self.zoom) for plane in values[depth]])


def _zoom(record: ModelRecord, diameter: float | None) -> float:
    return resampling_factor(record, diameter or record.diameter)
