"""Classes of objects as they go into files and come back: a name and, where it is known, a probability for each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_unet.errors import UserError, listed, require
from napari_unet.results.measurements.table_files import read_text_table

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("class", "probability")
"""What classes are called in tables, and in the features of a layer."""
_COLORS = ("#e69f00", "#56b4e9", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#0072b2", "#999999")
FrameAndId = tuple[int, int]
"""Frame of time (0 where there are none) and id."""


@dataclass(frozen=True)
class ObjectClass:
    """`name` of the class, and how likely it is: None where a person said it, or nobody knows."""

    name: str
    probability: float | None = None


@dataclass(frozen=True)
class ObjectClasses:
    """The class of objects by frame and id; `colors` (#rrggbb) by name, as far as they were chosen."""

    found: Mapping[FrameAndId, ObjectClass]
    colors: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.found)

    def of(self, frame: int, label: int) -> ObjectClass | None:
        """The class of an object; None if it has none."""
        return self.found.get((frame, label))

    @property
    def names(self) -> tuple[str, ...]:
        """Those of the classes that have an object, sorted."""
        return tuple(sorted({one.name for one in self.found.values()}))

    def number(self, name: str) -> int:
        """The place of a class among `names`, from 1."""
        return self.names.index(name) + 1

    def rgb(self, name: str) -> tuple[int, int, int]:
        """Its colour, 0 to 255."""
        color = self.colors.get(name) or _COLORS[(self.number(name) - 1) % len(_COLORS)]
        red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
        return red, green, blue

    def by_id(self) -> dict[int, ObjectClass]:
        """One class an id, for formats that know no frames: of one that changes, the commonest."""
        kept: dict[int, list[ObjectClass]] = {}
        for (_, label), one in self.found.items():
            kept.setdefault(label, []).append(one)
        return {label: _commonest(ones) for label, ones in kept.items()}

    def told_of_frames(self) -> list[str]:
        """A sentence if `by_id` loses anything."""
        by_id = self.by_id()
        changed = {label for (_, label), one in self.found.items() if one.name != by_id[label].name}
        if not changed:
            return []
        return [f"An id has one class there: of {len(changed)} that change it with time, the commonest was written."]

    def table(self) -> pd.DataFrame:
        """A row an object: `t` (if any is not in frame 0), `label`, `class`, `probability`."""
        import pandas as pd  # at its first use: the window would wait for it as it opens

        keys = sorted(self.found)
        columns: dict[str, Any] = {"t": [t for t, _ in keys]} if any(t for t, _ in keys) else {}
        columns |= {"label": [label for _, label in keys], "class": [self.found[key].name for key in keys]}
        known = [self.found[key].probability for key in keys]
        return pd.DataFrame(columns | {"probability": [math.nan if one is None else one for one in known]})

    def added_to(self, table: pd.DataFrame) -> pd.DataFrame:
        """`table` (a row an object, with `label` and in films `t`) with the columns `class` and `probability`.

        Objects without a class have an empty name.
        """
        frames = table["t"].tolist() if "t" in table else [0] * len(table)
        ones = [self.of(int(t), int(label)) for t, label in zip(frames, table["label"], strict=True)]
        likely = [math.nan if one is None or one.probability is None else one.probability for one in ones]
        found = table.drop(columns=[name for name in COLUMNS if name in table])
        found = found.assign(**{"class": ["" if one is None else one.name for one in ones], "probability": likely})
        found.attrs = table.attrs
        return found


def _commonest(ones: list[ObjectClass]) -> ObjectClass:
    name = Counter(one.name for one in ones).most_common(1)[0][0]
    likely = [one.probability for one in ones if one.name == name and one.probability is not None]
    return ObjectClass(name, float(np.mean(likely)) if likely else None)


def classes_of_table(table: pd.DataFrame, colors: Mapping[str, str] | None = None) -> ObjectClasses:
    """Of a table with `label` and `class`, in films `t`, maybe `probability`; rows without a class say nothing."""
    import pandas as pd

    if not {"label", "class"} <= set(table.columns):
        return ObjectClasses({})
    found: dict[FrameAndId, ObjectClass] = {}
    frames = table["t"] if "t" in table else [0] * len(table)
    likely = table["probability"] if "probability" in table else [None] * len(table)
    for frame, label, name, one in zip(frames, table["label"], table["class"], likely, strict=True):
        if isinstance(name, str) and name.strip():
            known = None if one is None or pd.isna(one) else float(one)
            found[int(frame), int(label)] = ObjectClass(name.strip(), known)
    return ObjectClasses(found, colors or {})


def read_class_tables(path: Path, whole: bool = False) -> dict[str, ObjectClasses]:
    """Classes of a .csv or .tsv file by the name of the image ("": the only one).

    It has the columns `label` and `class`; `image` and `t` where there are several, and maybe `probability`: as
    `napari-unet classify` writes it. `whole`: they are of whole images, which count as one object with the id 1.

    Raises
    ------
    UserError
        If it cannot be read, a column is missing, or a number is none.
    """
    require(path.is_file(), f"There is no table {path}: check the name.")
    try:
        table = read_text_table(path)
    except (OSError, ValueError) as error:
        raise UserError(f"{path.name} cannot be read as a table ({error}): save it as .csv.") from error
    table.columns = [str(column).strip().lower() for column in table.columns]
    needed = ("image" if whole else "label", "class")
    missing = [name for name in needed if name not in table]
    require(not missing, f"{path.name} has no column {listed(missing)}: it needs the columns {' and '.join(needed)}.")
    if whole:
        table["label"] = "1"
    table = table[table["class"].str.strip() != ""]
    found: dict[str, dict[FrameAndId, ObjectClass]] = {}
    for _, row in table.iterrows():
        image = Path(row["image"].strip()).name if "image" in table else ""
        key = (_whole(row.get("t", "0") or "0", "t", path), _whole(row["label"], "label", path))
        likely = _share(row.get("probability", ""), path)
        found.setdefault(image, {})[key] = ObjectClass(row["class"].strip(), likely)
    return {image: ObjectClasses(own) for image, own in found.items()}


def classes_of_image(tables: Mapping[str, ObjectClasses], image: str) -> ObjectClasses:
    """Those of one image, by its file's name with or without the suffix."""
    from napari_unet.images.files.reading import image_name

    found: dict[FrameAndId, ObjectClass] = {}
    for name, own in tables.items():
        if not name or image_name(Path(name)) == image_name(Path(image)):
            found |= own.found
    return ObjectClasses(found)


def add_classes(table: pd.DataFrame, tables: Mapping[str, ObjectClasses]) -> pd.DataFrame:
    """`table` of objects of several files (column `image`) with the columns `class` and `probability`."""
    parts = [classes_of_image(tables, str(name)).added_to(part) for name, part in table.groupby("image", sort=False)]
    import pandas as pd

    joined = pd.concat(parts).loc[table.index]
    joined.attrs = table.attrs
    return joined


def _whole(text: str, column: str, path: Path) -> int:
    try:
        value = float(text)
        if value != int(value):
            raise ValueError(text)
    except (ValueError, OverflowError):
        raise UserError(f"{path.name}: {text!r} in the column {column} is no whole number; mend it.") from None
    return int(value)


def _share(text: str, path: Path) -> float | None:
    if not text.strip():
        return None
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise UserError(f"{path.name}: {text!r} in the column probability is no number from 0 to 1; mend it.")
    return value
