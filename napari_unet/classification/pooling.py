"""Maps of a plane pooled over its objects: means and spreads, added up over tiles and slices."""

from __future__ import annotations

import numpy as np

from napari_unet.labels.types import Array, Floats, Ints


class Pool:
    """Sums of maps over objects, by id: means, and spreads where asked for.

    Parameters
    ----------
    ids : array
        (objects,) int64, sorted: those that are pooled over.
    n_maps : int
    spread : bool
        Whether the spread within the object is a feature, too.
    """

    def __init__(self, ids: Ints, n_maps: int, spread: bool) -> None:
        self._ids, self._spread = ids, spread
        self._count = np.zeros(len(ids))
        self._sum = np.zeros((len(ids), n_maps))
        self._squares = np.zeros((len(ids), n_maps if spread else 0))

    def add(self, labels: Array, maps: Floats) -> None:
        """Take in maps (maps, Y, X) of a part of the image with `labels` (Y, X)."""
        flat = np.flatnonzero(labels)
        if not flat.size:
            return
        owner = labels.reshape(-1)[flat]
        order = np.argsort(owner, kind="stable")
        flat, owner = flat[order], owner[order]
        firsts = np.flatnonzero(np.append(True, owner[1:] != owner[:-1]))
        rows = np.searchsorted(self._ids, owner[firsts])
        values = maps.reshape(len(maps), -1)[:, flat]
        self._count[rows] += np.diff(np.append(firsts, flat.size))
        self._sum[rows] += np.add.reduceat(values, firsts, axis=1).T
        if self._spread:
            self._squares[rows] += np.add.reduceat(np.square(values), firsts, axis=1).T

    def add_coarse(self, labels: Array, maps: Floats, factor: int) -> None:
        """As `add`, of maps whose every pixel stands for `factor` x `factor` pixels of `labels`."""
        from scipy.sparse import coo_matrix

        y, x = np.nonzero(labels)
        if not y.size:
            return
        ids, owner = np.unique(labels[y, x], return_inverse=True)
        cells = (y // factor) * maps.shape[2] + x // factor
        shares = coo_matrix(
            (np.ones(y.size, np.float32), (owner, cells)), shape=(len(ids), maps.shape[1] * maps.shape[2])
        )
        rows = np.searchsorted(self._ids, ids)
        self._count[rows] += np.bincount(owner, minlength=len(ids))
        self._sum[rows] += shares.tocsr() @ maps.reshape(len(maps), -1).T

    def values(self) -> Floats:
        """(objects, maps), or (objects, 2 maps) with spreads; 0 for objects that no pixel was seen of."""
        count = np.maximum(self._count, 1)[:, None]
        mean = self._sum / count
        if not self._spread:
            return mean.astype(np.float32)
        spread = np.sqrt(np.maximum(self._squares / count - mean**2, 0))
        return np.concatenate([mean, spread], axis=1).astype(np.float32)
