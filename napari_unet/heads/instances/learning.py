"""What a plane of objects teaches: targets, weights, and where to look.

Objects that the edge of the reviewed region cuts are ignored, because nobody said where they end.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.heads.head import Centers, LearningMaps
from napari_unet.heads.instances.targets import border_weights, make_targets
from napari_unet.heads.instances.volume_learning import volume_centers, volume_maps
from napari_unet.heads.planes import CORRECTED_WEIGHT, TrainingPlane
from napari_unet.labels.regions import whole_objects

_BORDER_WEIGHT = 2.0  # as in base training
_SURROUNDINGS_WEIGHT = 0.25
"""Of background that came with a correction: who mends one object has not looked there for what the model missed."""
_NEAR = 3
"""Pixels around what was drawn that are background all the same: they say where it ends."""


def learning_maps(plane: TrainingPlane) -> LearningMaps:
    """Targets (3, Y, X): foreground, relative distance, seam; and weights (Y, X). Of a volume as `volume_maps`."""
    if plane.labels.ndim == 3:
        return volume_maps(plane, _weights)
    return LearningMaps(make_targets(plane.labels), _weights(plane))


def _weights(plane: TrainingPlane) -> npt.NDArray[np.float32]:
    """Loss weight (Y, X): 0 unknown, 1 confirmed, more where a correction was made."""
    whole = [label for label, _, _ in whole_objects(plane.labels, plane.reviewed)]
    cut = (plane.labels > 0) & ~np.isin(plane.labels, whole)
    weight = border_weights(plane.labels, w0=_BORDER_WEIGHT)
    corrected = ndimage.binary_dilation(plane.changed, iterations=2)
    weight[corrected] *= CORRECTED_WEIGHT
    if plane.predicted:
        near = ndimage.binary_dilation(plane.labels > 0, iterations=_NEAR)
        weight[~near & ~corrected] *= _SURROUNDINGS_WEIGHT
    known = plane.learn & ~cut if plane.unsure is None else plane.learn & ~cut & ~plane.unsure
    return np.where(known, weight, np.float32(0.0))


def centers(plane: TrainingPlane) -> Centers:
    """Places (n, 2) to cut patches around, and how often each (n,): objects, what was erased. Of a volume (n, 3)."""
    if plane.labels.ndim == 3:
        return volume_centers(plane, centers)
    places, shares = [], []
    drawn = set(np.unique(plane.labels[plane.changed]).tolist())
    for label, center, _ in whole_objects(plane.labels, plane.learn, share=0.5):
        places.append(center)
        shares.append(CORRECTED_WEIGHT if label in drawn else 1.0)
    erased = plane.changed & plane.learn & (plane.labels == 0)
    for center in _centers_of_pieces(erased) if erased.any() else ():
        places.append(center)
        shares.append(1.0)
    return np.array(places, float).reshape(-1, 2), np.array(shares, float)


def _centers_of_pieces(mask: npt.NDArray[np.bool_]) -> list[tuple[float, float]]:
    """Centres of mass of the connected pieces of a YX mask."""
    pieces, count = ndimage.label(mask)
    return [(float(y), float(x)) for y, x in ndimage.center_of_mass(mask, pieces, range(1, count + 1))]
