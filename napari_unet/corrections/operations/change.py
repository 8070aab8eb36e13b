"""What an operation changes: which pixels, what they were, and what they become."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Box, Indices


@dataclass(frozen=True, eq=False)
class Change:
    """Pixels of labels with n axes: `index` is n arrays of one length, `before` and `after` the ids there."""

    index: tuple[Indices, ...]
    before: npt.NDArray[Any]
    after: npt.NDArray[Any]

    def __len__(self) -> int:
        return len(self.before)

    def apply(self, labels: npt.NDArray[Any]) -> None:
        labels[self.index] = self.after

    def sparing(self, locked: Collection[int]) -> Change:
        """Without the pixels that belong to a locked id, or would."""
        if not locked or not len(self):
            return self
        ids = np.fromiter(locked, np.int64, len(locked))
        free = ~(np.isin(self.before, ids) | np.isin(self.after, ids))
        return self if free.all() else Change(tuple(axis[free] for axis in self.index), *self._values(free))

    def _values(self, chosen: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        return self.before[chosen], self.after[chosen]

    @property
    def planes(self) -> set[tuple[int, ...]]:
        """Indices (over the axes before YX) of the planes that change."""
        if not len(self):
            return set()
        if len(self.index) == 2:
            return {()}
        return {tuple(plane) for plane in np.unique(np.stack(self.index[:-2], axis=1), axis=0).tolist()}


def change_in_box(labels: npt.NDArray[Any], box: Box, new: npt.NDArray[Any]) -> Change:
    """The change that makes `labels[box]` equal to `new` (slices with starts; of one shape)."""
    old = labels[box]
    found = np.nonzero(old != new)
    index = tuple(at + part.start for at, part in zip(found, box, strict=True))
    return Change(index, old[found], new[found].astype(labels.dtype, copy=False))


def join_changes(labels: npt.NDArray[Any], changes: Sequence[Change], disjoint: bool = False) -> Change:
    """One change of several of the same labels. Where two change a pixel, the later one wins.

    `disjoint` says that this happens nowhere, so that it need not be looked for.
    """
    if len(changes) == 1:
        return changes[0]
    if not changes:
        nothing = np.zeros(0, labels.dtype)
        return Change(tuple(np.zeros(0, np.intp) for _ in labels.shape), nothing, nothing)
    index = tuple(np.concatenate(axes) for axes in zip(*(change.index for change in changes), strict=True))
    before, after = (np.concatenate([getattr(one, name) for one in changes]) for name in ("before", "after"))
    if disjoint:
        return Change(index, before, after)
    last = _last_of_each(np.ravel_multi_index(index, labels.shape))
    return Change(tuple(axis[last] for axis in index), before[last], after[last])


def _last_of_each(places: Indices) -> Indices:
    _, first = np.unique(places[::-1], return_index=True)
    return np.sort(len(places) - 1 - first)
