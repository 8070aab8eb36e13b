"""Where an object is, found from one of its pixels without a look at the rest of the labels."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.editing import enclosing_box
from napari_unet.errors import UserError
from napari_unet.labels.types import Box, Place, Rectangle

Through = tuple[int, ...]
MARGIN = 8
"""How far, at least, an object may have moved from one slice to the next and still be found there, in pixels."""
NEAREST, FARTHEST = 24, 128
"""Pieces of an object are found within its own size from each other, but at least and at most this far, in pixels."""


def id_at(labels: npt.NDArray[Any], at: Place) -> int:
    """The id at a place; 0 outside of the labels."""
    inside = all(0 <= index < size for index, size in zip(at, labels.shape, strict=True))
    return int(labels[at]) if inside else 0


def object_box(labels: npt.NDArray[Any], at: Place, through: Through = (), margin: int = 0) -> Box:
    """A box that holds the object at `at`, with `margin` pixels around it in Y and X.

    It is followed along the axes `through`, from plane to neighbouring plane, as long as it is found near where it was.
    Raises `UserError` if there is no object.
    """
    object_id = id_at(labels, at)
    if object_id == 0:
        raise UserError("There is no object here: click one.")
    return box_of(follow_object(labels, object_id, at, through), labels.shape, margin)


def follow_object(
    labels: npt.NDArray[Any], object_id: int, at: Place, through: Through = ()
) -> dict[tuple[int, ...], Rectangle]:
    """The planes that the object reaches from `at`, each with its rectangle (row, row stop, column, column stop)."""
    plane, (row, column) = at[:-2], at[-2:]
    found = {plane: object_rectangle(labels[plane], object_id, row, column)}
    waiting = [plane] if through else []
    while waiting:
        here = waiting.pop()
        for neighbour in neighbours_of(here, through, labels.shape):
            if neighbour not in found:
                rectangle = find_near(labels[neighbour], object_id, found[here])
                if rectangle is not None:
                    found[neighbour] = rectangle
                    waiting.append(neighbour)
    return found


def object_rectangle(plane: npt.NDArray[Any], object_id: int, row: int, column: int) -> Rectangle:
    """The rectangle of an object from one of its pixels, with pieces that lie near but are not connected."""
    known = enclosing_box(plane, object_id, (row, row + 1, column, column + 1))
    while True:
        reach = min(FARTHEST, max(NEAREST, known[1] - known[0], known[3] - known[2]))
        found = find_near(plane, object_id, known, reach) or known
        both = (
            min(known[0], found[0]), max(known[1], found[1]), min(known[2], found[2]), max(known[3], found[3])
        )  # fmt: skip
        if both == known:
            return known
        known = both


def neighbours_of(plane: tuple[int, ...], through: Through, shape: tuple[int, ...]) -> Iterable[tuple[int, ...]]:
    """The planes before and after along each axis of `through`."""
    for axis in through:
        for position in (plane[axis] - 1, plane[axis] + 1):
            if 0 <= position < shape[axis]:
                yield (*plane[:axis], position, *plane[axis + 1 :])


def find_near(
    plane: npt.NDArray[Any], object_id: int, rectangle: Rectangle, reach: int | None = None
) -> Rectangle | None:
    """The object's rectangle in a YX plane, if some of it lies within `reach` of `rectangle`; else None."""
    top, bottom, left, right = rectangle
    reach = max(MARGIN, (bottom - top) // 2, (right - left) // 2) if reach is None else reach
    top, left = max(0, top - reach), max(0, left - reach)
    part = plane[top : bottom + reach, left : right + reach] == object_id
    rows, columns = np.flatnonzero(part.any(axis=1)), np.flatnonzero(part.any(axis=0))
    if not rows.size:
        return None
    around = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    return enclosing_box(plane, object_id, (top + around[0], top + around[1], left + around[2], left + around[3]))


def box_of(planes: dict[tuple[int, ...], Rectangle], shape: tuple[int, ...], margin: int = 0) -> Box:
    """The box around rectangles of planes, cut at the edges of labels of `shape`."""
    low, high = np.min(list(planes), axis=0), np.max(list(planes), axis=0)
    leading = [slice(int(first), int(last) + 1) for first, last in zip(low, high, strict=True)]
    top, bottom, left, right = np.array(list(planes.values())).T
    rows = slice(max(0, int(top.min()) - margin), min(shape[-2], int(bottom.max()) + margin))
    columns = slice(max(0, int(left.min()) - margin), min(shape[-1], int(right.max()) + margin))
    return (*leading, rows, columns)


def hull(boxes: Iterable[Box]) -> Box:
    """The box around several boxes."""
    parts = zip(*boxes, strict=True)
    return tuple(slice(min(p.start for p in axis), max(p.stop for p in axis)) for axis in map(list, parts))


def touched_objects(labels: npt.NDArray[Any], stroke: Iterable[Place], spare: Collection[int] = ()) -> dict[int, Place]:
    """The objects under a stroke in the order in which it meets them, each with the place where it does.

    A stroke is a list of places, which may lie apart: what lies on the straight line between two counts as touched.
    """
    places = np.array(along(list(stroke))).reshape(-1, labels.ndim)
    places = places[((places >= 0) & (places < labels.shape)).all(axis=1)]
    ids, first = np.unique(labels[tuple(places.T)], return_index=True)
    order = np.argsort(first)
    met = zip(ids[order].tolist(), places[first[order]].tolist(), strict=True)
    return {object_id: tuple(place) for object_id, place in met if object_id and object_id not in spare}


def along(stroke: list[Place]) -> list[Place]:
    """Every pixel on the straight lines between the places of a stroke, in order.

    Of two places in different slices there is nothing between that anybody saw: these two alone.
    """
    if len(stroke) < 2:
        return stroke
    places: dict[Place, None] = {}
    for start, end in pairwise(stroke):
        if start[:-2] != end[:-2]:
            places.update(dict.fromkeys((start, end)))
            continue
        steps = max(1, *(abs(b - a) for a, b in zip(start[-2:], end[-2:], strict=True)))
        line = np.rint(np.linspace(start[-2:], end[-2:], steps + 1)).astype(int).tolist()
        places.update(dict.fromkeys((*start[:-2], row, column) for row, column in line))
    return list(places)
