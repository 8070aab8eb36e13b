"""Merging, deleting and renumbering whole objects."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.corrections.operations.change import (
    Change,
    change_in_box,
    join_changes,
)
from napari_unet.corrections.operations.extent import Through, hull, object_box, touched_objects
from napari_unet.errors import UserError
from napari_unet.labels.types import Box, Place

SEAM = 2
"""Background at most this far (pixels) from both of two merged objects is a seam between them, and is filled."""


def merge_objects(
    labels: npt.NDArray[Any], stroke: list[Place], through: Through = (), locked: Collection[int] = ()
) -> Change:
    """Give all objects that `stroke` touches the id of the first one, and fill thin seams between them.

    Raises `UserError` if it touches fewer than two objects that are not locked.
    """
    touched = touched_objects(labels, stroke, locked)
    if len(touched) < 2:
        raise UserError("Drag from one object to the other, or click both, to merge them.")
    target = next(iter(touched))
    boxes = {object_id: object_box(labels, at, through, SEAM) for object_id, at in touched.items()}
    whole = hull(boxes.values())
    if _volume(whole) > 4 * sum(map(_volume, boxes.values())):  # far apart: no seam, and no large box either
        return give_id(labels, [at for object_id, at in touched.items() if object_id != target], target, through)
    new = labels[whole].copy()
    for object_id, box in boxes.items():
        part = new[tuple(slice(b.start - w.start, b.stop - w.start) for b, w in zip(box, whole, strict=True))]
        part[part == object_id] = target
    seam = _seams(labels[whole], list(touched)) & (labels[whole] == 0)
    new[seam] = target
    return change_in_box(labels, whole, new)


def _volume(box: Box) -> int:
    return int(np.prod([part.stop - part.start for part in box]))


def _seams(part: npt.NDArray[Any], ids: list[int]) -> npt.NDArray[np.bool_]:
    """Pixels within `SEAM` of at least two of the objects, in the plane."""
    cross = ndimage.generate_binary_structure(2, 1)[(None,) * (part.ndim - 2)]
    near = np.zeros(part.shape, np.uint8)
    for object_id in ids:
        near += ndimage.binary_dilation(part == object_id, cross, iterations=SEAM)
    return near >= 2


def delete_objects(
    labels: npt.NDArray[Any], stroke: Iterable[Place], through: Through = (), locked: Collection[int] = ()
) -> Change:
    """Make background of all objects that `stroke` touches."""
    return give_id(labels, touched_objects(labels, stroke, locked).values(), 0, through)


def give_id(labels: npt.NDArray[Any], places: Iterable[Place], new_id: int, through: Through = ()) -> Change:
    """Give the objects at `places` the id `new_id`."""
    changes = []
    for at in places:
        box = object_box(labels, at, through)
        old = labels[box]
        changes.append(change_in_box(labels, box, np.where(old == labels[at], labels.dtype.type(new_id), old)))
    return join_changes(labels, changes)


def renumber_object(labels: npt.NDArray[Any], at: Place, next_id: Callable[[], int], through: Through = ()) -> Change:
    """Give the object at `at` a free id: an object of its own in this plane, or along `through`."""
    object_box(labels, at)
    return give_id(labels, [at], next_id(), through)


def swap_ids(labels: npt.NDArray[Any], first: Place, second: Place, through: Through = ()) -> Change:
    """Exchange the ids of two objects; raises `UserError` if the places are not in two objects."""
    ids = [int(labels[at]) for at in (first, second)]
    if 0 in ids or ids[0] == ids[1]:
        raise UserError("Click two different objects to swap their ids.")
    changes = [give_id(labels, [at], other, through) for at, other in ((first, ids[1]), (second, ids[0]))]
    return join_changes(labels, changes)
