"""Pieces of objects, and how they become one: union-find over what touches across the faces of blocks.

A piece of an object is a key: the number of its block and its id there. A group of blocks joins what touches across the
faces within it, and hands on what may still be joined beyond it: pieces of its outermost blocks. So no merge holds more
than the rim of its group, and every merge is a function of small arrays, to be run wherever they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from napari_unet.labels.matching import overlap_table

Keys = npt.NDArray[np.int64]
_SHARED = 0.5  # of the smaller of two pieces, where both blocks see them: from then on they are one object
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
