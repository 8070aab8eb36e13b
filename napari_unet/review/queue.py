"""The order in which objects are looked at, how far one is, and where to go next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from napari_unet.labels.types import Doubles, Ints, Mask
from napari_unet.review.object_table import ObjectTable
from napari_unet.review.suspicion import SUSPICIOUS


@dataclass(frozen=True)
class QueueOrder:
    """What is listed, and in which order.

    `key` is "score", a measure's name, "id", "size_px" or "plane"; the highest comes first if `descending`. `reason`
    lists only objects of which that measure ("score": all together) says at least `least` (0 to 1).
    """

    key: str = "score"
    descending: bool = True
    reason: str = "score"
    least: float = SUSPICIOUS
    hide_reviewed: bool = False


class ReviewQueue:
    """Rows of a table in an order, and which of them are reviewed (bool, one a row of the table)."""

    def __init__(self, table: ObjectTable, reviewed: Mask | None = None, order: QueueOrder | None = None) -> None:
        self.table, self.order = table, order or QueueOrder()
        self.reviewed = np.zeros(len(table), np.bool_) if reviewed is None else reviewed
        self.rows = self._sort()

    def __len__(self) -> int:
        return int(self.rows.size)

    def _sort(self) -> Ints:
        table, order = self.table, self.order
        strength = table.score if order.reason == "score" else table.risks[order.reason]
        listed = strength >= order.least
        if order.hide_reviewed:
            listed &= ~self.reviewed
        rows = np.flatnonzero(listed)
        key = sort_key(table, order.key)[rows]
        key = np.nan_to_num(-key if order.descending else key, nan=np.inf)  # what is not known comes last
        return rows[np.lexsort((rows, -table.score[rows], key))]

    @property
    def n_reviewed(self) -> int:
        """How many of the listed objects are reviewed."""
        return int(np.count_nonzero(self.reviewed[self.rows]))

    def position(self, row: int | None) -> int | None:
        """The place of a row of the table in the queue, None if it is not listed."""
        found = np.flatnonzero(self.rows == row) if row is not None else np.zeros(0, int)
        return int(found[0]) if found.size else None

    def next_position(self, position: int | None, step: int = 1) -> int | None:
        """The next place (or with `step` -1 the one before) to go to; None if there is none.

        Forwards those that are reviewed are left out; backwards they are not, so that one can look again.
        """
        start = (-1 if step > 0 else len(self)) if position is None else position
        places = np.arange(start + step, len(self) if step > 0 else -1, step)
        if step > 0:
            places = places[~self.reviewed[self.rows[places]]]
            if not places.size and position is not None:  # some were passed over
                return self.next_position(None) if not self.reviewed[self.rows].all() else None
        return int(places[0]) if places.size else None


def sort_key(table: ObjectTable, key: str) -> Doubles:
    """What the rows of a table are sorted by."""
    if key in table.values:
        return table.values[key]
    columns = {"score": table.score, "id": table.ids, "size_px": table.sizes, "plane": table.planes}
    return columns[key].astype(float)


@dataclass(frozen=True)
class SuspiciousRegion:
    """A part of a plane: its number, rows and columns, and the suspicion in it (a sum of scores)."""

    plane: int
    region: tuple[slice, slice]
    suspicion: float


def suggest_region(
    table: ObjectTable, reviewed: Mask, shape: tuple[int, int], window: tuple[int, int]
) -> SuspiciousRegion | None:
    """The part of a plane of `shape`, as large as `window` (rows, columns), with the most suspicion in it.

    Each object that is not reviewed counts with its score at its centre, once, in the plane that shows it best; None if
    nothing is left.
    """
    left = (~reviewed) & (table.score > 0)
    if not left.any():
        return None
    size = tuple(min(part, whole) for part, whole in zip(window, shape, strict=True))
    best: SuspiciousRegion | None = None
    for plane in np.unique(table.planes[left]).tolist():
        here = left & (table.planes == plane)
        if best is not None and table.score[here].sum() <= best.suspicion:
            continue
        corner, total = _densest(table.centres[here], table.score[here], shape, size)
        if best is None or total > best.suspicion:
            rows, columns = (slice(at, at + length) for at, length in zip(corner, size, strict=True))
            best = SuspiciousRegion(int(plane), (rows, columns), total)
    return best


def _densest(
    centres: Doubles, scores: Doubles, shape: tuple[int, int], size: tuple[int, ...], steps: int = 8
) -> tuple[tuple[int, ...], float]:
    """First row and column of the window with the largest sum of scores, on a grid of a `steps`-th of the window."""
    cell = [max(1, length // steps) for length in size]
    bins = [-(-whole // width) for whole, width in zip(shape, cell, strict=True)]
    at = [np.clip(centres[:, axis] // cell[axis], 0, bins[axis] - 1).astype(int) for axis in range(2)]
    grid = np.zeros(bins)
    np.add.at(grid, tuple(at), scores)
    total = np.pad(grid.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    span = [min(count, max(1, length // width)) for count, length, width in zip(bins, size, cell, strict=True)]
    sums = total[span[0] :, span[1] :] - total[: -span[0], span[1] :]
    sums = sums - total[span[0] :, : -span[1]] + total[: -span[0], : -span[1]]
    row, column = np.unravel_index(int(np.argmax(sums)), sums.shape)
    corner = tuple(
        min(int(number) * width, whole - length)
        for number, width, whole, length in zip((row, column), cell, shape, size, strict=True)
    )
    return corner, float(sums[row, column])


def suggest_image(images: Mapping[str, tuple[ObjectTable, Mask]]) -> str | None:
    """The key of the image whose unreviewed objects are the most suspicious on average; None if nothing is left."""
    means = {
        key: float(table.score[~reviewed].mean()) for key, (table, reviewed) in images.items() if not reviewed.all()
    }
    suspicious = {key: mean for key, mean in means.items() if mean > 0}
    return max(suspicious, key=lambda key: suspicious[key]) if suspicious else None
