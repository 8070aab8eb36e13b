"""Carrying an object from slice to slice: copied to the next one, or filled in between two."""

from __future__ import annotations

from typing import Any

import edt
import numpy as np
import numpy.typing as npt

from napari_unet.corrections.editing import enclosing_box
from napari_unet.corrections.operations.change import (
    Change,
    change_in_box,
    join_changes,
)
from napari_unet.corrections.operations.extent import (
    box_of,
    find_near,
    id_at,
)
from napari_unet.errors import UserError
from napari_unet.labels.types import Box, Mask, Place, Rectangle


def copy_to_slice(labels: npt.NDArray[Any], at: Place, axis: int, step: int = 1) -> Change:
    """Put the object at `at` into the plane `step` further along `axis`, with its id, where there is background.

    What it has there already stays. Raises `UserError` if there is no object, or no such plane.
    """
    position = at[axis] + step
    if not 0 <= position < labels.shape[axis]:
        raise UserError("There is no slice beyond this one.")
    rectangle, object_id = _rectangle(labels, at)
    source = box_of({at[:-2]: rectangle}, labels.shape)
    target = (*source[:axis], slice(position, position + 1), *source[axis + 1 :])
    old = labels[target]
    return change_in_box(labels, target, np.where((labels[source] == object_id) & (old == 0), object_id, old))


def interpolate_object(labels: npt.NDArray[Any], at: Place, axis: int) -> Change:
    """Fill the slices along `axis` between the object at `at` and where its id is found next, before and after.

    Shapes in between are those of the interpolated signed distance to the outline (Raya and Udupa 1990); other objects
    keep their pixels. Raises `UserError` if its id is in no other slice nearby, or in the next ones already.
    """
    rectangle, _ = _rectangle(labels, at)
    changes = []
    for step in (-1, 1):
        other = _next_with(labels, at, rectangle, axis, step)
        if other is not None and abs(other[0] - at[axis]) > 1:
            changes.append(_fill_between(labels, at, rectangle, *other, axis))
    if not changes:
        raise UserError(
            "There is nothing to fill: draw the object with the same id in another slice, leaving slices between empty."
        )
    return join_changes(labels, changes)


def _rectangle(labels: npt.NDArray[Any], at: Place) -> tuple[Rectangle, int]:
    object_id = id_at(labels, at)
    if object_id == 0:
        raise UserError("There is no object here: click one.")
    row, column = at[-2:]
    return enclosing_box(labels[at[:-2]], object_id, (row, row + 1, column, column + 1)), object_id


def _next_with(
    labels: npt.NDArray[Any], at: Place, rectangle: Rectangle, axis: int, step: int
) -> tuple[int, Rectangle] | None:
    """The nearest plane in a direction that has the object near where it was, and where there."""
    position = at[axis] + step
    while 0 <= position < labels.shape[axis]:
        plane = (*at[:axis], position, *at[axis + 1 : -2])
        found = find_near(labels[plane], id_at(labels, at), rectangle)
        if found is not None:
            return position, found
        position += step
    return None


def _fill_between(
    labels: npt.NDArray[Any], at: Place, rectangle: Rectangle, position: int, found: Rectangle, axis: int
) -> Change:
    other = (*at[:axis], position, *at[axis + 1 : -2])
    box = box_of({at[:-2]: rectangle, other: found}, labels.shape, margin=1)
    object_id = labels[at]
    ends = [signed_distance(_plane(labels, box, axis, index) == object_id) for index in (at[axis], position)]
    new = labels[box].copy()
    first = box[axis].start
    for index in range(min(at[axis], position) + 1, max(at[axis], position)):
        weight = (index - at[axis]) / (position - at[axis])
        inside = (1 - weight) * ends[0] + weight * ends[1] > 0
        plane = new.take(index - first, axis).reshape(inside.shape)
        key = tuple(slice(index - first, index - first + 1) if i == axis else slice(None) for i in range(new.ndim))
        new[key] = np.where(inside & (plane == 0), object_id, plane).reshape(new[key].shape)
    return change_in_box(labels, box, new)


def _plane(labels: npt.NDArray[Any], box: Box, axis: int, index: int) -> npt.NDArray[Any]:
    plane = labels[(*box[:axis], slice(index, index + 1), *box[axis + 1 :])]
    return plane.reshape(plane.shape[-2:])


def signed_distance(mask: Mask) -> npt.NDArray[np.float32]:
    """Distance to the outline of a mask (Y, X): positive inside, negative outside."""
    inside, outside = (edt.edt(np.pad(part, 1, constant_values=bool(edge)))[1:-1, 1:-1]
                       for part, edge in ((mask, False), (~mask, True)))  # fmt: skip
    return np.asarray(inside - outside, np.float32)
