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
from napari_unet.labels.types import Mask, Place

FAINTEST = 0.08
"""Below this probability of being an object, at the click and around it, there is nothing to be grown."""
NEAR = 3
"""A click may miss the object by this many pixels."""
NOTHING = "The model sees no object here: draw its outline, or paint it."


def add_object(
    labels: npt.NDArray[Any],
    at: Place,
    maps: npt.NDArray[Any],
    corner: tuple[int, int],
    next_id: Callable[[], int],
    foreground_threshold: float = 0.5,
    seed_threshold: float = 0.5,
) -> Change:
    """A new object at `at`, where there is background, from the model's maps of the surroundings.

    Parameters
    ----------
    maps : array
        (1 to 3, Y, X) of a part of the plane, each 0 to 1: the probability of being an object, the object-normalized
        distance to its border, and the seams between objects.
    corner : tuple of int
        Row and column at which `maps` begins.

    Raises
    ------
    UserError
        If there is an object already, or the model sees none.
    """
    rows, columns = (slice(start, start + size) for start, size in zip(corner, maps.shape[-2:], strict=True))
    box = (*(slice(index, index + 1) for index in at[:-2]), rows, columns)
    old = labels[box]
    free = old.reshape(old.shape[-2:]) == 0
    place = (at[-2] - corner[0], at[-1] - corner[1])
    if not free[place]:
        raise UserError("There is an object already: delete it first, or redraw its outline.")
    mask = grow_from(maps.astype(np.float32), free, place, foreground_threshold, seed_threshold)
    return change_in_box(labels, box, np.where(mask, labels.dtype.type(next_id()), old))


def grow_from(
    maps: npt.NDArray[np.float32], free: Mask, place: tuple[int, int], foreground: float, seed: float
) -> Mask:
    """The object (bool, Y, X) at `place`: what is at least half as probable as its brightest pixel nearby."""
    probability = np.where(free, maps[0], 0)
    peak = _highest_near(probability, place)
    if peak < FAINTEST:
        raise UserError(NOTHING)
    # An object that was missed is one that the model is less sure of: the threshold goes down with its own peak.
    likely = probability > min(foreground, 0.5 * peak)
    component = _component_at(likely, place)
    if component is None:
        raise UserError(NOTHING)
    if len(maps) > 1:
        component = _part_at(component, core_map(maps), place, seed)
    return np.asarray(ndimage.binary_fill_holes(component)) & free


def core_map(maps: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Where the middle of objects is, from maps (2 or 3, Y, X): far from their borders, and on no seam."""
    distance: npt.NDArray[np.float32] = maps[1].astype(np.float32)
    if len(maps) > 2:
        distance *= 1 - maps[2].astype(np.float32)
    return distance


def _around(place: tuple[int, int], radius: int = NEAR) -> tuple[slice, slice]:
    return slice(max(0, place[0] - radius), place[0] + radius + 1), slice(
        max(0, place[1] - radius), place[1] + radius + 1
    )


def _highest_near(values: npt.NDArray[np.float32], place: tuple[int, int]) -> float:
    return float(values[_around(place)].max(initial=0))


def _component_at(mask: Mask, place: tuple[int, int]) -> Mask | None:
    """The connected pixels of `mask` that are nearest to `place`; None if none is near."""
    numbers, _ = ndimage.label(mask)
    number = _nearest(numbers, place)
    return None if number == 0 else np.asarray(numbers == number)


def _nearest(numbers: npt.NDArray[Any], place: tuple[int, int]) -> int:
    window = _around(place)
    rows, columns = np.nonzero(numbers[window])
    if not rows.size:
        return 0
    distances = np.hypot(rows + window[0].start - place[0], columns + window[1].start - place[1])
    nearest = int(distances.argmin())
    return int(numbers[window][rows[nearest], columns[nearest]])


def _part_at(component: Mask, distance: npt.NDArray[np.float32], place: tuple[int, int], threshold: float) -> Mask:
    """Of a component with several cores in the distance map, the part that `place` lies in."""
    inside = np.where(component, distance, 0)
    cores, count = ndimage.label(inside > min(threshold, 0.6 * float(inside.max())))
    if count < 2:
        return component
    sizes = np.bincount(cores.ravel())
    cores[(sizes < max(2, 0.02 * component.sum()))[cores]] = 0
    parts = watershed(-inside, cores, mask=component)
    number = _nearest(parts, place)
    return component if number == 0 else np.asarray(parts == number)
