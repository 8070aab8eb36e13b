"""Objects that vanish between slices or frames: what a neighbouring plane has in their place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.object_runs import (
    find_overlaps,
)
from napari_unet.labels.types import Doubles, Ints, PlaneBox, PlaneIndex

_COVERED = 0.3
"""Share of an object that one object of another plane has to cover to be the same object there."""
BROKEN_LINK = 0.7
"""An object goes on in the next slice, under another id."""
COMES_OR_GOES = 0.5
"""An object has no partner in the frame before or after, away from the border: cells move in and out, and divide."""


def neighbour_axis(axes: str) -> int | None:
    """The axis (of the axes before YX) along which objects go on: slices, or else frames; None for a single image."""
    return len(axes) - 3 if len(axes) > 2 else None


def measure_breaks(
    labels: npt.NDArray[Any],
    axes: str,
    plane: PlaneIndex,
    objects: Ints,
    area: Doubles,
    on_border: npt.NDArray[np.bool_],
    region: PlaneBox = (slice(None), slice(None)),
) -> Doubles:
    """How suddenly each of `objects` of one plane begins or ends, 0 to 1.

    1: it is in this slice or frame only, or vanishes for one slice or frame and comes back. `BROKEN_LINK` (slices):
    what goes on next to it has another id. `COMES_OR_GOES` (frames): no partner before or after, away from the border.

    Parameters
    ----------
    labels : array
        Integers with `axes` out of "TZYX". Planes without any object count as not segmented.
    objects, area, on_border
        Sorted ids in the plane, their pixels, and whether the image's border cuts them.
    region
        Rows and columns to look at; it has to hold all of `objects`.
    """
    broken = np.zeros(objects.size)
    axis = neighbour_axis(axes)
    if axis is None or not objects.size:
        return broken
    here = labels[plane][region]
    sides = [_side(labels, plane, axis, step, region) for step in (-1, 1)]
    partners = [[_partners(here, other, objects, area) for other in side] for side in sides]
    alone = np.ones(objects.size, np.bool_)
    for side in partners:
        if side:
            missing = side[0] == 0
            alone &= missing
            if len(side) > 1:
                broken[missing & (side[1] > 0)] = 1.0
            if axes[axis] == "Z":
                broken[~missing & (side[0] != objects)] = np.maximum(broken, BROKEN_LINK)[
                    ~missing & (side[0] != objects)
                ]
            else:
                gone = missing & ~on_border
                broken[gone] = np.maximum(broken[gone], COMES_OR_GOES)
    if any(partners):
        broken[alone] = 1.0
    return broken


def _side(
    labels: npt.NDArray[Any], plane: PlaneIndex, axis: int, step: int, region: PlaneBox
) -> Sequence[npt.NDArray[Any]]:
    """The next plane and the one after it, in one direction, as far as there are any with objects."""
    found = []
    for distance in (1, 2):
        position = plane[axis] + step * distance
        if not 0 <= position < labels.shape[axis]:
            break
        other = labels[(*plane[:axis], position, *plane[axis + 1 :])]
        if not other.any():
            break
        found.append(other[region])
    return found


def _partners(here: npt.NDArray[Any], other: npt.NDArray[Any], objects: Ints, area: Doubles) -> Ints:
    """For each of `objects` the id in `other` that covers most of it, 0 if none covers enough."""
    ids, others, shared = find_overlaps(here, other)
    partner = np.zeros(objects.size, np.int64)
    at = np.minimum(np.searchsorted(objects, ids), objects.size - 1)
    known = objects[at] == ids  # the region may show other objects too
    at, others, shared = at[known], others[known], shared[known]
    enough = shared >= _COVERED * area[at]
    order = np.argsort(shared[enough], kind="stable")  # the largest comes last, and stays
    partner[at[enough][order]] = others[enough][order]
    return partner
