"""Removing many objects at once: those at the border of the image, and those that are too small."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.operations.change import Change, change_in_box, join_changes
from napari_unet.corrections.operations.extent import (
    Through,
    box_of,
    follow_object,
)
from napari_unet.labels.object_index import ObjectIndex
from napari_unet.labels.types import PlaneIndex, Rectangle


def border_objects(plane: npt.NDArray[Any]) -> dict[int, tuple[int, int]]:
    """Ids in the first and last rows and columns of a YX plane, each with one pixel (row, column) where it is."""
    found: dict[int, tuple[int, int]] = {}
    for axis in (0, 1):
        for edge in (0, plane.shape[axis] - 1):
            ids, first = np.unique(plane.take(edge, axis), return_index=True)
            for object_id, index in zip(ids.tolist(), first.tolist(), strict=True):
                found.setdefault(object_id, (edge, index) if axis == 0 else (index, edge))
    found.pop(0, None)
    return found


def clear_border(
    labels: npt.NDArray[Any], planes: Iterable[PlaneIndex], through: Through = (), locked: Collection[int] = ()
) -> Change:
    """Make background of every object that touches the edge of the image in one of `planes`."""
    pieces: dict[tuple[PlaneIndex, int], Rectangle] = {}
    for plane in planes:
        for object_id, at in border_objects(labels[plane]).items():
            if object_id not in locked and (plane, object_id) not in pieces:
                found = follow_object(labels, object_id, (*plane, *at), through)
                pieces.update({(where, object_id): rectangle for where, rectangle in found.items()})
    return _delete(labels, pieces)


def small_objects(index: ObjectIndex, planes: Collection[PlaneIndex], smallest: float) -> dict[int, int]:
    """Ids of objects with fewer than `smallest` pixels in `planes` together, each with its number of pixels."""
    return {object_id: area for object_id, area in index.areas(planes).items() if area < smallest}


def remove_objects(
    labels: npt.NDArray[Any], index: ObjectIndex, planes: Collection[PlaneIndex], ids: Collection[int]
) -> Change:
    """Make background of all pixels of `ids` in `planes`, found by `index`, which is up to date with `labels`."""
    pieces = {
        (plane, object_id): rectangle for plane in planes for object_id, rectangle in index.rectangles(plane, ids)
    }
    return _delete(labels, pieces)


def _delete(labels: npt.NDArray[Any], pieces: dict[tuple[PlaneIndex, int], Rectangle]) -> Change:
    changes = []
    for (plane, object_id), rectangle in pieces.items():
        box = box_of({plane: rectangle}, labels.shape)
        old = labels[box]
        changes.append(change_in_box(labels, box, np.where(old == object_id, labels.dtype.type(0), old)))
    return join_changes(labels, changes, disjoint=True)  # a pixel belongs to one object
