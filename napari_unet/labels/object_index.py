"""Where the objects of large labels are and how large they are, brought up to date tile by tile as they change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import product
from typing import Any

import fastremap
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.labels.types import PlaneIndex, Rectangle

TilePlace = tuple[PlaneIndex, int, int]

TILE = 512
"""Side of a tile: looked through in about a millisecond, so that a window which paints can stop after any of them."""


class ObjectIndex:
    """Rectangle and area of each object in each tile of labels with axes out of "TZYX".

    It starts out knowing nothing: say what changed (`note`), then run `update` to its end; what is not up to date is
    not given out. Nothing is looked at twice unless it was noted again.
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        self._tiles: dict[TilePlace, dict[int, tuple[int, Rectangle]]] = {}

    def is_ready(self, planes: Iterable[PlaneIndex]) -> bool:
        """Whether all of `planes` is up to date."""
        return all(tile in self._tiles for plane in planes for tile in self._tiles_of(plane))

    def note(self, plane: PlaneIndex, rectangle: Rectangle | None = None) -> None:
        """Say that something may have changed within a rectangle (None: anywhere) of a plane."""
        for tile in self._tiles_of(plane, rectangle):
            self._tiles.pop(tile, None)

    def update(self, labels: npt.NDArray[Any], planes: Iterable[PlaneIndex]) -> Iterator[None]:
        """Look at all of `planes` that is not up to date, a tile a step."""
        for plane in planes:
            for tile in self._tiles_of(plane):
                if tile not in self._tiles:
                    self._tiles[tile] = self._look(labels, tile)
                    yield

    def areas(self, planes: Iterable[PlaneIndex]) -> Counter[int]:
        """Pixels of each object in `planes` together."""
        found: Counter[int] = Counter()
        for plane in planes:
            for tile in self._tiles_of(plane):
                for object_id, (area, _) in self._tiles[tile].items():
                    found[object_id] += area
        return found

    def rectangles(self, plane: PlaneIndex, ids: Collection[int]) -> list[tuple[int, Rectangle]]:
        """The objects of `ids` in a plane, each with its rectangle (row, row stop, column, column stop)."""
        found: dict[int, Rectangle] = {}
        for tile in self._tiles_of(plane):
            objects = self._tiles[tile]
            for object_id in objects.keys() & ids:
                found[object_id] = _union(objects[object_id][1], found.get(object_id))
        return list(found.items())

    def _tiles_of(self, plane: PlaneIndex, rectangle: Rectangle | None = None) -> Iterator[TilePlace]:
        top, bottom, left, right = rectangle or (0, self._shape[-2], 0, self._shape[-1])
        rows = range(top // TILE, -(-bottom // TILE))
        return ((plane, row, column) for row, column in product(rows, range(left // TILE, -(-right // TILE))))

    def _look(self, labels: npt.NDArray[Any], tile: TilePlace) -> dict[int, tuple[int, Rectangle]]:
        plane, row, column = tile
        top, left = row * TILE, column * TILE
        part = np.ascontiguousarray(labels[plane][top : top + TILE, left : left + TILE])
        numbers, originals = fastremap.renumber(part, preserve_zero=True)
        areas = np.bincount(numbers.ravel()).tolist()
        boxes = ndimage.find_objects(numbers)
        found = {}
        for object_id, number in ((int(key), int(value)) for key, value in originals.items()):
            if number:
                rows, columns = boxes[number - 1]
                rectangle = top + rows.start, top + rows.stop, left + columns.start, left + columns.stop
                found[object_id] = (areas[number], rectangle)
        return found


def _union(one: Rectangle, other: Rectangle | None) -> Rectangle:
    if other is None:
        return one
    return min(one[0], other[0]), max(one[1], other[1]), min(one[2], other[2]), max(one[3], other[3])
