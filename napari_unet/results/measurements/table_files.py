"""Tables as CSV, Parquet or Excel files."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

from napari_unet.errors import UserError
from napari_unet.new_files import new_file
from napari_unet.results.measurements.columns import BY_NAME
from napari_unet.results.measurements.headings import heading_of, meaning_of

if TYPE_CHECKING:
    import pandas as pd

_NEEDS = {".csv": None, ".tsv": None, ".parquet": "pyarrow", ".xlsx": "openpyxl"}
_EXCEL_ROWS = 2**20 - 1


def read_text_table(path: Path) -> pd.DataFrame:
    """A table of text that somebody made, cells as they are written; commas, semicolons or tabs are between them.

    Raises `OSError` or `ValueError` if it cannot be read.
    """
    with path.open(encoding="utf-8-sig") as file:
        heading = file.readline()
    # told from the heading alone: letters that are in every line are no separators
    separator = max(",;\t", key=heading.count)
    import pandas as pd

    return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")


def check_table_path(path: Path) -> None:
    """Raise `UserError` if no table can be written to a file of that ending, here."""
    ending = path.suffix.lower()
    if ending not in _NEEDS:
        raise UserError(f"{path.name} does not say what kind of table it is: end it with {', '.join(_NEEDS)}.")
    library = _NEEDS[ending]
    if library and importlib.util.find_spec(library) is None:
        raise UserError(f"{ending} files need {library}: pip install {library}, or end the name with .csv.")


def write_table(path: Path, table: pd.DataFrame) -> Path:
    """Write `table` in the format of the ending; the file appears under its name only when it is complete.

    An Excel file has a second sheet that says what each column is, and its unit.
    """
    path = path.expanduser()
    check_table_path(path)
    ending = path.suffix.lower()
    with new_file(path, ending=ending) as partial:
        _write(partial, table, ending)
    return path


def _write(path: Path, table: pd.DataFrame, ending: str) -> None:
    if ending == ".parquet":
        table.to_parquet(path, index=False)
    elif ending == ".xlsx":
        if len(table) > _EXCEL_ROWS:
            raise UserError(f"An Excel sheet holds {_EXCEL_ROWS} rows, and there are {len(table)}: use .csv.")
        import pandas as pd

        with pd.ExcelWriter(path, engine="openpyxl") as book:
            table.to_excel(book, sheet_name="objects", index=False)
            explain_columns(table).to_excel(book, sheet_name="columns", index=False)
    else:
        table.to_csv(path, index=False, sep="\t" if ending == ".tsv" else ",")


def explain_columns(table: pd.DataFrame) -> pd.DataFrame:
    """What each measurement of `table` is: its column, title, unit and meaning."""
    units = table.attrs.get("units", {})
    rows = []
    for name in table.columns:
        column = BY_NAME.get(name.split("-")[0])
        if column is not None:
            rows.append({"column": name, "title": column.title, "unit": units.get(name, ""), "meaning": column.about})
        elif name in ("class", "probability"):
            rows.append({"column": name, "title": heading_of(name, {}), "unit": "", "meaning": meaning_of(name)})
    import pandas as pd

    return pd.DataFrame(rows, columns=["column", "title", "unit", "meaning"])
