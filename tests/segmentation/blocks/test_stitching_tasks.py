"""Stitching as tasks: they join what is connected, in any order, and none holds more than the rim of its group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from stitched_here import ListedPieces, MemoryTables, faces, number_pieces, run_tasks

from napari_unet.segmentation.blocks.grid import BlockGrid
from napari_unet.segmentation.blocks.stitching.numbering import Numbering
from napari_unet.segmentation.blocks.stitching.pieces import piece_keys
from napari_unet.segmentation.blocks.stitching.tasks import Stitching
from napari_unet.segmentation.blocks.stitching.tree import MergeTree

Pairs = npt.NDArray[np.int64]


def grid_of(counts: tuple[int, ...], n_units: int = 1) -> BlockGrid:
    return BlockGrid(tuple(count * 4 for count in counts), (4,) * len(counts), 2, n_units)


def draw_pairs(grid: BlockGrid, seed: int, most: int = 3, ids: int = 3) -> Pairs:
    """Up to `most` - 1 pairs across each face, of objects 1 to `ids` of each block."""
    rng = np.random.default_rng(seed)
    found = [
        ((one << 32) + int(rng.integers(1, ids + 1)), (other << 32) + int(rng.integers(1, ids + 1)))
        for one, other, _ in faces(grid)
        for _ in range(rng.integers(0, most))
    ]
    return np.array(found, np.int64).reshape(-1, 2)


def components(keys: Pairs, pairs: Pairs) -> Pairs:
    """The least piece that each of `keys` (all there are) is connected with, the slow way."""
    at, stands = np.searchsorted(keys, pairs), keys.copy()
    while True:
        least = stands.copy()
        for side in (0, 1):
            np.minimum.at(least, at[:, side], stands[at[:, 1 - side]])
        if np.array_equal(least, stands):
            return stands
        stands = least


@pytest.mark.parametrize("counts", [(1, 9), (40, 30), (9, 17, 4), (8, 8), (65, 2), (70, 9)])
@pytest.mark.parametrize("shuffled", [False, True])
def test_tasks_join_what_is_connected_in_any_order(counts: tuple[int, ...], shuffled: bool) -> None:
    grid = grid_of(counts, n_units=2)
    pairs, tables = draw_pairs(grid, sum(counts)), MemoryTables()
    pieces = ListedPieces(np.full(len(grid), 3), pairs)
    stitching = Stitching(MergeTree(grid), tables, pieces)
    firsts, _ = run_tasks(stitching, np.random.default_rng(0) if shuffled else None)
    numbering = Numbering(stitching.tree, tables, firsts)
    ids = np.concatenate([numbering.ids_of(block)[1:] for block in range(len(grid))])
    keys = np.concatenate([piece_keys(block, np.arange(1, 4)) for block in range(len(grid))])
    both = np.unique(np.stack([components(keys, pairs), ids]), axis=1)
    assert all(np.unique(side).size == side.size for side in both), "ids are not those of what is connected"
    assert np.array_equal(np.unique(ids), np.arange(1, numbering.total + 1)), "ids have gaps"
    unit = keys >> 32 >= grid.per_unit
    assert ids[~unit].max() == numbering.ids_of_unit(0)[1] == numbering.ids_of_unit(1)[0]
    assert ids[unit].min() == numbering.ids_of_unit(0)[1] + 1


def test_no_task_holds_more_than_the_rim_of_its_group() -> None:
    grid = grid_of((128, 128))
    tables, pairs = MemoryTables(), draw_pairs(grid, 1, most=2, ids=50)
    stitching = Stitching(MergeTree(grid), tables, ListedPieces(np.full(len(grid), 50), pairs))
    _, held = run_tasks(stitching)
    most = {key: max(rows for *other, rows in held if tuple(other) == key) for key in {tuple(one[:2]) for one in held}}
    per_face = len(pairs) / len(faces(grid))
    for (_, level), rows in most.items():
        parts = max(len(stitching.tree.children(level, number)) for number in range(stitching.tree.n_groups(level)))
        rims = parts * 4 * 8 ** (level - 1)  # faces at the sides of all parts
        assert rows < 4 * rims * per_face + 500, (level, rows)
    assert most["join", 3] < len(pairs) / 3, "the last merge holds what crosses the faces of 64 groups alone"


def test_a_chain_through_all_groups_is_one_object() -> None:
    grid = grid_of((1, 600))
    pairs = np.stack([piece_keys(0, [1]) + (np.arange(599) << 32), piece_keys(1, [1]) + (np.arange(599) << 32)], axis=1)
    tables = MemoryTables()
    numbering = number_pieces(tables, grid, np.full(600, 2), pairs)
    assert numbering.total == 601
    found = np.array([numbering.ids_of(block) for block in range(600)])
    assert set(found[:, 1].tolist()) == {1}
    assert sorted(found[:, 2].tolist()) == list(range(2, 602))


def test_groups_of_nothing_leave_no_tables() -> None:
    grid, tables = grid_of((64, 64)), MemoryTables()
    counts = np.zeros(len(grid), np.int64)
    counts[:2] = 1
    pairs = np.array([[piece_keys(0, [1])[0], piece_keys(1, [1])[0]]])
    numbering = number_pieces(tables, grid, counts, pairs)
    assert numbering.total == 1
    assert numbering.ids_of(0).tolist() == numbering.ids_of(1).tolist() == [0, 1]
    assert numbering.ids_of(4000).tolist() == [0]
    assert len(tables.kept) <= 3
