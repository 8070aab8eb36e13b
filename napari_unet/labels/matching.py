"""Which predicted object is which object of the ground truth, by optimal matching on IoU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import fastremap
import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching


@dataclass(frozen=True, eq=False)
class OverlapTable:
    """Pairs of objects that share a pixel: ids `truth[i]`, `predicted[i]` and their `iou[i]`; sizes by id in pixels."""

    truth: npt.NDArray[np.int64]
    predicted: npt.NDArray[np.int64]
    iou: npt.NDArray[np.float64]
    truth_size: npt.NDArray[np.int64]
    predicted_size: npt.NDArray[np.int64]


def overlap_table(truth: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> OverlapTable:
    """Overlaps of two integer label arrays of one shape, their ids small (`compact_ids`): tables are made by them."""
    if truth.shape != predicted.shape:
        raise ValueError(f"labels of shapes {truth.shape} and {predicted.shape} cannot be compared")
    a, b = truth.ravel().astype(np.int64), predicted.ravel().astype(np.int64)
    truth_size, predicted_size = np.bincount(a, minlength=1), np.bincount(b, minlength=1)
    both = (a > 0) & (b > 0)
    width = predicted_size.size
    pairs, shared = np.unique(a[both] * width + b[both], return_counts=True)
    i, j = pairs // width, pairs % width
    return OverlapTable(i, j, shared / (truth_size[i] + predicted_size[j] - shared), truth_size, predicted_size)


def count_objects(labels: npt.NDArray[Any]) -> int:
    """Number of ids other than 0."""
    return int(np.count_nonzero(fastremap.unique(np.ascontiguousarray(labels))))


def match_objects(table: OverlapTable, threshold: float) -> npt.NDArray[np.int64]:
    """Pairs (N, 2) of ids (truth, predicted): as many as can be matched one to one with IoU >= `threshold`."""
    good = table.iou >= threshold
    if not good.any():
        return np.zeros((0, 2), np.int64)
    rows, columns = table.truth[good], table.predicted[good]
    shape = (table.truth_size.size, table.predicted_size.size)
    graph = csr_array((np.ones(rows.size, np.int8), (rows, columns)), shape=shape)
    partner = maximum_bipartite_matching(graph, perm_type="column")
    matched = np.flatnonzero(partner >= 0)
    return np.stack([matched, partner[matched]], axis=1).astype(np.int64)
