"""What a drawn outline makes: a new object, another shape of one that is there, or nothing where it erases."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import numpy.typing as npt
from skimage.draw import polygon

from napari_unet.corrections.editing import enclosing_box
from napari_unet.corrections.operations.change import (
    Change,
    change_in_box,
)
from napari_unet.corrections.operations.extent import hull
from napari_unet.errors import UserError
from napari_unet.labels.ids import object_sizes
from napari_unet.labels.types import Box, Mask, Place

_SMALLEST = 4  # pixels


def draw_object(
    labels: npt.NDArray[Any], outline: list[Place], next_id: Callable[[], int], locked: Collection[int] = ()
) -> Change:
    """The inside of `outline` (places in one plane) as an object; other objects keep their pixels.

    It is another shape of the object (`redrawn_object`) that it mostly covers, or else a new object. Raises `UserError`
    if the outline holds no free pixel.
    """
    plane = outline[0][:-2]
    rectangle, inside = _fill(outline, labels.shape)
    part = labels[plane][rectangle]
    object_id = redrawn_object(labels[plane], rectangle, inside, locked)
    if object_id is None and (inside & (part == 0)).sum() < _SMALLEST:
        raise UserError("Draw the outline round a place where no other object is.")
    box = (*(slice(at, at + 1) for at in plane), *rectangle)
    if object_id is None:
        object_id = next_id()
    else:
        row, column = np.argwhere(part == object_id)[0] + [rectangle[0].start, rectangle[1].start]
        around = enclosing_box(labels[plane], object_id, (row, row + 1, column, column + 1))
        box = hull([box, (*box[:-2], slice(*around[:2]), slice(*around[2:]))])
    return change_in_box(labels, box, _redrawn(labels[box], object_id, inside, rectangle, box))


def erase_inside(labels: npt.NDArray[Any], outline: list[Place]) -> Change:
    """Make background of everything inside `outline` (places in one plane)."""
    rectangle, inside = _fill(outline, labels.shape)
    box = (*(slice(at, at + 1) for at in outline[0][:-2]), *rectangle)
    old = labels[box]
    return change_in_box(labels, box, np.where(inside, labels.dtype.type(0), old))


def redrawn_object(
    plane: npt.NDArray[Any], rectangle: tuple[slice, slice], inside: Mask, locked: Collection[int] = ()
) -> int | None:
    """The id of the object that a drawn shape redraws: most of the object lies inside, or it fills most of the shape.

    None: the shape is a new object. `inside` (bool) is the shape within `rectangle` of the YX `plane`.
    """
    covered = plane[rectangle][inside]
    counts = object_sizes(covered)
    for object_id in sorted(counts, key=lambda key: (-counts[key], key)):
        if object_id in locked:
            continue
        share = counts[object_id] / inside.sum()
        if share > 0.5 or counts[object_id] > 0.5 * _area(plane, object_id, rectangle, inside):
            return int(object_id)
    return None


def _area(plane: npt.NDArray[Any], object_id: int, rectangle: tuple[slice, slice], inside: Mask) -> int:
    row, column = np.argwhere(inside & (plane[rectangle] == object_id))[0]
    row, column = int(row) + rectangle[0].start, int(column) + rectangle[1].start
    top, bottom, left, right = enclosing_box(plane, object_id, (row, row + 1, column, column + 1))
    return int((plane[top:bottom, left:right] == object_id).sum())


def _fill(outline: list[Place], shape: tuple[int, ...]) -> tuple[tuple[slice, slice], Mask]:
    """Rows and columns around an outline, and the pixels inside it (on it, too)."""
    points = np.array([place[-2:] for place in outline], float)
    low = np.maximum(points.min(axis=0), 0).astype(int)
    high = np.minimum(points.max(axis=0) + 1, shape[-2:]).astype(int)
    if len(points) < 3 or (high - low < 2).any():
        raise UserError("Draw a closed line round the object.")
    inside = np.zeros(tuple(high - low), np.bool_)
    rows, columns = (points - low).T
    inside[polygon(rows, columns, inside.shape)] = True
    if inside.sum() < _SMALLEST:
        raise UserError("Draw a closed line round the object.")
    return (slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))), inside


def _redrawn(old: npt.NDArray[Any], object_id: int, inside: Mask, rectangle: Box, box: Box) -> npt.NDArray[Any]:
    wanted = np.zeros(old.shape, np.bool_)
    rows, columns = (slice(r.start - b.start, r.stop - b.start) for r, b in zip(rectangle, box[-2:], strict=True))
    wanted[..., rows, columns] = inside
    new = old.copy()
    new[(old == object_id) & ~wanted] = 0
    new[wanted & (old == 0)] = object_id
    return new
