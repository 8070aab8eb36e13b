"""What was reviewed of classes: painted values are classes, and what is counted are places, not objects.

A place is what one class covers of one cell of a grid. Places take the part that objects have elsewhere: some are held
out, apart from the others in space, and chance is told by drawing them anew. No torch here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.heads.survey import ReviewedImage, ReviewedObject, Survey

CELL = 32
"""Pixels a side of the grid's cells: small enough for many places in one image, large against a pixel's neighbours."""
_SMALLEST = 16  # pixels that make a place
_LARGEST_WEIGHT = 5.0


@dataclass(frozen=True)
class ClassSurvey(Survey):
    """Places instead of objects; `pixels` has how many pixels of each class are reviewed."""

    pixels: tuple[int, ...] = ()
    noun: ClassVar[str] = "place"

    def diameter(self, image: int) -> float | None:
        """None: classes have no size of their own."""
        return None

    def gap(self, image: int) -> float:
        """Pixels between what is learned from and what is held out."""
        return float(CELL)

    @property
    def class_weights(self) -> tuple[float, ...]:
        """How much a pixel of each class counts, so that a rare one is learned too: 1 for a class of mean frequency."""
        counts = np.array(self.pixels, float)
        seen = counts[counts > 0]
        rare = np.sqrt(seen.mean() / np.maximum(counts, 1.0)) if seen.size else np.ones_like(counts)
        return tuple(float(weight) for weight in np.clip(rare, 1 / _LARGEST_WEIGHT, _LARGEST_WEIGHT))


def survey_classes(images: Sequence[ReviewedImage], class_names: Sequence[str]) -> ClassSurvey:
    """List the reviewed places of all images, plane by plane.

    Raises
    ------
    UserError
        If a value is painted for which there is no class.
    """
    n = len(class_names)
    places: list[ReviewedObject] = []
    pixels = np.zeros(n, np.int64)
    for number, corrected in enumerate(images):
        for index in corrected.planes():
            labels, reviewed = np.asarray(corrected.labels[index]), np.asarray(corrected.reviewed[index], bool)
            _check_values(labels[reviewed], class_names, corrected.name)
            predicted = labels if corrected.prediction is None else np.asarray(corrected.prediction[index])
            pixels += np.bincount(labels[reviewed].astype(np.int64), minlength=n)
            for place, center, area, corrected_there in _places(labels, reviewed, predicted, n):
                places.append(ReviewedObject(number, index, place, center, area, corrected_there, (place - 1) % n))
    seen = np.flatnonzero(pixels)
    if len(seen) == 1:
        name = class_names[int(seen[0])]
        raise UserError(
            f"Only the class {name} is reviewed so far. Mark some of another class as reviewed too, of the background "
            "for example, so that there is something to tell it from."
        )
    return ClassSurvey(tuple(places), (), int(pixels.sum()), tuple(int(count) for count in pixels))


def place_ids(labels: npt.NDArray[Any], region: npt.NDArray[np.bool_], n_classes: int) -> npt.NDArray[np.int64]:
    """An id (Y, X) for each cell and class within `region`, 0 elsewhere; the same in all planes of an image."""
    rows, columns = (np.arange(size) // CELL for size in labels.shape)
    cells = rows[:, None] * (columns[-1] + 1) + columns
    return np.where(region, cells * n_classes + labels + 1, 0)


def _places(
    labels: npt.NDArray[Any], reviewed: npt.NDArray[np.bool_], predicted: npt.NDArray[Any], n_classes: int
) -> list[tuple[int, tuple[float, float], int, bool]]:
    """Id, centre (y, x), area, and whether it was corrected, of the places of a YX plane."""
    at = np.nonzero(reviewed)
    ids, inverse = np.unique(place_ids(labels, reviewed, n_classes)[at], return_inverse=True)
    area = np.bincount(inverse)
    y, x = (np.bincount(inverse, weights=where) / area for where in at)
    changed = np.bincount(inverse, weights=(labels != predicted)[at])
    return [
        (int(ids[i]), (float(y[i]), float(x[i])), int(area[i]), bool(changed[i] * 20 > area[i]))
        for i in np.flatnonzero(area >= _SMALLEST)
    ]


def _check_values(values: npt.NDArray[Any], class_names: Sequence[str], name: str) -> None:
    highest = int(values.max(initial=0))
    if highest >= len(class_names):
        known = ", ".join(f"{value} {word}" for value, word in enumerate(class_names))
        raise UserError(
            f"{name}: the value {highest} is painted, and the model knows the classes {known}. Paint with these "
            "values, or make a new model with more classes (Models > New model..., or napari-unet models new)."
        )
