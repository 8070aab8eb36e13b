"""The best one-to-one choice among possible links: the linear assignment problem of Jaqaman et al. (2008)."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from napari_unet.labels.types import Doubles, Ints

_TINY = 1e-6  # the solver takes a cost of 0 for "not possible"


def assign(rows: Ints, columns: Ints, costs: Doubles, shape: tuple[int, int]) -> Ints:
    """Choose among possible pairs so that each row and column is used at most once and the sum of costs is least.

    Two that stay alone cost 1 together, so that no pair of cost 1 or more is chosen.

    Parameters
    ----------
    rows, columns, costs
        The possible pairs, each once.
    shape
        Number of rows and of columns.

    Returns
    -------
    int array (n,)
        Indices of the chosen pairs, ascending.

    References
    ----------
    K. Jaqaman et al., Robust single-particle tracking in live-cell time-lapse sequences, Nature Methods 5:695 (2008).
    """
    good = np.flatnonzero(costs < 1)
    if not good.size:
        return good.astype(np.int64)
    used_rows, i = np.unique(rows[good], return_inverse=True)
    used_columns, j = np.unique(columns[good], return_inverse=True)
    n, m = used_rows.size, used_columns.size
    alone_row, alone_column = np.arange(n), np.arange(m)
    # blocks: [pairs, rows that stay alone; columns that stay alone, the pairs transposed]
    at_row = np.concatenate([i, alone_row, n + alone_column, n + j])
    at_column = np.concatenate([j, m + alone_row, alone_column, m + i])
    half = np.full(n + m, 0.5)
    values = np.concatenate([costs[good] + _TINY, half + _TINY, np.full(good.size, _TINY)])
    _, partner = min_weight_full_bipartite_matching(coo_array((values, (at_row, at_column)), shape=(n + m, n + m)))
    chosen: Ints = good[partner[i] == j].astype(np.int64)
    return chosen
