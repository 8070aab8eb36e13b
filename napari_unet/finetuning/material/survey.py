"""Which objects were reviewed, and which of them were corrected. No torch here: the window counts with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.comparison import compare_labels
from napari_unet.labels.ids import object_boxes
from napari_unet.labels.regions import whole_objects

if TYPE_CHECKING:
    from napari_unet.corrections.corrected_image import CorrectedImage

_ESTIMATE = 5.0  # reviewed objects: what an estimate of the object size counts as much as


@dataclass(frozen=True)
class ReviewedObject:
    """One reviewed outline: an object in one plane. Places are in pixels of the image; `kind` is its class, if any."""

    image: int
    plane: tuple[int, ...]
    label: int
    center: tuple[float, float]
    area: int
    corrected: bool
    kind: int = 0

    @property
    def diameter(self) -> float:
        """Of the circle of the same area."""
        return float(2.0 * np.sqrt(self.area / np.pi))


@dataclass(frozen=True)
class Survey:
    """All that was reviewed. `removed` are the places (image, plane, center) of predicted objects that were deleted.

    For each image, `said` is its object diameter where somebody said it, and `estimated` where the model estimated it.
    """

    objects: tuple[ReviewedObject, ...]
    removed: tuple[tuple[int, tuple[int, ...], tuple[float, float]], ...]
    n_reviewed_pixels: int
    said: tuple[float | None, ...] = field(default=(), kw_only=True)
    estimated: tuple[float | None, ...] = field(default=(), kw_only=True)
    noun = "object"

    @property
    def n_images(self) -> int:
        """Images with at least one correction or confirmed object."""
        return len({found.image for found in self.objects} | {image for image, _, _ in self.removed})

    @property
    def n_objects(self) -> int:
        """Objects, each counted once however many planes it runs through."""
        return len({(found.image, found.label) for found in self.objects})

    @property
    def n_corrected(self) -> int:
        """Objects with a correction in at least one plane, removed ones included."""
        drawn = {(found.image, found.label) for found in self.objects if found.corrected}
        return len(drawn) + len(self.removed)

    @property
    def only_removed(self) -> bool:
        """Whether predicted objects were deleted, and nothing else was corrected."""
        return self.n_corrected == len(self.removed) > 0

    @property
    def n_confirmed(self) -> int:
        """Objects that were looked at and left as they were."""
        drawn = {(found.image, found.label) for found in self.objects if found.corrected}
        return self.n_objects - len(drawn)

    def diameter(self, image: int) -> float | None:
        """How large objects are in `image`, in its pixels, at which the model learns and is scored.

        As somebody said it, or the median of the reviewed objects (those of all images if it has none). Who corrects
        picks what is wrong, small objects perhaps because they are missed: the fewer are reviewed, the more counts what
        was estimated.
        """
        if said := _at(self.said, image):
            return said
        mine = [found.diameter for found in self.objects if found.image == image]
        every = mine or [found.diameter for found in self.objects]
        if not every:
            return None
        median, estimate = float(np.median(every)), _at(self.estimated, image)
        if not mine or not estimate:
            return median
        trust = len(mine) / (len(mine) + _ESTIMATE)
        return float(median**trust * estimate ** (1 - trust))

    def gap(self, image: int) -> float:
        """Pixels between what is learned from and what is held out: an object's width."""
        return self.diameter(image) or 0.0


def survey_reviewed(images: Sequence[CorrectedImage]) -> Survey:
    """List the reviewed objects of all images, plane by plane."""
    objects: list[ReviewedObject] = []
    removed: list[tuple[int, tuple[int, ...], tuple[float, float]]] = []
    pixels = 0
    for number, corrected in enumerate(images):
        for index in corrected.planes():
            labels = np.asarray(corrected.labels[index])
            reviewed = np.asarray(corrected.reviewed[index], dtype=bool)
            predicted = None if corrected.prediction is None else np.asarray(corrected.prediction[index])
            pixels += int(np.count_nonzero(reviewed))
            changed, gone = _changes(predicted, labels, reviewed)
            removed += [(number, index, center) for center in gone]
            objects += [
                ReviewedObject(number, index, label, center, area, label in changed)
                for label, center, area in whole_objects(labels, reviewed)
            ]
    said = tuple(None if one.diameter_estimated else one.diameter for one in images)
    estimated = tuple(one.diameter if one.diameter_estimated else None for one in images)
    return Survey(tuple(objects), tuple(removed), pixels, said=said, estimated=estimated)


def _at(values: Sequence[float | None], number: int) -> float | None:
    return values[number] if number < len(values) else None


def _changes(
    predicted: npt.NDArray[Any] | None, labels: npt.NDArray[Any], reviewed: npt.NDArray[np.bool_]
) -> tuple[frozenset[int], list[tuple[float, float]]]:
    """Ids that were drawn, and the centres of predicted objects that were removed, in one YX plane."""
    if predicted is None:
        return frozenset(), []
    comparison = compare_labels(predicted, labels, reviewed)
    if not comparison.removed:
        return comparison.changed, []
    boxes = object_boxes(predicted)
    found = [boxes[label] for label in sorted(comparison.removed)]
    centers = [((y.start + y.stop - 1) / 2, (x.start + x.stop - 1) / 2) for y, x in found]
    return comparison.changed, centers
