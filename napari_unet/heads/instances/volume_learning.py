"""What a volume of objects teaches a network of volumes, of which perhaps a few slices are reviewed.

Where an object is, is known of each reviewed slice by itself. How far its middle is, is known only of objects that are
known above and below, too: those that were reviewed whole, and those that go on beyond the reviewed slices as the model
had drawn them. The distance of others carries no loss.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.heads.head import Centers, LearningMaps
from napari_unet.heads.instances.targets import make_targets
from napari_unet.heads.planes import TrainingPlane
from napari_unet.labels.regions import WHOLE


def volume_maps(volume: TrainingPlane, weigh: Callable[[TrainingPlane], npt.NDArray[np.float32]]) -> LearningMaps:
    """Targets (4, Z, Y, X): foreground, distance in 3D, seam, and where the distance is known; weights (Z, Y, X).

    `weigh` says how much each pixel of a slice (Y, X) counts.
    """
    weights = np.zeros(volume.labels.shape, np.float32)
    for z in np.flatnonzero(volume.learn.any(axis=(1, 2))):
        weights[z] = weigh(volume.slice_at(int(z)))
    targets = make_targets(volume.labels, flatness=volume.flatness)
    known = find_known_extents(volume)
    return LearningMaps(np.concatenate([targets, known[None].astype(np.float32)]), weights)


def volume_centers(volume: TrainingPlane, centers: Callable[[TrainingPlane], Centers]) -> Centers:
    """Places (n, 3) to cut patches around, and how often each (n,): those that `centers` names in each slice."""
    places, shares = [np.zeros((0, 3))], [np.zeros(0)]
    for z in np.flatnonzero(volume.learn.any(axis=(1, 2))):
        found, often = centers(volume.slice_at(int(z)))
        places.append(np.column_stack([np.full(len(found), float(z)), found]))
        shares.append(often)
    return np.concatenate(places), np.concatenate(shares)


def find_known_extents(volume: TrainingPlane) -> npt.NDArray[np.bool_]:
    """Where (Z, Y, X) it is known how far the next border is, above and below too: True on the background."""
    known = np.ones(volume.labels.shape, bool)
    for label, box in enumerate(ndimage.find_objects(volume.labels), start=1):
        if box is None:
            continue
        around = (slice(max(0, box[0].start - 1), box[0].stop + 1), *box[1:])
        inside, reviewed = volume.labels[around] == label, volume.reviewed[around]
        if not _is_known(inside, reviewed, volume.predicted):
            known[box] &= volume.labels[box] != label
    return known


def _is_known(inside: npt.NDArray[np.bool_], reviewed: npt.NDArray[np.bool_], predicted: bool) -> bool:
    """Whether all of an object (Z, Y, X), given with a slice above and below it, is known or as the model drew it."""
    if not predicted and np.count_nonzero(inside & reviewed) < WHOLE * np.count_nonzero(inside):
        return False
    there: npt.NDArray[np.bool_] = np.asarray(inside.any(axis=(1, 2)))
    for z in np.flatnonzero(there):
        for other in (z - 1, z + 1):
            if not 0 <= other < len(there) or there[other]:
                continue  # the volume's end, or it goes on
            if not reviewed[z][inside[z]].any():
                continue  # it ends where the model said so
            if np.count_nonzero(reviewed[other] & inside[z]) < WHOLE * np.count_nonzero(inside[z]):
                return False  # it was drawn here, and nobody said whether it goes on
    return True
