"""Adding the object that the model sees at a place, however faintly: it is grown from its probability map."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.segmentation import watershed  # type: ignore[attr-defined,unused-ignore]

from napari_unet.corrections.operations.change import (
    Change,
    change_in_box,
)
from napari_unet.errors import UserError
from napari_unet.labels.types import Box, Mask, Place

FAINTEST = 0.08
"""Below this probability of being an object, at the click and around it, there is nothing to be grown."""
NEAR = 3
"""A click may miss the object by this many pixels."""
NOTHING = "The model sees no object here: draw its outline, or paint it."


def add_object(
    labels: npt.NDArray[Any],
    at: Place,
    maps: npt.NDArray[Any],
    corner: Place,
    next_id: Callable[[], int],
    foreground_threshold: float = 0.5,
    seed_threshold: float = 0.5,
    flatness: float = 1.0,
) -> Change:
    """A new object at `at`, where there is background, from the model's maps of the surroundings.

    Parameters
    ----------
    maps : array
        (1 to 3, (Z,) Y, X) of a part of the plane, or of a stack, through whose slices the object is formed then; each
        0 to 1: the probability of being an object, the object-normalized distance to its border, and the seams between
        objects.
    corner : tuple of int
        (Slice,) row and column at which `maps` begins.
    flatness : float
        How many times as long along z as along y a voxel is.

    Raises
    ------
    UserError
        If there is an object already, or the model sees none.
    """
    n = len(corner)
    within = (slice(start, start + size) for start, size in zip(corner, maps.shape[1:], strict=True))
    box = (*(slice(index, index + 1) for index in at[:-n]), *within)
    old = labels[box]
    free = old.reshape(old.shape[-n:]) == 0
    place = tuple(index - start for index, start in zip(at[-n:], corner, strict=True))
    if not free[place]:
        raise UserError("There is an object already: delete it first, or redraw its outline.")
    mask = grow_from(maps.astype(np.float32), free, place, foreground_threshold, seed_threshold, flatness)
    return change_in_box(labels, box, np.where(mask, labels.dtype.type(next_id()), old))


def grow_from(
    maps: npt.NDArray[np.float32], free: Mask, place: Place, foreground: float, seed: float, flatness: float = 1.0
) -> Mask:
    """The object (bool, (Z,) Y, X) at `place`: what is at least half as probable as its brightest pixel nearby."""
    near = _around(place, flatness)
    probability = np.where(free, maps[0], 0)
    peak = float(probability[near].max(initial=0))
    if peak < FAINTEST:
        raise UserError(NOTHING)
    # An object that was missed is one that the model is less sure of: the threshold goes down with its own peak.
    likely = probability > min(foreground, 0.5 * peak)
    component = _component_at(likely, place, near)
    if component is None:
        raise UserError(NOTHING)
    if len(maps) > 1:
        component = _part_at(component, ~free, core_map(maps), place, near, seed)
    return np.asarray(ndimage.binary_fill_holes(component)) & free


def core_map(maps: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Where the middle of objects is, from maps (2 or 3, (Z,) Y, X): far from their borders, and on no seam."""
    distance: npt.NDArray[np.float32] = maps[1].astype(np.float32)
    if len(maps) > 2:
        distance *= 1 - maps[2].astype(np.float32)
    return distance


def _around(place: Place, flatness: float) -> Box:
    """As far around a place as a click may miss: the same way along z, in fewer slices where these are thick."""
    reach = (round(NEAR / flatness), NEAR, NEAR)[-len(place) :]
    return tuple(slice(max(0, at - far), at + far + 1) for at, far in zip(place, reach, strict=True))


def _component_at(mask: Mask, place: Place, near: Box) -> Mask | None:
    """The connected pixels of `mask` that are nearest to `place`; None if none is near."""
    numbers, _ = ndimage.label(mask)
    number = _nearest(numbers, place, near)
    return None if number == 0 else np.asarray(numbers == number)


def _nearest(numbers: npt.NDArray[Any], place: Place, near: Box) -> int:
    found = np.argwhere(numbers[near])
    if not len(found):
        return 0
    away = found + [part.start for part in near] - np.array(place)
    nearest = found[int((away**2).sum(axis=1).argmin())]
    return int(numbers[near][tuple(nearest)])


def _part_at(
    component: Mask, taken: Mask, distance: npt.NDArray[np.float32], place: Place, near: Box, threshold: float
) -> Mask:
    """Of a component with several cores in the distance map, the part that `place` lies in.

    What fades out around the objects that are there already (`taken`) is theirs: through a stack these seams would
    lead from one object to the next without end.
    """
    inside = np.where(component, distance, 0)
    cores, count = ndimage.label(inside > min(threshold, 0.6 * float(inside.max())))
    around = component.ndim == 3 and taken.any()
    if count == 0 or (count == 1 and not around):
        return component
    sizes = np.bincount(cores.ravel())
    cores[(sizes < max(2, 0.02 * component.sum()))[cores]] = 0
    if around:
        cores[taken] = count + 1
        inside = np.where(component | taken, distance, 0)
    parts = watershed(-inside, cores, mask=inside > 0 if around else component)
    number = _nearest(np.where(component, parts, 0), place, near)
    return component if number == 0 else np.asarray(component & (parts == number))
