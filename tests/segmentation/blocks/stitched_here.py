"""Stitching without files: tables in memory, which know how much of them was held at once, and pieces from a list."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.segmentation.blocks.grid import BlockGrid
from napari_unet.segmentation.blocks.stitching.numbering import Numbering
from napari_unet.segmentation.blocks.stitching.tasks import Stitching, Table
from napari_unet.segmentation.blocks.stitching.tree import MergeTree


@dataclass(eq=False)
class MemoryTables:
    """`rows` counts the rows that were read and kept since it was set to 0: what one task has held."""

    rows: int = 0
    kept: dict[tuple[str, int, int], dict[str, Table]] = field(default_factory=dict)

    def keep(self, kind: str, level: int, number: int, **arrays: npt.NDArray[Any]) -> None:
        self.rows += sum(map(len, arrays.values()))
        self.kept[kind, level, number] = arrays

    def read(self, kind: str, level: int, number: int) -> dict[str, Table]:
        found = self.kept.get((kind, level, number), {})
        self.rows += sum(map(len, found.values()))
        return found


@dataclass(eq=False)
class ListedPieces:
    """Counts by block, and all pairs (n, 2) across faces, found by the block of the first."""

    counts: npt.NDArray[np.int64]
    pairs: Table

    def __post_init__(self) -> None:
        self.pairs = self.pairs[np.argsort(self.pairs[:, 0], kind="stable")]

    def count(self, number: int) -> int:
        return int(self.counts[number])

    def edges(self, number: int) -> Table:
        first, last = np.searchsorted(self.pairs[:, 0], np.array([number, number + 1]) << 32)
        return self.pairs[first:last]


def faces(grid: BlockGrid) -> list[tuple[int, int, int]]:
    """(block, next block, axis) of all pairs that share a face."""
    return [(one, other, axis) for one in range(len(grid)) for other, axis in grid.after(one)]


def run_tasks(
    stitching: Stitching, order: np.random.Generator | None = None
) -> tuple[npt.NDArray[np.int64], list[Any]]:
    """How many ids come before each group; and (step, level, rows held) of each task, which come in any `order`."""
    own = np.zeros(stitching.tree.n_groups(1), np.int64)
    held: list[tuple[str, int, int]] = []
    tables: Any = stitching.tables
    for step, level, count in stitching.steps():
        for number in range(count) if order is None else order.permutation(count).tolist():
            tables.rows = 0
            found = getattr(stitching, step)(level, number)
            held.append((step, level, tables.rows))
            if (step, level) == ("settle", 1):
                own[number] = found
    return np.concatenate([[0], np.cumsum(own)]), held


def number_pieces(tables: MemoryTables, grid: BlockGrid, counts: npt.NDArray[np.int64], pairs: Table) -> Numbering:
    """Ids for the pieces of all blocks."""
    tree = MergeTree(grid)
    firsts, _ = run_tasks(Stitching(tree, tables, ListedPieces(counts, pairs)))
    return Numbering(tree, tables, firsts)
