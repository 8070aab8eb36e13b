"""From corrected images to planes at the model's object size: some to learn from, some to score on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.errors import UserError
from napari_unet.finetuning.material.lineage import find_known
from napari_unet.finetuning.material.split import Split, are_inside, split_reviewed
from napari_unet.heads.planes import HeldOutPlane, TrainingPlane
from napari_unet.heads.registry import find_head
from napari_unet.heads.survey import Survey
from napari_unet.images.channels import ChannelStack, grey_input
from napari_unet.images.limits import volume_limits, volume_of
from napari_unet.images.normalization import AnyLimits, normalize
from napari_unet.images.resampling import pick_nearest, resample, resampled_shape
from napari_unet.labels.types import PlaneBox
from napari_unet.models.record import ModelRecord, resampling_factor

_MOST_PIXELS = 48_000_000  # learned from, all planes together: about 1 GB as tensors
_CONTEXT = 1.5  # object diameters around what scores, so that objects at its edge are predicted whole


@dataclass(eq=False)
class Material:
    """What a run works on.

    `known` says of each object of the survey whether the old model has learned from it before. `learned` is what
    `training` holds, to choose thresholds by, and to score on where nothing is held out. `planes` are
    those that were read: the number of the image, and the plane's index.
    """

    survey: Survey
    split: Split
    known: npt.NDArray[np.bool_]
    training: list[TrainingPlane] = field(default_factory=list)
    held_out: list[HeldOutPlane] = field(default_factory=list)
    learned: list[HeldOutPlane] = field(default_factory=list)
    planes: list[tuple[int, tuple[int, ...]]] = field(default_factory=list)

    @property
    def n_known(self) -> int:
        """How many of the held-out objects the old model has learned from, each once however many planes it has."""
        both = self.known & are_inside(self.survey, self.split.held_out)
        return len({(self.survey.objects[i].image, self.survey.objects[i].label) for i in np.flatnonzero(both)})

    @property
    def n_shared(self) -> int:
        """Of how many images some objects are learned from and others held out."""
        pairs = zip(self.split.training, self.split.held_out, strict=True)
        return sum(bool(learned.any() and scored.any()) for learned, scored in pairs)


def survey_material(
    images: Sequence[CorrectedImage], held_out: float, generator: np.random.Generator, record: ModelRecord | None = None
) -> Material:
    """See what was reviewed, and divide it; `record` is the model's, if it may be one for classes.

    Raises
    ------
    UserError
        If there is nothing to learn from.
    """
    record = record or ModelRecord()
    survey = find_head(record).survey(images, record)
    survey = replace(survey, corners=tuple(one.corner for one in images))
    if survey.n_reviewed_pixels == 0:
        raise UserError(
            "Nothing is marked as reviewed yet. Mark at least one object, with what surrounds it, as reviewed, "
            "so that there is something to learn from."
        )
    if not survey.objects and not survey.removed:
        raise UserError(
            "What is marked as reviewed holds no whole object. Mark at least one whole object as reviewed, "
            "with what surrounds it."
        )
    # somewhere along z and time
    reviewed = [np.asarray(np.any(one.reviewed, axis=tuple(range(one.reviewed.ndim - 2)))) for one in images]
    keys, names = [one.key for one in images], [one.name for one in images]
    known = find_known(survey, keys, record.training.learned, names)
    return Material(survey, split_reviewed(survey, reviewed, held_out, generator, known), known)


def prepare_planes(
    material: Material,
    images: Sequence[CorrectedImage],
    record: ModelRecord,
    patch: int,
    generator: np.random.Generator,
    enough: Callable[[], bool] = lambda: False,
) -> None:
    """Fill `material.training` and `material.held_out`, planes in random order, until all are there or `enough()`."""
    planes = [(number, index) for number, corrected in enumerate(images) for index in corrected.planes()]
    pixels = 0
    limits: dict[tuple[int, ...], AnyLimits] = {}
    for position in generator.permutation(len(planes)):
        number, index = planes[int(position)]
        material.planes.append((number, index))
        image = images[number].seen_whole
        volume = (number, *volume_of(image.axes, index))
        if volume not in limits:  # of the whole plane or volume, as in segmentation, whatever part of it is used
            limits[volume] = images[number].view.limits_of(image, index, record.normalization)
        reader = _PlaneReader(images[number], index, record, limits[volume], material.survey, number)
        learn = material.split.training[number]
        score = material.split.held_out[number]
        if pixels < _MOST_PIXELS and (plane := reader.training_plane(learn, patch)) is not None:
            material.training.append(plane)
            pixels += plane.pixels.size
        if (held := reader.held_out_plane(score)) is not None:
            material.held_out.append(held)
        if (learned := reader.held_out_plane(learn)) is not None:
            material.learned.append(learned)
        if enough() and material.training and (material.held_out or not material.split.holds_out):
            break
    if not material.training:
        raise UserError(
            "What is marked as reviewed leaves nothing to learn from. Mark whole objects, with what surrounds them, "
            "as reviewed."
        )


class _PlaneReader:
    """One plane of a corrected image, cut, normalized and resampled as asked for."""

    def __init__(
        self,
        corrected: CorrectedImage,
        index: tuple[int, ...],
        record: ModelRecord,
        limits: AnyLimits,
        survey: Survey,
        number: int,
    ) -> None:
        self.record = record
        self.limits = limits
        self.number = number
        self.thresholds = corrected.view.thresholds
        self.class_weights = survey.class_weights
        self.pixels = corrected.image.plane(index)
        self.grey: tuple[npt.NDArray[Any], AnyLimits] | None = None
        if isinstance(corrected.image, ChannelStack):
            grey = grey_input(corrected.seen_whole)
            self.grey = (
                corrected.image.grey.plane(index),
                volume_limits(grey, index, record.normalization, corrected.view.inverted),
            )
        self.labels = np.asarray(corrected.labels[index])
        self.reviewed = np.asarray(corrected.reviewed[index], bool)
        self.predicted = corrected.prediction is not None
        self.changed = find_head(record).changed(corrected, index)
        self.diameter = survey.diameter(number) or record.diameter
        self.zoom = resampling_factor(record, self.diameter)

    def training_plane(self, learn: npt.NDArray[np.bool_], patch: int) -> TrainingPlane | None:
        """What is reviewed of the plane within the YX mask `learn`, with context for patches; None if nothing."""
        learn = learn & self.reviewed
        box = box_around(learn, round(0.75 * patch / self.zoom))
        if box is None:
            return None
        parts = (
            self._pixels(box), self._labels(box), self._mask(self.reviewed, box), self._mask(learn, box),
            self._mask(self.changed, box),
        )  # fmt: skip
        return TrainingPlane(*parts, predicted=self.predicted, class_weights=self.class_weights)

    def held_out_plane(self, score: npt.NDArray[np.bool_]) -> HeldOutPlane | None:
        """What is reviewed of the plane within the YX mask `score`, with context for the network; None if nothing."""
        score = score & self.reviewed
        context = max(self.record.architecture.receptive_radius / self.zoom, _CONTEXT * self.diameter)
        box = box_around(score, round(context))
        if box is None:
            return None
        labels = self.labels[box].astype(np.int32)
        grey = None if self.grey is None else (self.grey[0][box].copy(), self.grey[1])
        pixels = self.pixels[(..., *box)].copy()
        return HeldOutPlane(pixels, labels, score[box], self.limits, self.diameter, self.number, grey, self.thresholds)

    def _pixels(self, box: PlaneBox) -> npt.NDArray[np.float32]:
        values = normalize(self.pixels[(..., *box)], self.limits, self.record.normalization)
        planes = values.reshape(-1, *values.shape[-2:])
        resized: npt.NDArray[np.float32] = resample(planes, resampled_shape(values.shape, self.zoom))
        return resized if values.ndim == 3 else resized[0]

    def _labels(self, box: PlaneBox) -> npt.NDArray[np.int32]:
        return pick_nearest(self.labels[box], self.zoom).astype(np.int32)

    def _mask(self, mask: npt.NDArray[np.bool_], box: PlaneBox) -> npt.NDArray[np.bool_]:
        return pick_nearest(mask[box], self.zoom)


def box_around(mask: npt.NDArray[np.bool_], margin: int) -> PlaneBox | None:
    """The box of `mask` (Y, X) with `margin` pixels more on each side, as far as there are pixels."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return None
    y, x = (slice(max(0, int(at[0]) - margin), int(at[-1]) + 1 + margin) for at in (rows, columns))
    return y, x
