"""Which groups of blocks are merged with which, level by level."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_unet.segmentation.blocks.grid import BlockGrid
from napari_unet.segmentation.blocks.stitching.pieces import Keys

_SIDE = 8  # groups of a level, along each axis, that the next level joins


@dataclass(frozen=True)
class MergeTree:
    """Which groups are merged, level by level: at level k, blocks are grouped by their place divided by 8^k."""

    grid: BlockGrid

    @property
    def levels(self) -> int:
        most, levels = max(self.grid.counts), 1
        while most > _SIDE**levels:
            levels += 1
        return levels

    def group_of(self, numbers: Keys, level: int) -> Keys:
        """The group that blocks belong to: a number that is the same for all of a group."""
        unit, inside = np.divmod(numbers, self.grid.per_unit)
        places = np.unravel_index(inside, self.grid.counts)
        counts = self.group_counts(level)
        flat = np.ravel_multi_index(tuple(place // _SIDE**level for place in places), counts)
        return np.asarray(unit * np.prod(counts) + flat, np.int64)

    def group_counts(self, level: int) -> tuple[int, ...]:
        return tuple(-(-count // _SIDE**level) for count in self.grid.counts)

    def meet_at(self, one: Keys, other: Keys) -> Keys:
        """The level at which two blocks come into one group."""
        found = np.zeros(np.shape(one), np.int64)
        for level in range(1, self.levels + 1):
            apart = self.group_of(one, level) != self.group_of(other, level)
            found[apart] = level
        return found + 1

    def outermost(self, keys: Keys, level: int) -> npt.NDArray[np.bool_]:
        """Whether the blocks of pieces are at a side of their group beyond which there are more blocks."""
        places = np.unravel_index((keys >> 32) % self.grid.per_unit, self.grid.counts)
        side, outer = _SIDE**level, np.zeros(keys.shape, np.bool_)
        for place, count in zip(places, self.grid.counts, strict=True):
            outer |= (place % side == 0) & (place > 0)
            outer |= (place % side == side - 1) & (place < count - 1)
        return outer

    def n_groups(self, level: int) -> int:
        """Groups of a level, of all planes (or volumes)."""
        return self.grid.n_units * math.prod(self.group_counts(level))

    def children(self, level: int, number: int) -> Keys:
        """The groups of the level below that a group is made of; of level 1, blocks."""
        counts, below = self.group_counts(level), self.group_counts(level - 1)
        unit, inside = divmod(number, math.prod(counts))
        spans = [
            np.arange(int(at) * _SIDE, min((int(at) + 1) * _SIDE, size))
            for at, size in zip(np.unravel_index(inside, counts), below, strict=True)
        ]
        flat = np.ravel_multi_index(np.meshgrid(*spans, indexing="ij"), below).ravel()
        return np.asarray(unit * math.prod(below) + flat, np.int64)
