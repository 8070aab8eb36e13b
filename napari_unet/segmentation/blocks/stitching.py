"""Objects that lie in several blocks become one: union-find over the faces of blocks, as a tree of small merges.

A piece of an object is a key: the number of its block and its id there. A group of blocks joins what touches across the
faces within it, and hands on what may still be joined beyond it: pieces of its outermost blocks. So no merge holds more
than the rim of its group, and every merge is a function of small arrays, to be run wherever they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from napari_unet.labels.matching import overlap_table
from napari_unet.segmentation.blocks.grid import BlockGrid

Keys = npt.NDArray[np.int64]
_SHARED = 0.5  # of the smaller of two pieces, where both blocks see them: from then on they are one object
_SIDE = 8  # groups of a level, along each axis, that the next level joins
NONE = np.zeros((0, 2), np.int64)


def piece_keys(block: int, ids: npt.NDArray[Any]) -> Keys:
    return (np.int64(block) << 32) + np.asarray(ids, np.int64)


def match_bands(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Pairs (n, 2) of ids that are the same object: what two blocks say of the same pixels around their face.

    Each is the other's best partner on one side at least, and half of the smaller is shared.
    """
    table = overlap_table(one, other)
    size, other_size = table.truth_size[table.truth], table.predicted_size[table.predicted]
    shared = table.iou * (size + other_size) / (1 + table.iou)
    same = shared >= _SHARED * np.minimum(size, other_size)
    return np.stack([table.truth[same], table.predicted[same]], axis=1)


@dataclass(frozen=True, eq=False)
class Group:
    """Some blocks, joined: `pieces` that may be joined further, and the `roots` that stand for their objects.

    A piece that is not there stands for itself. `joined` (n, 2) says which roots were given up here, for which others.
    """

    pieces: Keys
    roots: Keys
    joined: npt.NDArray[np.int64]

    def find(self, keys: Keys) -> Keys:
        """The roots of pieces."""
        return look_up(self.pieces, self.roots, keys)


def look_up(known: Keys, values: Keys, keys: Keys) -> Keys:
    """`values` of keys that are `known` (sorted); the others stay."""
    if not known.size:
        return keys
    at = np.minimum(np.searchsorted(known, keys), known.size - 1)
    return np.where(known[at] == keys, values[at], keys)


def merge_groups(
    groups: Sequence[Group], edges: npt.NDArray[np.int64], stays_open: Callable[[Keys], npt.NDArray[np.bool_]]
) -> Group:
    """Join `groups` by `edges` (n, 2), pairs of pieces across the faces between them.

    `stays_open` says of pieces whether their block is one of the outermost of the new group.
    """
    pieces = np.concatenate([group.pieces for group in groups]) if groups else np.zeros(0, np.int64)
    roots = np.concatenate([group.roots for group in groups]) if groups else np.zeros(0, np.int64)
    order = np.argsort(pieces, kind="stable")
    before = Group(pieces[order], roots[order], NONE)
    ends = before.find(edges.ravel()).reshape(-1, 2)
    old, new = _least_of_each(ends)
    after = Group(old, new, NONE)
    known = np.unique(np.concatenate([before.pieces, edges.ravel(), old]))
    known = known[stays_open(known)]
    found = after.find(before.find(known))
    moved = found != known
    changed = old != new
    return Group(known[moved], found[moved], np.stack([old[changed], new[changed]], axis=1))


def _least_of_each(pairs: npt.NDArray[np.int64]) -> tuple[Keys, Keys]:
    """All keys in `pairs` (n, 2), and the least key of those that each is connected with."""
    keys, at = np.unique(pairs.ravel(), return_inverse=True)
    at = at.reshape(-1, 2)
    graph = coo_array((np.ones(len(at), np.bool_), (at[:, 0], at[:, 1])), shape=(keys.size, keys.size))
    count, component = connected_components(graph, directed=False)
    least = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(least, component, keys)
    return keys, least[component]


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

    def parents(self, level: int) -> Iterator[tuple[int, list[int]]]:
        """The groups of a level, each with those of the level below that it is made of (level 1: none)."""
        counts = self.group_counts(level)
        below = self.group_counts(level - 1)
        each, inner = int(np.prod(counts)), int(np.prod(below))
        for number in range(self.grid.n_units * each):
            unit, inside = divmod(number, each)
            if level == 1:
                yield number, []
                continue
            place = np.unravel_index(inside, counts)
            spans = [
                np.arange(int(at) * _SIDE, min((int(at) + 1) * _SIDE, size))
                for at, size in zip(place, below, strict=True)
            ]
            children = np.ravel_multi_index(np.meshgrid(*spans, indexing="ij"), below).ravel()
            yield number, [unit * inner + int(child) for child in children]


def stitch(tree: MergeTree, edges: npt.NDArray[np.int64]) -> tuple[Keys, Keys]:
    """All pieces that another stands for, sorted, and which one, of `edges` (n, 2) between pieces across faces.

    The least piece stands for an object.
    """
    level_of = tree.meet_at(edges[:, 0] >> 32, edges[:, 1] >> 32)
    groups: dict[int, Group] = {}
    joined = [NONE]
    for level in range(1, tree.levels + 1):
        here = edges[level_of == level]
        owner = tree.group_of(here[:, 0] >> 32, level)
        order = np.argsort(owner, kind="stable")
        here, owner = here[order], owner[order]
        merged = {}
        for number, children in tree.parents(level):
            start, stop = np.searchsorted(owner, [number, number + 1])
            below = [groups[child] for child in children if child in groups]
            if stop == start and not below:
                continue
            merged[number] = merge_groups(below, here[start:stop], partial(tree.outermost, level=level))
            joined.append(merged[number].joined)
        groups = merged
    return resolve(np.concatenate(joined))


def resolve(joined: npt.NDArray[np.int64]) -> tuple[Keys, Keys]:
    """Pieces that were given up (sorted), each with the one that stands for it in the end."""
    order = np.argsort(joined[:, 0], kind="stable")
    old, new = joined[order, 0], joined[order, 1]
    while True:
        further = look_up(old, new, new)
        if np.array_equal(further, new):
            return old, new
        new = further
