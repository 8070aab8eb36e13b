"""A table of objects that knows where each of them is, to go there and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_unet.labels.types import Array, Indices, Ints, PlaneIndex, Rectangle

if TYPE_CHECKING:
    import pandas as pd

    from napari_unet.results.measurements.config import MeasureConfig


def with_places(config: MeasureConfig) -> MeasureConfig:
    """`config` with the bounding boxes that `LocatedTable` needs."""
    return config.model_copy(update={"columns": tuple(dict.fromkeys((*config.columns, "bbox")))})


@dataclass(frozen=True, eq=False)
class LocatedTable:
    """`table` as `measure_objects` makes it, of labels with axes `axes`; `boxes` are (n, 2 x axes of `space`) pixels.

    `space` are the axes that objects extend along: the last ones of `axes`.
    """

    table: pd.DataFrame
    boxes: Ints
    axes: str
    space: str

    @classmethod
    def of(cls, table: pd.DataFrame, axes: str, columns: Sequence[str]) -> LocatedTable:
        """Of a table that was measured `with_places`; the boxes stay columns only if they are among `columns`."""
        names = [name for name in table.columns if name.startswith("bbox-")]
        boxes = table[names].to_numpy(np.int64)
        if not {"bbox", "all"} & set(columns):
            attributes = table.attrs
            table = table.drop(columns=names)
            table.attrs = attributes
        return cls(table, boxes, axes, axes[-len(names) // 2 :] if names else "YX")

    def __len__(self) -> int:
        return len(self.table)

    @property
    def frames(self) -> str:
        """The axes along which each index has objects of its own."""
        return self.axes.removesuffix(self.space)

    def rows_in(self, plane: PlaneIndex) -> Indices:
        """Rows of the objects that are in the frame of `plane` (an index over the axes before YX)."""
        here = np.ones(len(self.table), bool)
        for letter, at in zip(self.frames, plane, strict=False):
            here &= self.table[letter.lower()].to_numpy() == at
        return np.flatnonzero(here)

    def find(self, plane: PlaneIndex, label: int) -> int | None:
        """The row of the object `label` in the frame of `plane`; None if it is not in the table."""
        rows = self.rows_in(plane)
        found = rows[self.table["label"].to_numpy()[rows] == label]
        return int(found[0]) if found.size else None

    def place_of(self, row: int, labels: Array) -> tuple[PlaneIndex, Rectangle] | None:
        """The plane where the object of `row` is largest, and its box there; None if `labels` has it there no more.

        A box is (row, row stop, column, column stop).
        """
        frame = tuple(int(self.table[letter.lower()].iloc[row]) for letter in self.frames)
        low, high = np.split(self.boxes[row], 2)
        label = int(self.table["label"].iloc[row])
        inside = tuple(slice(int(start), int(stop)) for start, stop in zip(low, high, strict=True))
        mine = labels[frame][inside] == label
        if not mine.any():
            return None
        plane: PlaneIndex = frame
        if len(self.space) == 3:
            deepest = int(np.argmax(mine.sum(axis=(1, 2))))
            plane, mine = (*frame, int(low[0]) + deepest), mine[deepest]
        rows, columns = np.flatnonzero(mine.any(axis=1)), np.flatnonzero(mine.any(axis=0))
        top, left = int(low[-2]), int(low[-1])
        return plane, (
            top + int(rows[0]),
            top + int(rows[-1]) + 1,
            left + int(columns[0]),
            left + int(columns[-1]) + 1,
        )
