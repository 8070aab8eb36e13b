"""Where labels differ from the prediction, as a short table from which all else follows, however large the plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Ints


@dataclass(frozen=True, eq=False)
class Difference:
    """The pixels of one plane whose two ids differ, one row a pair of ids.

    `predicted`, `current` and `counts` have shape (n,): the id before, the id now (0: background) and how many pixels.
    `boxes` has shape (n, 4): first row, last row + 1, first column, last column + 1 of those pixels.
    """

    predicted: Ints
    current: Ints
    counts: Ints
    boxes: Ints

    def __len__(self) -> int:
        return len(self.counts)


def find_differences(prediction: npt.NDArray[Any], labels: npt.NDArray[Any], first_row: int = 0) -> Difference:
    """Compare two YX integer arrays of one shape; `first_row` says where in its plane a band of rows begins."""
    width = labels.shape[-1]
    flat = np.flatnonzero(prediction != labels)
    before = prediction.reshape(-1)[flat].astype(np.int64)
    now = labels.reshape(-1)[flat].astype(np.int64)
    # Objects are runs along rows. Grouping runs instead of pixels keeps a plane that differs everywhere quick.
    fresh = np.ones(len(flat), bool)
    fresh[1:] = (np.diff(flat) != 1) | (np.diff(before) != 0) | (np.diff(now) != 0) | (flat[1:] % width == 0)
    starts = np.flatnonzero(fresh)
    lengths = np.diff(np.append(starts, len(flat)))
    rows, columns = np.divmod(flat[starts], max(width, 1))
    rows += first_row
    boxes = np.stack([rows, rows + 1, columns, columns + lengths], axis=1)
    return _group(before[starts], now[starts], lengths, boxes)


def merge_differences(parts: Sequence[Difference]) -> Difference:
    """One table from those of several bands of a plane (or of several planes, if boxes do not matter)."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        empty = np.zeros(0, np.int64)
        return Difference(empty, empty, empty, np.zeros((0, 4), np.int64))
    return _group(
        np.concatenate([part.predicted for part in parts]),
        np.concatenate([part.current for part in parts]),
        np.concatenate([part.counts for part in parts]),
        np.concatenate([part.boxes for part in parts]),
    )


def _group(before: Ints, now: Ints, counts: Ints, boxes: Ints) -> Difference:
    """Add up rows that have the same pair of ids."""
    if not len(counts):
        return Difference(before, now, counts, boxes)
    order = np.lexsort((now, before))
    before, now, counts, boxes = before[order], now[order], counts[order], boxes[order]
    firsts = np.flatnonzero(np.append(True, (np.diff(before) != 0) | (np.diff(now) != 0)))
    reduced = np.empty((len(firsts), 4), np.int64)
    for column, reduce in enumerate((np.minimum, np.maximum, np.minimum, np.maximum)):
        reduced[:, column] = reduce.reduceat(boxes[:, column], firsts)
    return Difference(before[firsts], now[firsts], np.add.reduceat(counts, firsts), reduced)
