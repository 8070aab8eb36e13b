"""One row an image from a table of objects, and what a sample sheet says of each image."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from napari_unet.errors import UserError, listed
from napari_unet.images.files.reading import image_name
from napari_unet.results.measurements.table_files import read_text_table

KEYS = ("image", "folder", "t", "z")
_NO_NUMBERS = frozenset({*KEYS, "label", "unit", "parent", "class"})


def summarize(table: pd.DataFrame) -> pd.DataFrame:
    """A row an image and frame: `objects`, and `<column>_mean`, `_median` and `_std` of every measurement.

    What is the same of all objects of an image (its folder, its condition, the unit) stays a column.
    """
    keys = [key for key in KEYS if key in table]
    numbers = [
        name for name in table.columns if name not in _NO_NUMBERS and pd.api.types.is_numeric_dtype(table[name])
        and not name.startswith(("bbox", "centroid")) and name not in table.attrs.get("conditions", ())
    ]  # fmt: skip
    if not keys:
        table, keys = table.assign(image="image"), ["image"]
    told = [name for name in table.columns if name == "unit" or name in table.attrs.get("conditions", ())]
    groups = table.groupby(keys, sort=True)
    parts = [groups.size().rename("objects"), groups[told].first()]
    for statistic in ("mean", "median", "std"):
        parts.append(groups[numbers].agg(statistic).add_suffix(f"_{statistic}"))
    return pd.concat(parts, axis=1).reset_index()


def read_sheet(path: Path) -> pd.DataFrame:
    """A sample sheet: a CSV whose first column (or the one called "file") names files, and others what they are.

    Returns it with the names of images, without their endings, as index.
    """
    try:
        sheet = read_text_table(path)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read as a CSV file: {str(error).splitlines()[0]}.") from error
    if sheet.shape[1] < 2:
        raise UserError(f"{path} has {sheet.shape[1]} column: it needs one of files and one of conditions.")
    files = "file" if "file" in sheet else sheet.columns[0]
    names = sheet[files].map(image_name)
    if names.duplicated().any():
        raise UserError(f"{path} names {names[names.duplicated()].iloc[0]} twice: keep one row a file.")
    return sheet.drop(columns=files).set_index(names)


def add_conditions(table: pd.DataFrame, sheet: pd.DataFrame) -> pd.DataFrame:
    """`table` (with `image`) with the columns of `sheet`; raises `UserError` if the sheet lacks an image."""
    missing = sorted({name for name in table["image"] if image_name(name) not in sheet.index})
    if missing:
        raise UserError(f"The sample sheet has no row for {listed(missing)}: add one for each image.")
    clash = [name for name in sheet.columns if name in table]
    if clash:
        raise UserError(f"The sample sheet's column {clash[0]!r} is also a measurement: rename it.")
    names = table["image"].map(image_name)
    joined = table.copy()
    for place, name in enumerate(sheet.columns):
        joined.insert(1 + place, name, names.map(sheet[name]))
    joined.attrs = table.attrs | {"conditions": [str(name) for name in sheet.columns]}
    return joined
