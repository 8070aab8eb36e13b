"""Measuring the objects of a plane that is too large for memory: block by block, each object in one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from napari_unet.labels.object_runs import find_runs
from napari_unet.labels.stacks.sections import Sections, measure_sections
from napari_unet.labels.types import Ints, Mask, PlaneBox

LARGE_PLANE = 2**26
"""Pixels from which a plane is measured in blocks."""
_SIDE = 2048


def measure_large_plane(plane: Any, number: int = 0, rows: Mask | None = None) -> Sections:
    """As `measure_sections`, of a plane (integers YX) of which no more is read at once than a block and its objects.

    An object is measured with the block that its box begins in. `rows` (Y,) says which may hold something (None: all).
    """
    ids, boxes = find_boxes(plane, rows)
    home = boxes[:, 0] // _SIDE * (-(-plane.shape[1] // _SIDE)) + boxes[:, 2] // _SIDE
    order = np.argsort(home, kind="stable")
    starts = np.flatnonzero(np.diff(home[order], prepend=-1))
    parts = []
    for own in np.split(order, starts[1:]) if order.size else ():
        low, high = boxes[own].min(axis=0), boxes[own].max(axis=0)
        top, left = max(0, int(low[0]) - 1), max(0, int(low[2]) - 1)  # their neighbours touch them there
        part = np.asarray(plane[top : int(high[1]) + 1, left : int(high[3]) + 1])
        found = measure_sections(part, number, origin=(top, left), shape=plane.shape)
        parts.append(found.take(np.isin(found.ids, ids[own])))
    return Sections.join(parts)


def find_boxes(plane: Any, rows: Mask | None = None) -> tuple[Ints, Ints]:
    """Ids (n,), rising, and boxes (n, 4: first row, last row + 1, first column, last column + 1) of all objects."""
    ids, boxes = [np.zeros(0, np.int64)], [np.zeros((0, 4), np.int64)]
    for high, wide in _blocks(plane.shape):
        if rows is not None and not rows[high].any():
            continue
        runs = find_runs(np.asarray(plane[high, wide]))
        ids.append(runs.objects)
        boxes.append(runs.boxes() + np.array([high.start, high.start, wide.start, wide.start]))
    known, at = np.unique(np.concatenate(ids), return_inverse=True)
    joined = np.zeros((known.size, 4), np.int64)
    joined[:, [0, 2]] = np.iinfo(np.int64).max
    every = np.concatenate(boxes)
    for side, join in enumerate((np.minimum, np.maximum, np.minimum, np.maximum)):
        join.at(joined[:, side], at, every[:, side])
    return known, joined


def _blocks(shape: tuple[int, ...]) -> Iterator[PlaneBox]:
    for top in range(0, shape[0], _SIDE):
        for left in range(0, shape[1], _SIDE):
            yield slice(top, min(top + _SIDE, shape[0])), slice(left, min(left + _SIDE, shape[1]))
