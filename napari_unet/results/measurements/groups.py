"""Values of objects by group: by a column of the sample sheet, by folder, by image; and the box that sums them up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from napari_unet.errors import UserError
from napari_unet.labels.types import Doubles
from napari_unet.results.measurements.summary import KEYS

_MOST_GROUPS = 40  # more are no plot any more
_WHISKER = 1.5  # box heights: Tukey 1977
_GROUPING = ("folder", "image", "class")


@dataclass(frozen=True)
class BoxSummary:
    """Of a group: `count` objects in `n_images` images, quartiles, and the values that the whiskers end at.

    Whiskers reach to the last values within 1.5 times the height of the box (Tukey, Exploratory Data Analysis, 1977).
    """

    name: str
    count: int
    n_images: int
    low: float
    lower: float
    middle: float
    upper: float
    high: float


def list_groupings(table: pd.DataFrame) -> list[str]:
    """Columns of a table of objects to group by, what the sample sheet says first; only those with several groups."""
    conditions = table.attrs.get("conditions", ())
    names = [*conditions, *(name for name in _GROUPING if name in table and name not in conditions)]
    return [name for name in names if 1 < table[name].nunique() <= _MOST_GROUPS]


def list_values(table: pd.DataFrame) -> list[str]:
    """Columns that are values of objects."""
    keys = {*KEYS, "label", "unit", *table.attrs.get("conditions", ())}
    return [name for name in table.columns if name not in keys and table[name].dtype.kind in "iuf"]


def make_boxes(table: pd.DataFrame, value: str, by: str) -> list[BoxSummary]:
    """A box for each group of column `by`, in the order of their names; groups without a known value are left out.

    Raises
    ------
    UserError
        If there is no such column, or too many groups.
    """
    for name, known in ((value, list_values(table)), (by, [*table.columns])):
        if name not in known:
            raise UserError(f"The table has no column {name!r} to plot; choose one of: {', '.join(known)}.")
    groups = [(str(name), part) for name, part in table.groupby(by, sort=True)]
    if len(groups) > _MOST_GROUPS:
        raise UserError(f"{by} has {len(groups)} groups, and a plot can show {_MOST_GROUPS}: choose another column.")
    boxes = []
    for name, part in groups:
        known_values = part[value].to_numpy(float)
        known_values = known_values[np.isfinite(known_values)]
        if known_values.size:
            n_images = len(part[[key for key in ("folder", "image") if key in part]].drop_duplicates())
            boxes.append(_box(name, n_images, known_values))
    return boxes


def _box(name: str, n_images: int, values: Doubles) -> BoxSummary:
    lower, middle, upper = (float(one) for one in np.percentile(values, (25, 50, 75)))
    reach = _WHISKER * (upper - lower)
    low = float(values[values >= lower - reach].min())
    high = float(values[values <= upper + reach].max())
    return BoxSummary(name, int(values.size), n_images, low, lower, middle, upper, high)
