"""What a plane of classes teaches: shares of classes, weights, and where to look."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.heads.head import Centers, LearningMaps
from napari_unet.heads.planes import CORRECTED_WEIGHT, TrainingPlane
from napari_unet.heads.semantic.survey import place_ids


def learning_maps(plane: TrainingPlane) -> LearningMaps:
    """Targets (classes, Y, X): 1 where a pixel is of the class; and weights (Y, X)."""
    labels = _known(plane)
    classes = np.arange(len(plane.class_weights))[:, None, None]
    weight = np.array(plane.class_weights, np.float32)[labels]
    weight[ndimage.binary_dilation(plane.changed, iterations=2)] *= CORRECTED_WEIGHT
    return LearningMaps(np.asarray(classes == labels, np.float32), np.where(plane.learn, weight, np.float32(0.0)))


def centers(plane: TrainingPlane) -> Centers:
    """Middles (n, 2) of the reviewed places; all classes get as many patches, corrected places more."""
    n, at = len(plane.class_weights), np.nonzero(plane.learn)
    ids, inverse = np.unique(place_ids(_known(plane), plane.learn, n)[at], return_inverse=True)
    area = np.bincount(inverse)
    places = np.stack([np.bincount(inverse, weights=where) / area for where in at], axis=1)
    kinds = (ids - 1) % n
    shares = 1.0 / np.bincount(kinds, minlength=n)[kinds]
    changed = np.bincount(inverse, weights=plane.changed[at]) > 0
    return places.reshape(-1, 2), np.where(changed, CORRECTED_WEIGHT * shares, shares)


def _known(plane: TrainingPlane) -> npt.NDArray[np.int32]:
    """Labels where they are learned from: what nobody reviewed may hold anything, ids of objects too."""
    return np.where(plane.learn, plane.labels, 0)
