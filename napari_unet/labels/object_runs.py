"""Objects of a plane as runs along its rows: from them areas, boxes and overlaps follow in time that a window has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Doubles, Ints


@dataclass(frozen=True, eq=False)
class Runs:
    """Runs of pixels of one object along a row, `n` of them, in the order of their pixels; background has none.

    `ids` are the objects; run i covers columns `starts[i]` to `stops[i]` (not included) of row `rows[i]`. `objects` are
    the ids that occur, sorted, and `owner[i]` is the place of the run's id in them. `width` is that of the plane.
    """

    ids: Ints
    rows: Ints
    starts: Ints
    stops: Ints
    objects: Ints
    owner: Ints
    width: int

    @property
    def lengths(self) -> Ints:
        return self.stops - self.starts

    def total(self, values: npt.NDArray[Any]) -> Doubles:
        """Sum of `values` (one a run) for each of `objects`."""
        return np.bincount(self.owner, weights=values, minlength=self.objects.size).astype(np.float64)

    def boxes(self) -> Ints:
        """(objects, 4): first row, last row + 1, first column, last column + 1."""
        found = np.zeros((self.objects.size, 4), np.int64)
        if not self.objects.size:
            return found
        order = np.argsort(self.owner, kind="stable")
        firsts = np.searchsorted(self.owner[order], np.arange(self.objects.size))
        columns = (
            (self.rows, np.minimum), (self.rows + 1, np.maximum), (self.starts, np.minimum), (self.stops, np.maximum),
        )  # fmt: skip
        for column, (values, reduce) in enumerate(columns):
            found[:, column] = reduce.reduceat(values[order], firsts)
        return found

    def probes(self, n: int = 5) -> Ints:
        """(objects, n, 2): rows and columns of pixels that are spread over each object."""
        order = np.argsort(self.owner, kind="stable")
        firsts = np.searchsorted(self.owner[order], np.arange(self.objects.size))
        counts = np.bincount(self.owner, minlength=self.objects.size)
        parts = (np.arange(n) + 0.5) / n
        chosen = order[firsts[:, None] + (parts * counts[:, None]).astype(np.int64)]
        across = parts[np.arange(n) * 2 % n]  # another way than the rows go, or the probes would lie on a diagonal
        columns = self.starts[chosen] + (across * self.lengths[chosen]).astype(np.int64)
        return np.stack([self.rows[chosen], columns], axis=-1)

    def sum_of(self, image: npt.NDArray[Any]) -> Doubles:
        """Sum of `image` (shape of the plane) over the pixels of each object."""
        before = np.concatenate([[0.0], np.cumsum(image, axis=None, dtype=np.float64)])
        first = self.rows * self.width
        return self.total(before[first + self.stops] - before[first + self.starts])

    def peak_of(self, image: npt.NDArray[Any]) -> Doubles:
        """Largest value of `image` (shape of the plane, not negative) in each object."""
        peaks = np.zeros(self.objects.size)
        if self.objects.size:
            first = self.rows * self.width
            ends = np.stack([first + self.starts, first + self.stops], axis=1).ravel()
            # every second part is a run, the others are what lies between two
            largest = np.maximum.reduceat(np.append(image.ravel(), image.dtype.type(0)), ends)[::2]
            np.maximum.at(peaks, self.owner, largest)
        return peaks


def find_runs(plane: npt.NDArray[Any]) -> Runs:
    """The runs of an integer YX array."""
    fresh = np.ones(plane.shape, np.bool_)
    np.not_equal(plane[:, 1:], plane[:, :-1], out=fresh[:, 1:])
    flat = np.flatnonzero(fresh)
    ids = plane.reshape(-1)[flat].astype(np.int64)
    rows, starts = np.divmod(flat, max(1, plane.shape[1]))
    stops = starts + np.diff(np.append(flat, plane.size))
    inside = ids > 0
    ids, rows, starts, stops = ids[inside], rows[inside], starts[inside], stops[inside]
    objects, owner = np.unique(ids, return_inverse=True)
    return Runs(ids, rows, starts, stops, objects, owner.astype(np.int64), plane.shape[1])


def find_overlaps(plane: npt.NDArray[Any], other: npt.NDArray[Any]) -> tuple[Ints, Ints, Ints]:
    """Pairs of objects of two integer YX arrays that share pixels: ids in the one, in the other, and how many."""
    fresh = np.ones(plane.shape, np.bool_)
    np.not_equal(plane[:, 1:], plane[:, :-1], out=fresh[:, 1:])
    fresh[:, 1:] |= other[:, 1:] != other[:, :-1]
    flat = np.flatnonzero(fresh)
    here, there = (array.reshape(-1)[flat].astype(np.int64) for array in (plane, other))
    lengths = np.diff(np.append(flat, plane.size))
    both = (here > 0) & (there > 0)
    return count_pairs(here[both], there[both], lengths[both])


def count_pairs(first: Ints, second: Ints, weights: npt.NDArray[Any] | None = None) -> tuple[Ints, Ints, Ints]:
    """Each pair of `first` and `second` once, sorted, with the sum of its `weights` (default: how often it occurs)."""
    width = int(second.max(initial=0)) + 1
    keys, inverse, counts = np.unique(first * width + second, return_inverse=True, return_counts=True)
    if weights is not None:
        counts = np.bincount(inverse, weights=weights, minlength=keys.size)
    return keys // width, keys % width, counts.astype(np.int64)
