"""Outlines of objects along the edges of their pixels, so that nothing is lost: polygons of corners, with holes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Ints

Ring = npt.NDArray[np.int64]

# Heading east, south, west, north: the step to the pixel ahead on the same side, and to the one ahead on the other.
_AHEAD = ((0, 1), (1, 0), (0, -1), (-1, 0))
_ACROSS = ((-1, 1), (1, 1), (1, -1), (-1, -1))
_START = ((0, 0), (0, 1), (1, 1), (1, 0))  # the corner of its pixel at which an edge begins


@dataclass(frozen=True, eq=False)
class Outline:
    """One object of a plane: `parts`, each its outer ring and then its holes.

    A ring is (n, 2) int64 corners (x, y), not closed; (0, 0) is the outer corner of the first pixel. Outer rings run
    clockwise as seen, holes the other way round. No ring meets itself.
    """

    label: int
    parts: tuple[tuple[Ring, ...], ...]

    @property
    def rings(self) -> list[Ring]:
        return [ring for part in self.parts for ring in part]

    @property
    def is_simple(self) -> bool:
        """Whether one ring says it all."""
        return len(self.rings) == 1

    def box(self) -> tuple[int, int, int, int]:
        """x, y, width, height."""
        points = np.concatenate([part[0] for part in self.parts])
        (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
        return left, top, right - left, bottom - top


def trace_outlines(plane: npt.NDArray[Any]) -> list[Outline]:
    """Outlines of all objects of an integer YX plane, sorted by id. Parts that meet at a corner only are two parts."""
    padded = np.pad(np.asarray(plane), 1)
    pixels, headings = _edges(padded)
    if not pixels.size:
        return []
    order, firsts = _follow(_next_edges(padded, pixels, headings))
    pixels, headings = pixels[order], headings[order]
    rows, columns = np.divmod(pixels, padded.shape[1])
    start = np.array(_START)[headings]
    corners = np.stack([columns - 1 + start[:, 1], rows - 1 + start[:, 0]], axis=1)
    turns = np.ones(order.size, np.bool_)
    turns[1:] = headings[1:] != headings[:-1]
    turns[firsts] = headings[firsts] != headings[np.append(firsts[1:], order.size) - 1]
    ring_of = np.zeros(order.size, np.int64)
    ring_of[firsts[1:]] = 1
    ring_of = np.cumsum(ring_of)[turns]
    corners = corners[turns]
    ids = padded.reshape(-1)[pixels[firsts]]
    return _assemble(*_split_where_they_meet(corners, ring_of, ids), plane)


def _edges(padded: npt.NDArray[Any]) -> tuple[Ints, Ints]:
    """Every edge between an object and something else: the object's pixel and the heading, sorted by both.

    The object is on the right of the heading.
    """
    core, width = padded[1:-1, 1:-1], padded.shape[1]
    below, right = padded[1:] != padded[:-1], padded[:, 1:] != padded[:, :-1]
    inside = core != 0
    sides = (below[:-1, 1:-1], right[1:-1, 1:], below[1:, 1:-1], right[1:-1, :-1])  # above, right, below, left
    found = []
    for heading, side in enumerate(sides):
        rows, columns = np.divmod(np.flatnonzero(side & inside), core.shape[1])
        found.append(((rows + 1) * width + columns + 1) * 4 + heading)
    codes = np.sort(np.concatenate(found))
    return codes // 4, codes % 4


def _next_edges(padded: npt.NDArray[Any], pixels: Ints, headings: Ints) -> Ints:
    """The edge that follows each: right where the object ends, else straight on, else left."""
    flat, width = padded.reshape(-1), padded.shape[1]
    ids = flat[pixels]
    ahead = pixels + np.array([down * width + right for down, right in _AHEAD])[headings]
    across = pixels + np.array([down * width + right for down, right in _ACROSS])[headings]
    ends, open_ = flat[ahead] != ids, flat[across] != ids
    pixel = np.where(ends, pixels, np.where(open_, ahead, across))
    heading = np.where(ends, headings + 1, np.where(open_, headings, headings + 3)) % 4
    return np.asarray(np.searchsorted(pixels * 4 + headings, pixel * 4 + heading), np.int64)


def _follow(following: Ints) -> tuple[Ints, Ints]:
    """All edges in the order of their rings, and where each ring begins."""
    steps: list[int] = following.tolist()
    seen = bytearray(len(steps))
    order: list[int] = []
    firsts: list[int] = []
    for start in range(len(steps)):
        if seen[start]:
            continue
        firsts.append(len(order))
        at = start
        while not seen[at]:
            seen[at] = 1
            order.append(at)
            at = steps[at]
    return np.array(order, np.int64), np.array(firsts, np.int64)


def _split_where_they_meet(
    corners: npt.NDArray[np.int64], ring_of: Ints, ids: npt.NDArray[Any]
) -> tuple[list[Ring], list[int]]:
    """The rings with the id of each; one that comes to a corner twice becomes two."""
    count = np.bincount(ring_of, minlength=ids.size)
    ends = np.cumsum(count)
    span = int(corners.max()) + 1
    keys = (ring_of * span + corners[:, 1]) * span + corners[:, 0]
    ordered = np.sort(keys)
    twice = set(np.unique(ordered[1:][ordered[1:] == ordered[:-1]] // span**2).tolist())
    rings: list[Ring] = []
    owners: list[int] = []
    for ring, (stop, n, label) in enumerate(zip(ends.tolist(), count.tolist(), ids.tolist(), strict=True)):
        whole = corners[stop - n : stop]
        pieces = _split(whole) if ring in twice else [whole]
        rings += pieces
        owners += [label] * len(pieces)
    return rings, owners


def _split(ring: Ring) -> list[Ring]:
    """Rings that meet no corner twice, which together are `ring`."""
    found: list[Ring] = []
    path: list[tuple[int, int]] = []
    for x, y in ring.tolist():
        if (x, y) in path:
            at = path.index((x, y))
            found.append(np.array(path[at:], np.int64))
            del path[at:]
        path.append((x, y))
    return [*found, np.array(path, np.int64)]


def _assemble(rings: list[Ring], owners: list[int], plane: npt.NDArray[Any]) -> list[Outline]:
    """Rings by object, each hole with the outer ring around it."""
    sizes = np.array([len(ring) for ring in rings])
    points = np.concatenate(rings)
    starts = np.cumsum(sizes) - sizes
    after = np.arange(points.shape[0]) + 1
    after[np.cumsum(sizes) - 1] = starts
    doubled = np.add.reduceat(points[:, 0] * points[after, 1] - points[after, 0] * points[:, 1], starts)
    by_object: dict[int, tuple[list[Ring], list[Ring]]] = {}
    for ring, label, area in zip(rings, owners, doubled.tolist(), strict=True):
        by_object.setdefault(label, ([], []))[area < 0].append(ring)
    return [Outline(label, _parts(*by_object[label])) for label in sorted(by_object)]


def _parts(outer: list[Ring], holes: list[Ring]) -> tuple[tuple[Ring, ...], ...]:
    if not holes or len(outer) == 1:
        return tuple((ring, *(holes if len(outer) == 1 else ())) for ring in outer)
    parts: list[list[Ring]] = [[ring] for ring in outer]
    for hole in holes:
        x, y = _point_within(hole)
        around = [part for part in parts if _encloses(part[0], x, y)]
        min(around, key=lambda part: abs(_area(part[0]))).append(hole)
    return tuple(tuple(part) for part in parts)


def _point_within(hole: Ring) -> tuple[float, float]:
    """The middle of a pixel inside a ring of pixel corners: right below its topmost edge."""
    top = int(hole[:, 1].min())
    return float(hole[hole[:, 1] == top, 0].min()) + 0.5, top + 0.5


def _area(ring: Ring) -> float:
    x, y = ring.T
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2)


def _encloses(ring: Ring, x: float, y: float) -> bool:
    """Whether a ring of horizontal and vertical edges goes around the middle of a pixel."""
    after = np.roll(ring, -1, axis=0)
    crossing = (np.minimum(ring[:, 1], after[:, 1]) < y) & (np.maximum(ring[:, 1], after[:, 1]) > y)
    return bool(np.count_nonzero(crossing & (ring[:, 0] < x)) % 2)
