"""Ids of objects: small numbers where tables are made by id, whatever numbers a person or a program chose."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import fastremap
import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Box, Mask

MOST_ID = 2**20
"""The largest id by which a table is made; labels with larger ones are numbered anew first."""


def compact_ids(arrays: Sequence[npt.NDArray[Any]]) -> tuple[list[npt.NDArray[np.int32]], npt.NDArray[Any] | None]:
    """Integer label arrays as int32, numbered anew (all alike, in the order of their ids) if an id is above `MOST_ID`.

    Returns
    -------
    arrays : list of (shapes as given) int32
    ids : (n + 1,) or None
        What the new ids 0, 1, ... n were; None if they are the old ones.
    """
    highest = max((int(array.max(initial=0)) for array in arrays), default=0)
    if highest <= MOST_ID:
        return [array.astype(np.int32) for array in arrays], None
    found = [fastremap.unique(np.ascontiguousarray(array)).astype(np.uint64) for array in arrays]
    ids = np.unique(np.concatenate([np.zeros(1, np.uint64), *found]))
    return [np.searchsorted(ids, array.astype(np.uint64)).astype(np.int32) for array in arrays], ids


def object_boxes(labels: npt.NDArray[Any]) -> dict[int, Box]:
    """Slices around each object by its id; the memory it takes grows with the number of objects, not with their ids."""
    from scipy import ndimage

    (numbers,), ids = compact_ids([labels])
    boxes = enumerate(ndimage.find_objects(numbers), start=1)
    return {number if ids is None else int(ids[number]): box for number, box in boxes if box is not None}


def object_sizes(labels: npt.NDArray[Any]) -> dict[int, int]:
    """Pixels of each object by its id, 0 left out."""
    ids, counts = fastremap.unique(np.ascontiguousarray(labels), return_counts=True)
    return {int(key): int(count) for key, count in zip(ids, counts, strict=True) if key}


def where_ids(labels: npt.NDArray[Any], ids: Iterable[int]) -> Mask:
    """Where `labels` has one of `ids`, by a table, which is several times quicker than `isin`."""
    highest = int(labels.max(initial=0))
    chosen = np.fromiter((key for key in ids if 0 < key <= highest), np.int64)
    if not chosen.size:
        return np.zeros(labels.shape, bool)
    if highest > MOST_ID:
        return np.isin(labels, chosen)
    table = np.zeros(highest + 1, bool)
    table[chosen] = True
    found: Mask = table[labels]
    return found


def count_values(values: npt.NDArray[Any], n: int) -> npt.NDArray[np.int64]:
    """Pixels (n,) of each of the values 0, 1, ... n - 1; others do not count, of which a person may paint huge ones."""
    known = values[(values >= 0) & (values < n)]
    return np.bincount(known.ravel().astype(np.int64), minlength=n)


def free_ids(taken: Collection[int], first: int, n: int) -> npt.NDArray[np.int32]:
    """`n` ids from `first` on; where that would leave int32 (somebody chose a large id), the smallest free ones."""
    if first + n <= np.iinfo(np.int32).max:
        return np.arange(first, first + n, dtype=np.int32)
    small = np.arange(1, len(taken) + n + 1)
    return np.setdiff1d(small, [key for key in taken if key <= small.size])[:n].astype(np.int32)
