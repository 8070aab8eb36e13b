"""Which objects lie within limits of their values, and the change of labels that removes the others."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

import numpy as np

from napari_unet.corrections.operations.change import Change, change_in_box, join_changes
from napari_unet.labels.types import Array, Indices, Mask
from napari_unet.results.measurements.located import LocatedTable

if TYPE_CHECKING:
    import pandas as pd

Range = tuple[float | None, float | None]
"""Lowest and highest value that is kept; None: no limit on that side."""


def rows_within(table: pd.DataFrame, limits: Mapping[str, Range]) -> Mask:
    """For each row whether all of `limits` (by column) hold; a value that is not known is outside of any."""
    keep = np.ones(len(table), bool)
    for name, (low, high) in limits.items():
        values = table[name].to_numpy(float)
        if low is not None:
            keep &= values >= low
        if high is not None:
            keep &= values <= high
    return keep


def remove_rows(located: LocatedTable, rows: Indices, labels: Array, locked: Collection[int] = ()) -> Change:
    """Make background of the objects of `rows` in `labels`, where they were measured; locked ones stay."""
    changes = []
    frames = [located.table[letter.lower()].to_numpy() for letter in located.frames]
    ids = located.table["label"].to_numpy()
    for row in rows.tolist():
        if int(ids[row]) in locked:
            continue
        low, high = np.split(located.boxes[row], 2)
        box = tuple(slice(int(frame[row]), int(frame[row]) + 1) for frame in frames)
        box += tuple(slice(int(start), int(stop)) for start, stop in zip(low, high, strict=True))
        old = labels[box]
        changes.append(change_in_box(labels, box, np.where(old == ids[row], labels.dtype.type(0), old)))
    return join_changes(labels, changes, disjoint=True)  # a pixel belongs to one object


def describe_limits(limits: Mapping[str, Range], titles: Mapping[str, str]) -> str:
    """For example "Area 40 to 200, Solidity from 0.8"."""
    parts = []
    for name, (low, high) in limits.items():
        title = titles.get(name, name)
        if low is not None and high is not None:
            parts.append(f"{title} {low:.4g} to {high:.4g}")
        elif low is not None or high is not None:
            parts.append(f"{title} from {low:.4g}" if low is not None else f"{title} up to {high:.4g}")
    return ", ".join(parts)
