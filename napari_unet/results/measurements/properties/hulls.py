"""Convex hulls of all objects of a plane at once: convex area and the longest diameter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Doubles, Ints
from napari_unet.results.measurements.tiles import MeasuredTile


@dataclass(frozen=True, eq=False)
class _Chain:
    """Corners of one side of each hull, from top to bottom: owner, y and x, in half pixels."""

    owner: Ints
    y: Ints
    x: Ints


class Hulls:
    """The hull of each object, gathered as the hulls of its parts; `spacing` is the pixel size (y, x)."""

    def __init__(self, spacing: tuple[float, float]) -> None:
        self._spacing = spacing
        self._sides: dict[int, list[_Chain]] = {1: [], -1: []}  # left, and right, which is the left of the mirrored

    def add(self, tile: MeasuredTile) -> None:
        runs = tile.runs
        if not runs.objects.size:
            return
        y = tile.run_places[:, -1]
        small = runs.owner.astype(np.uint16) if runs.objects.size < 2**16 else runs.owner
        order = np.argsort(small, kind="stable")  # rows stay in order; 16 bits are sorted in linear time
        owner, y = runs.owner[order], y[order]
        starts, stops = (place[order] + tile.origin[-1] for place in (runs.starts, runs.stops))
        fresh = np.ones(owner.size + 1, np.bool_)
        fresh[1:-1] = (owner[1:] != owner[:-1]) | (y[1:] != y[:-1])
        first, last = fresh[:-1], fresh[1:]
        for sign, side in ((1, _corners(owner[first], y[first], starts[first])),
                           (-1, _corners(owner[last], y[last], 1 - stops[last]))):  # fmt: skip
            self._sides[sign].append(_Chain(runs.objects[side.owner], side.y, side.x))

    def values(self, objects: Ints) -> dict[str, npt.NDArray[np.generic]]:
        left, right = (self._joined(sign, objects) for sign in (1, -1))
        owner, rows, first = _rows_within(left)
        last = -_rows_within(right)[2]
        area = np.bincount(owner, weights=last - first + 1, minlength=objects.size)
        left, right = _corners(owner, rows, first), _corners(owner, rows, -last)
        longest = _longest(left, right, self._spacing, objects.size)
        return {"area_convex": area, "feret": longest}

    def _joined(self, sign: int, objects: Ints) -> _Chain:
        chains = self._sides[sign]
        if not chains:
            return _Chain(*(np.zeros(0, np.int64) for _ in range(3)))
        ids = np.concatenate([chain.owner for chain in chains])
        y, x = (np.concatenate([getattr(chain, axis) for chain in chains]) for axis in "yx")
        order = np.lexsort((x, y, ids))
        ids, y, x = ids[order], y[order], x[order]
        fresh = np.ones(ids.size, np.bool_)
        fresh[1:] = (ids[1:] != ids[:-1]) | (y[1:] != y[:-1])
        return _convex(np.searchsorted(objects, ids[fresh]).astype(np.int64), y[fresh], x[fresh])


def _corners(owner: Ints, y: Ints, x: Ints) -> _Chain:
    """Left side of the hulls of pixels (sorted by owner and y, one a row), each the middles of its four edges."""
    above = np.zeros(owner.size, np.bool_)  # the same object goes on in the row above
    above[1:] = (owner[1:] == owner[:-1]) & (y[1:] == y[:-1] + 1)
    below = np.append(above[1:], False)
    top = 2 * x
    top[1:] = np.where(above[1:], 2 * np.minimum(x[1:], x[:-1]), top[1:])
    points = np.stack([np.stack([2 * y - 1, 2 * y, 2 * y + 1]), np.stack([top, 2 * x - 1, 2 * x])]).transpose(0, 2, 1)
    kept = np.ones((owner.size, 3), np.bool_)
    kept[:, 2] = ~below
    return _convex(np.repeat(owner, kept.sum(axis=1)), points[0][kept], points[1][kept])


def _convex(owner: Ints, y: Ints, x: Ints) -> _Chain:
    """The left side of the convex hull of each owner's points, which are sorted by owner and y, one a y.

    A point that lies right of, or on, the line between two others above and below it is no corner. All such points
    between their neighbours go at once, until none is left.
    """
    while owner.size > 2:
        above_y, above_x, below_y, below_x = y[:-2], x[:-2], y[2:], x[2:]
        inner = (owner[:-2] == owner[2:]) & (
            (x[1:-1] - above_x) * (below_y - above_y) >= (below_x - above_x) * (y[1:-1] - above_y)
        )
        if not inner.any():
            break
        keep = np.concatenate([[True], ~inner, [True]])
        owner, y, x = owner[keep], y[keep], x[keep]
    return _Chain(owner, y, x)


def _rows_within(side: _Chain) -> tuple[Ints, Ints, Ints]:
    """Owner, row and first column of the pixels whose centres a left side encloses, a line a row."""
    same = side.owner[1:] == side.owner[:-1]
    owner, top, bottom = side.owner[:-1][same], side.y[:-1][same], side.y[1:][same]
    start, end = side.x[:-1][same], side.x[1:][same]
    first = -(-top // 2)  # even half rows from `top` on, before `bottom`
    count = -(-bottom // 2) - first
    segment = np.repeat(np.arange(owner.size), count)
    rows = np.arange(segment.size) - np.repeat(np.cumsum(count) - count, count) + first[segment]
    height = (bottom - top)[segment]
    scaled = start[segment] * height + (end - start)[segment] * (2 * rows - top[segment])
    return owner[segment], rows, -(-scaled // (2 * height))


def _longest(left: _Chain, right: _Chain, spacing: tuple[float, float], count: int) -> Doubles:
    """Largest distance between two corners of each hull, by `spacing`."""
    owner = np.concatenate([left.owner, right.owner])
    order = np.argsort(owner, kind="stable")
    owner = owner[order]
    y = (np.concatenate([left.y, right.y])[order] / 2) * spacing[0]
    x = (np.concatenate([left.x, -right.x])[order] / 2) * spacing[1]
    sizes = np.bincount(owner, minlength=count)
    ends = np.cumsum(sizes)[owner]
    longest = np.zeros(count)
    for step in range(1, int(sizes.max(initial=0))):
        first = np.flatnonzero(np.arange(owner.size) + step < ends)
        squared = (y[first] - y[first + step]) ** 2 + (x[first] - x[first + step]) ** 2
        np.maximum.at(longest, owner[first], squared)
    return np.sqrt(longest)
