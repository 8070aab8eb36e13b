"""From ids that are counted in each block anew to ids of the image: 1, 2, 3, ... without gaps, one an object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_unet.labels.matching import OverlapTable
from napari_unet.labels.stacks.linking import inherit
from napari_unet.segmentation.blocks.grid import BlockGrid
from napari_unet.segmentation.blocks.stitching.pieces import Keys, look_up, piece_keys
from napari_unet.segmentation.blocks.stitching.tasks import OWN, Tables, given_up_in
from napari_unet.segmentation.blocks.stitching.tree import MergeTree

_LOCAL = (1 << 32) - 1


@dataclass(frozen=True, eq=False)
class Numbering:
    """Ids of blocks, read of the `tables` of their groups; `firsts` (groups + 1,) is how many ids come before each.

    `linked`, if there, is the id that each id becomes where objects of neighbouring planes are one.
    """

    tree: MergeTree
    tables: Tables
    firsts: npt.NDArray[np.int64]
    linked: npt.NDArray[np.int64] | None = None

    @property
    def total(self) -> int:
        """Objects of all."""
        return int(self.firsts[-1]) if self.linked is None else int(self.linked.max(initial=0))

    def ids_of(self, block: int) -> npt.NDArray[np.int64]:
        """(count + 1,): the id in the image of each id of a block; of 0, 0."""
        group = int(self.tree.group_of(np.array([block]), 1)[0])
        own = self.tables.read(OWN, 1, group)
        count = int(own["counts"][own["blocks"] == block][0]) if own else 0
        ids = self.find(piece_keys(block, np.arange(1, count + 1)))
        ids = np.concatenate([np.zeros(1, np.int64), ids])
        return ids if self.linked is None else self.linked[ids]

    def ids_of_unit(self, unit: int) -> tuple[int, int]:
        """The id before the first of a plane (or volume), and its last: they are numbered one after the other."""
        each = self.tree.n_groups(1) // self.tree.grid.n_units
        return int(self.firsts[unit * each]), int(self.firsts[(unit + 1) * each])

    def find(self, pieces: Keys) -> npt.NDArray[np.int64]:
        """The ids of pieces, before planes are linked; the table of one group is held at a time."""
        roots = pieces.copy()
        for group, here in self._by_group(pieces):
            roots[here] = look_up(*given_up_in(self.tables.read(OWN, 1, group)), pieces[here])
        ids = np.zeros(pieces.shape, np.int64)
        for group, here in self._by_group(roots):
            ids[here] = self.firsts[group] + self._within(self.tables.read(OWN, 1, group), roots[here])
        return ids

    def _by_group(self, pieces: Keys) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
        groups = self.tree.group_of(pieces >> 32, 1)
        for group in np.unique(groups):
            yield int(group), groups == group

    @staticmethod
    def _within(own: dict[str, npt.NDArray[np.int64]], roots: Keys) -> npt.NDArray[np.int64]:
        """Which of the objects of their group these are, from 1 on."""
        blocks, (given_up, _) = roots >> 32, given_up_in(own)
        before = np.searchsorted(given_up, roots) - np.searchsorted(given_up, blocks << 32)
        at = np.searchsorted(own["blocks"], blocks)
        return np.asarray(own["starts"][at] + (roots & _LOCAL) - before, np.int64)


BandOverlaps = Callable[[int, int], tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]


def link_units(
    numbering: Numbering, grid: BlockGrid, neighbours: list[tuple[int, int]], overlap: float, overlaps: BandOverlaps
) -> Iterator[npt.NDArray[np.int64] | None]:
    """Give objects of `neighbours`, pairs of units one above the other, one id, as `link_planes` does.

    `overlaps` says of two blocks, one above the other, which ids share how many pixels ((n, 2), (n,)), where 0 is
    background. Gives None after each pair of planes and, last, the id that each id becomes.
    """
    above = np.arange(numbering.total + 1)
    for lower, upper in neighbours:
        first, last = numbering.ids_of_unit(lower), numbering.ids_of_unit(upper)
        table = _table(grid, lower, upper, first, last, overlaps)
        numbers = inherit(table, overlap)
        found = np.flatnonzero(numbers)
        above[found + last[0]] = above[numbers[found] + first[0]]
        yield None
    own = above == np.arange(above.size)
    fresh = np.cumsum(own) - 1  # 0 stays 0
    yield fresh[above]


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
