"""Adding up what tiles say of the same object."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Doubles, Ints
from napari_unet.results.measurements.tiles import MeasuredTile


class Gatherer(Protocol):
    """A family of measurements that is gathered tile by tile, in any order."""

    def add(self, tile: MeasuredTile) -> None:
        """Take in what a tile shows."""

    def values(self, objects: Ints) -> dict[str, npt.NDArray[np.generic]]:
        """Numbers of each of `objects` (sorted ids), by the name that they have here."""


class Gathered:
    """Rows of numbers with the id of the object that they are of; several rows may be of one object."""

    def __init__(self) -> None:
        self._ids: list[Ints] = []
        self._rows: list[Doubles] = []

    def add(self, ids: Ints, rows: Doubles) -> None:
        """`rows` is (n,) or (n, columns)."""
        self._ids.append(ids)
        self._rows.append(rows)

    def ids(self) -> Ints:
        """The id of each row."""
        return np.concatenate(self._ids) if self._ids else np.zeros(0, np.int64)

    def rows(self, columns: int | None = None) -> Doubles:
        """All rows; `columns` says how many there are, None: rows are single numbers."""
        empty = np.zeros(0 if columns is None else (0, columns))
        return np.concatenate(self._rows) if self._rows else empty

    def total(self, objects: Ints) -> Doubles:
        """Sum of the single numbers of each of `objects`."""
        return add_up(np.searchsorted(objects, self.ids()), self.rows(), objects.size)


def add_up(places: Ints, values: Doubles, count: int) -> Doubles:
    """Sum of `values` by place, for `count` places."""
    return np.bincount(places, weights=values, minlength=count).astype(np.float64)


def lowest(places: Ints, values: Doubles, count: int) -> Doubles:
    """Smallest of `values` by place; +inf where there is none."""
    found = np.full(count, np.inf)
    np.minimum.at(found, places, values)
    return found
