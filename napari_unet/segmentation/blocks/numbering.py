"""From ids that are counted in each block anew to ids of the image: 1, 2, 3, ... without gaps, one an object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_unet.labels.matching import OverlapTable
from napari_unet.labels.stacks.linking import inherit
from napari_unet.segmentation.blocks.grid import BlockGrid
from napari_unet.segmentation.blocks.stitching import Keys, look_up, piece_keys

_LOCAL = (1 << 32) - 1


@dataclass(frozen=True, eq=False)
class Numbering:
    """`counts` of ids by block; `given_up` pieces (sorted) and the pieces that stand `instead` of them.

    `linked`, if there, is the id that each id becomes where objects of neighbouring planes are one.
    """

    counts: npt.NDArray[np.int64]
    given_up: Keys
    instead: Keys
    offsets: npt.NDArray[np.int64]
    linked: npt.NDArray[np.int64] | None = None

    @classmethod
    def of(cls, counts: npt.NDArray[np.int64], given_up: Keys, instead: Keys) -> Numbering:
        own = counts - np.bincount(given_up >> 32, minlength=counts.size)
        return cls(counts, given_up, instead, np.concatenate([[0], np.cumsum(own)]))

    @property
    def total(self) -> int:
        """Objects of all."""
        return int(self.offsets[-1]) if self.linked is None else int(self.linked.max(initial=0))

    def ids_of(self, block: int) -> npt.NDArray[np.int64]:
        """(count + 1,): the id in the image of each id of a block; of 0, 0."""
        ids = self.find(piece_keys(block, np.arange(1, self.counts[block] + 1)))
        ids = np.concatenate([np.zeros(1, np.int64), ids])
        return ids if self.linked is None else self.linked[ids]

    def find(self, pieces: Keys) -> npt.NDArray[np.int64]:
        """The ids of pieces, before planes are linked."""
        roots = look_up(self.given_up, self.instead, pieces)
        block = roots >> 32
        before = np.searchsorted(self.given_up, roots) - np.searchsorted(self.given_up, block << 32)
        return np.asarray(self.offsets[block] + (roots & _LOCAL) - before, np.int64)


BandOverlaps = Callable[[int, int], tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]


def link_units(
    numbering: Numbering, grid: BlockGrid, neighbours: list[tuple[int, int]], overlap: float, overlaps: BandOverlaps
) -> Iterator[Numbering | None]:
    """Give objects of `neighbours`, pairs of units one above the other, one id, as `link_planes` does.

    `overlaps` says of two blocks, one above the other, which ids share how many pixels ((n, 2), (n,)), where 0 is
    background. Gives None after each pair of planes and, last, the numbering.
    """
    above = np.arange(numbering.total + 1)
    for lower, upper in neighbours:
        first, last = (_ids_of_unit(numbering, grid, unit) for unit in (lower, upper))
        table = _table(grid, lower, upper, first, last, overlaps)
        numbers = inherit(table, overlap)
        found = np.flatnonzero(numbers)
        above[found + last[0]] = above[numbers[found] + first[0]]
        yield None
    own = above == np.arange(above.size)
    fresh = np.cumsum(own) - 1  # 0 stays 0
    yield Numbering(numbering.counts, numbering.given_up, numbering.instead, numbering.offsets, fresh[above])


def _ids_of_unit(numbering: Numbering, grid: BlockGrid, unit: int) -> tuple[int, int]:
    """The id before the first of a unit, and its last: they are numbered one unit after the other."""
    ends = numbering.offsets[[unit * grid.per_unit, (unit + 1) * grid.per_unit]]
    return int(ends[0]), int(ends[1])


def _table(
    grid: BlockGrid, lower: int, upper: int, first: tuple[int, int], last: tuple[int, int], overlaps: BandOverlaps
) -> OverlapTable:
    """What two planes share, added up block by block; ids count from 1 in each."""
    pairs, pixels = [], []
    for inside in range(grid.per_unit):
        found, counts = overlaps(lower * grid.per_unit + inside, upper * grid.per_unit + inside)
        pairs.append(np.where(found > 0, found - [first[0], last[0]], 0))
        pixels.append(counts)
    both, at = np.unique(np.concatenate(pairs), axis=0, return_inverse=True)
    shared = np.bincount(at.ravel(), np.concatenate(pixels)).astype(np.int64)
    sizes = [
        np.bincount(both[:, side], shared, ends[1] - ends[0] + 1).astype(np.int64)
        for side, ends in enumerate((first, last))
    ]
    objects = (both > 0).all(axis=1)
    one, other = both[objects].T
    common = shared[objects]
    return OverlapTable(one, other, common / (sizes[0][one] + sizes[1][other] - common), sizes[0], sizes[1])
