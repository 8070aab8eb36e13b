"""Polygons back to pixels: a pixel belongs to a polygon if its middle does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Doubles, Ints

_FARTHEST = 2**31

Shape = tuple[int, Sequence[npt.NDArray[Any]]]
"""An id and the rings (n, 2; x, y) of one object. Where rings of an object overlap, twice inside is outside."""


def fill_outlines(shapes: Sequence[Shape], plane: npt.NDArray[np.int32]) -> int:
    """Paint `shapes` into `plane` (YX), later ones over earlier ones; returns how many pixels were painted over.

    Raises `ValueError` for corners that are no numbers, or farther away than any image reaches.
    """
    height, width = plane.shape
    number, x0, y0, x1, y1 = _edges(shapes)
    low, high = np.minimum(y0, y1), np.maximum(y0, y1)
    first = np.clip(np.ceil(low - 0.5), 0, height).astype(np.int64)
    count = np.clip(np.ceil(high - 0.5), 0, height).astype(np.int64) - first
    edge = np.repeat(np.arange(number.size), count)
    rows = np.arange(edge.size) - np.repeat(np.cumsum(count) - count, count) + first[edge]
    slope = (x1 - x0)[edge] / (y1 - y0)[edge]
    crossing = x0[edge] + (rows + 0.5 - y0[edge]) * slope
    order = np.lexsort((crossing, rows, number[edge]))
    crossing, rows, owner = crossing[order], rows[order], number[edge][order]
    # every row crosses a closed outline an even number of times: from each odd crossing to the next is inside
    starts = np.clip(np.ceil(crossing[::2] - 0.5), 0, width).astype(np.int64)
    stops = np.clip(np.ceil(crossing[1::2] - 0.5), 0, width).astype(np.int64)
    return _paint(plane, owner[::2], rows[::2], starts, stops, np.array([label for label, _ in shapes], np.int32))


def _edges(shapes: Sequence[Shape]) -> tuple[Ints, Doubles, Doubles, Doubles, Doubles]:
    """Number of the shape, and both ends, of every edge that is not level."""
    rings = [(number, np.asarray(ring, np.float64)) for number, (_, rings) in enumerate(shapes) for ring in rings]
    rings = [(number, ring) for number, ring in rings if len(ring) > 2]
    if not rings:
        empty = np.zeros(0)
        return np.zeros(0, np.int64), empty, empty, empty, empty
    sizes = np.array([len(ring) for _, ring in rings])
    points = np.concatenate([ring for _, ring in rings])
    if not (np.abs(points) < _FARTHEST).all():  # nor is what is not a number
        raise ValueError("corners of outlines lie outside of any image")
    after = np.arange(len(points)) + 1
    after[np.cumsum(sizes) - 1] = np.cumsum(sizes) - sizes
    numbers = np.repeat([number for number, _ in rings], sizes).astype(np.int64)
    (x0, y0), (x1, y1) = points.T, points[after].T
    keep = y0 != y1
    return numbers[keep], x0[keep], y0[keep], x1[keep], y1[keep]


def _paint(
    plane: npt.NDArray[np.int32], owner: Ints, rows: Ints, starts: Ints, stops: Ints, ids: npt.NDArray[np.int32]
) -> int:
    """Set runs of pixels; returns how many had another id."""
    lengths = np.maximum(stops - starts, 0)
    run = np.repeat(np.arange(lengths.size), lengths)
    at = np.arange(run.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    at += rows[run] * plane.shape[1] + starts[run]
    flat, values = plane.reshape(-1), ids[owner[run]]
    before = flat[at]
    over = int(np.count_nonzero((before > 0) & (before != values)))
    flat[at] = values  # of a pixel in several shapes the last one stays
    _, counts = np.unique(at, return_counts=True)
    return over + int((counts - 1).sum())
