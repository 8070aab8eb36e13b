"""What is around an object: neighbours that touch, neighbours near by, and the larger object that it lies in."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from napari_unet.labels.object_runs import (
    count_pairs,
    find_overlaps,
)
from napari_unet.labels.types import Doubles, Ints
from napari_unet.results.measurements.gathering import Gathered, add_up
from napari_unet.results.measurements.tiles import HALO, MeasuredTile


class Contacts:
    """How many others share an edge (in 3D a face) of a pixel with each object."""

    def __init__(self) -> None:
        self._pairs: set[tuple[int, int]] = set()

    def add(self, tile: MeasuredTile) -> None:
        around = tile.surrounded
        core = (slice(HALO, -HALO),) * around.ndim
        here = around[core]
        for axis in range(around.ndim):
            after = (*core[:axis], slice(HALO + 1, around.shape[axis] - HALO + 1), *core[axis + 1 :])
            there = around[after]
            met = (here != there) & (here > 0)
            met &= there > 0
            a, b = here[met].astype(np.int64), there[met].astype(np.int64)
            first, second, _ = count_pairs(np.minimum(a, b), np.maximum(a, b))
            self._pairs.update(zip(first.tolist(), second.tolist(), strict=True))

    def values(self, objects: Ints) -> dict[str, npt.NDArray[np.generic]]:
        everyone = np.array(sorted(self._pairs), np.int64).reshape(-1)
        return {"neighbors": np.bincount(np.searchsorted(objects, everyone), minlength=objects.size)}


class LargestOverlap:
    """In which object of another label image most of each object lies, by the name given; 0: in none."""

    def __init__(self, other: int, name: str) -> None:
        self._other, self._name = other, name
        self._shared = Gathered()  # the other's id, pixels

    def add(self, tile: MeasuredTile) -> None:
        width = tile.labels.shape[-1]
        ids, others, shared = find_overlaps(tile.labels.reshape(-1, width), tile.others[self._other].reshape(-1, width))
        self._shared.add(ids, np.stack([others, shared], axis=1).astype(np.float64))

    def values(self, objects: Ints) -> dict[str, npt.NDArray[np.generic]]:
        rows = self._shared.rows(2)
        ids, others, shared = count_pairs(self._shared.ids(), rows[:, 0].astype(np.int64), rows[:, 1])
        best = np.zeros(objects.size, np.int64)
        order = np.lexsort((-others, shared, ids))  # the largest share comes last and stays
        best[np.searchsorted(objects, ids[order])] = others[order]
        return {self._name: best}


def nearest_centres(centres: Doubles) -> Doubles:
    """Distance from each of `centres` (n, axes) to the nearest other; NaN if it is alone."""
    if len(centres) < 2:
        return np.full(len(centres), np.nan)
    distances: Doubles = cKDTree(centres).query(centres, k=2)[0][:, 1]
    return distances


def count_within(centres: Doubles, distance: float) -> Ints:
    """How many others of `centres` (n, axes) lie within `distance` of each."""
    if not len(centres):
        return np.zeros(0, np.int64)
    pairs = cKDTree(centres).query_pairs(distance, output_type="ndarray")
    return add_up(pairs.reshape(-1), np.ones(pairs.size), len(centres)).astype(np.int64)
