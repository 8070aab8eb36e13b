"""Examples in a table: which object of which image is of which class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from napari_unet.classification.object_features import ObjectKey
from napari_unet.errors import UserError, listed, require


@dataclass(frozen=True)
class Examples:
    """`by_image` has, for each image's name ("" : the only one), the class of some objects, a place in `names`."""

    names: tuple[str, ...]
    by_image: Mapping[str, Mapping[ObjectKey, int]]

    def of(self, image: str) -> dict[ObjectKey, int]:
        """The examples of one image, by its file's name with or without the suffix."""
        stem = Path(image).stem
        found: dict[ObjectKey, int] = {}
        for name in ("", image, stem):
            found |= self.by_image.get(name, {})
        return found


def read_examples(path: Path) -> Examples:
    """Examples of a .csv or .tsv file with the columns `label` and `class`; `image` and `t` where there are several.

    Raises
    ------
    UserError
        If it cannot be read, a column is missing, or a label is no whole number.
    """
    require(path.is_file(), f"There is no table {path}: check the name.")
    try:
        table = pd.read_csv(path, sep=None, engine="python", dtype=str, keep_default_na=False)
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise UserError(f"{path.name} cannot be read as a table ({error}): save it as .csv.") from error
    table.columns = [str(column).strip().lower() for column in table.columns]
    missing = [name for name in ("label", "class") if name not in table]
    require(not missing, f"{path.name} has no column {listed(missing)}: examples need the columns label and class.")
    table = table[table["class"].str.strip() != ""]
    names = tuple(sorted(set(table["class"].str.strip())))
    found: dict[str, dict[ObjectKey, int]] = {}
    for _, row in table.iterrows():
        image = Path(row["image"].strip()).name if "image" in table else ""
        key = (_whole(row.get("t", "0") or "0", "t", path), _whole(row["label"], "label", path))
        found.setdefault(image, {})[key] = names.index(row["class"].strip())
    return Examples(names, found)


def _whole(text: str, column: str, path: Path) -> int:
    try:
        value = float(text)
        if value != int(value):
            raise ValueError(text)
    except (ValueError, OverflowError):
        raise UserError(f"{path.name}: {text!r} in the column {column} is no whole number; mend it.") from None
    return int(value)
