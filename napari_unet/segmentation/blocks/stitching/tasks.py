"""Stitching as tasks: each reads a few small tables, and writes one for whoever comes next.

Upwards, a group of blocks joins what its parts have handed on (`join`), level by level. Downwards, it hears what became
of its pieces further up, and tells its parts (`settle`). Then each group of 8 x 8 blocks knows what every piece in it
is a piece of, and how many objects are its own. No process holds the pieces of the image; whoever runs the tasks holds
numbers of groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from napari_unet.segmentation.blocks.stitching.pieces import NONE, Group, Keys, look_up, merge_groups
from napari_unet.segmentation.blocks.stitching.tree import MergeTree

Table = npt.NDArray[np.int64]
OPEN, JOINED, SETTLED, OWN = "open", "joined", "settled", "own"
"""What is kept of a group: what may be joined beyond it; what it joined; what became of its pieces further up; which of
its objects are its own."""


class Tables(Protocol):
    """Where small tables are kept, by what they are of, the level and the number of a group."""

    def keep(self, kind: str, level: int, number: int, **arrays: npt.NDArray[Any]) -> None: ...

    def read(self, kind: str, level: int, number: int) -> dict[str, Table]:
        """Empty if there is none."""
        ...


class BlockPieces(Protocol):
    """What blocks say of themselves."""

    def count(self, number: int) -> int:
        """How many objects a block has, in its own count."""
        ...

    def edges(self, number: int) -> Table:
        """Pairs (n, 2) of pieces, of this block and the ones after it, that are the same object."""
        ...


StepName = Literal["join", "settle"]


@dataclass(frozen=True, eq=False)
class Stitching:
    """The tasks; picklable if its parts are."""

    tree: MergeTree
    tables: Tables
    pieces: BlockPieces

    def steps(self) -> Iterator[tuple[StepName, int, int]]:
        """(name of a task, level, how many groups): those of one step in any order, step after step."""
        for level in range(1, self.tree.levels + 1):
            yield "join", level, self.tree.n_groups(level)
        for level in range(self.tree.levels, 0, -1):
            yield "settle", level, self.tree.n_groups(level)

    def join(self, level: int, number: int) -> int:
        """Join what touches across the faces within a group; gives how many pieces and pairs it had to hold."""
        parts = self.tree.children(level, number)
        if level == 1:
            below, edges = [], np.concatenate([NONE, *(self.pieces.edges(int(block)) for block in parts)])
        else:
            found = [table for part in parts if (table := self.tables.read(OPEN, level - 1, int(part)))]
            below = [Group(table["pieces"], table["roots"], NONE) for table in found]
            edges = np.concatenate([NONE, *(table["later"] for table in found)])
        here = self.tree.meet_at(edges[:, 0] >> 32, edges[:, 1] >> 32) == level
        merged = merge_groups(below, edges[here], partial(self.tree.outermost, level=level))
        if merged.pieces.size or not here.all():
            self.tables.keep(OPEN, level, number, pieces=merged.pieces, roots=merged.roots, later=edges[~here])
        if len(merged.joined):
            self.tables.keep(JOINED, level, number, joined=merged.joined)
        return len(edges) + sum(group.pieces.size for group in below)

    def settle(self, level: int, number: int) -> int:
        """Find what stands for the pieces of a group that were given up; gives how many objects are its own (level 1).

        A piece that was taken in its place here may have been given up further up.
        """
        above = self.tables.read(SETTLED, level, number).get("given_up", NONE)
        joined = self.tables.read(JOINED, level, number).get("joined", NONE)
        ends = look_up(above[:, 0], above[:, 1], joined[:, 1])
        given_up = np.concatenate([above, np.stack([joined[:, 0], ends], axis=1)])
        given_up = given_up[np.argsort(given_up[:, 0], kind="stable")]
        if level == 1:
            return self._number(number, given_up)
        owner = self.tree.group_of(given_up[:, 0] >> 32, level - 1)
        for part in np.unique(owner):
            self.tables.keep(SETTLED, level - 1, int(part), given_up=given_up[owner == part])
        return 0

    def _number(self, group: int, given_up: Table) -> int:
        """Where the ids of each block of a group begin, from the first of the group on."""
        blocks = self.tree.children(1, group)
        counts = np.array([self.pieces.count(int(block)) for block in blocks], np.int64)
        gone = np.searchsorted(given_up[:, 0], np.stack([blocks, blocks + 1]) << 32)
        own = counts - (gone[1] - gone[0])
        if counts.any():
            starts = np.cumsum(own) - own
            self.tables.keep(OWN, 1, group, given_up=given_up, blocks=blocks, counts=counts, starts=starts)
        return int(own.sum())


def given_up_in(own: dict[str, Table]) -> tuple[Keys, Keys]:
    """The pieces of a group (sorted) that others stand for, and which."""
    table = own.get("given_up", NONE)
    return table[:, 0], table[:, 1]
