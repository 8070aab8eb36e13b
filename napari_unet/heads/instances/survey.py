"""Which objects were reviewed, and which of them were corrected. No torch here: the window counts with it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_unet.heads.survey import ReviewedImage, ReviewedObject, Survey
from napari_unet.labels.ids import object_boxes
from napari_unet.labels.regions import whole_objects, widest_slice
from napari_unet.labels.types import PlaneIndex


def survey_reviewed(images: Sequence[ReviewedImage]) -> Survey:
    """List the reviewed objects of all images, plane by plane."""
    objects: list[ReviewedObject] = []
    removed: list[tuple[int, tuple[int, ...], tuple[float, float]]] = []
    seen, known = [0] * len(images), [0] * len(images)  # pixels of planes with something reviewed; of these, reviewed
    for number, corrected in enumerate(images):
        for index in corrected.planes():
            labels = np.asarray(corrected.labels[index])
            reviewed = np.asarray(corrected.reviewed[index], dtype=bool)
            known[number] += int(np.count_nonzero(reviewed))
            seen[number] += reviewed.size
            changed, gone = _changes(corrected, index)
            removed += [(number, index, center) for center in gone]
            for label, center, area in whole_objects(labels, reviewed):
                widest = _widest(corrected, index, label, center, area)
                objects.append(ReviewedObject(number, index, label, center, area, label in changed, widest=widest))
    said = tuple(None if one.view.estimated else one.view.diameter for one in images)
    estimated = tuple(one.view.diameter if one.view.estimated else None for one in images)
    shares = tuple(part / whole if whole else None for part, whole in zip(known, seen, strict=True))
    return Survey(tuple(objects), tuple(removed), sum(known), said=said, estimated=estimated, shares=shares)


def _widest(image: ReviewedImage, index: PlaneIndex, label: int, center: tuple[float, float], area: int) -> int:
    """The area of an object in its widest slice; 0 where there are no slices."""
    if "Z" not in image.axes:
        return 0
    return widest_slice(image.labels[index[:-1]], index[-1], label, center, area)


def _changes(image: ReviewedImage, index: tuple[int, ...]) -> tuple[frozenset[int], list[tuple[float, float]]]:
    """Ids that were drawn, and the centres of predicted objects that were removed, in one YX plane."""
    if image.prediction is None:
        return frozenset(), []
    changes = image.compare(index)
    if not changes.removed:
        return changes.changed, []
    boxes = object_boxes(np.asarray(image.prediction[index]))
    found = [boxes[label] for label in sorted(changes.removed)]
    centers = [((y.start + y.stop - 1) / 2, (x.start + x.stop - 1) / 2) for y, x in found]
    return changes.changed, centers
