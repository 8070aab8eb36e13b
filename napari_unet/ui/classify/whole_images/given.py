"""What whole images were given, read back from a table, and the classes of a classifier as rows can show them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from napari_unet.classification.marked import COLORS, MOST_CLASSES, MarkedObjects
from napari_unet.errors import UserError
from napari_unet.images.files.reading import image_name
from napari_unet.results.measurements.table_files import read_text_table

if TYPE_CHECKING:
    import pandas as pd


def read_given(path: Path, images: Sequence[Path]) -> tuple[MarkedObjects, dict[Path, int]]:
    """The classes of a table, and which of `images` were given which: rows know them by their names.

    What counts is the column `given`, as this window writes it, so that nothing that was only found becomes an example;
    a table without it (as `classify --examples` reads) is taken for examples altogether, by its column `class`.

    Raises
    ------
    UserError
        If it cannot be read, a column is missing, or none of its examples is one of `images`.
    """
    table = _read(path)
    told = table["given"] if "given" in table else table["class"]
    of_image = {image_name(Path(name.strip())): own.strip() for name, own in zip(table["image"], told, strict=True)}
    found = {one: own for one in images if (own := of_image.get(image_name(one), ""))}
    if not found:
        raise UserError(
            f"{path.name} has no examples for these images: add the images that it is about first, and see that its "
            "column image has their names."
        )
    known = table.get("class", told)
    names = tuple(sorted({name.strip() for name in (*told, *known)} - {""}))
    return classes_named(names), {one: names.index(own) for one, own in found.items()}


def classes_named(names: Sequence[str], colors: Sequence[str] = ()) -> MarkedObjects:
    """Classes of these names; raises `UserError` if there are more of them than keys."""
    if len(names) > MOST_CLASSES:
        raise UserError(
            f"There are {len(names)} classes, and this window has keys for {MOST_CLASSES}: use napari-unet classify "
            "--whole-images, which knows no such limit, or join some classes."
        )
    spare = [name for name in ("class 1", "class 2") if name not in names][: max(0, 2 - len(names))]
    shown = (*names, *spare)
    return MarkedObjects(shown, tuple(colors) if len(colors) == len(shown) else COLORS[: len(shown)])


def _read(path: Path) -> pd.DataFrame:
    try:
        table = read_text_table(path)
    except (OSError, ValueError) as error:
        raise UserError(f"{path.name} cannot be read as a table ({error}): save it as .csv.") from error
    table.columns = [str(column).strip().lower() for column in table.columns]
    if "image" not in table or not {"given", "class"} & set(table.columns):
        raise UserError(f"{path.name} lacks columns: it needs image, and given or class.")
    return table
