"""Tables as files, and the words over their columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_unet.errors import UserError
from napari_unet.images.image import Image
from napari_unet.results.measurements import table_files
from napari_unet.results.measurements.columns import BY_NAME, DEFAULT_NAMES, choose_columns, spread_names, unit_text
from napari_unet.results.measurements.headings import heading_of, meaning_of
from napari_unet.results.measurements.limits import describe_limits
from napari_unet.results.measurements.measure import pixel_size
from napari_unet.results.measurements.table_files import explain_columns, read_text_table, write_table

TABLE = pd.DataFrame({"label": [1, 2], "area": [1.5, np.nan], "class": ["ß;x", ""], "centroid-1": [0.0, 1.0]})


@pytest.mark.parametrize(("ending", "separator"), [(".csv", ","), (".tsv", "\t"), (".CSV", ",")])
def test_text_is_separated_as_its_ending_says_and_comes_back(tmp_path: Path, ending: str, separator: str) -> None:
    path = write_table(tmp_path / "new" / f"größe{ending}", TABLE)
    assert path.read_text(encoding="utf-8").splitlines()[1] == separator.join(["1", "1.5", "ß;x", "0.0"])
    assert [one.name for one in path.parent.iterdir()] == [path.name]
    assert read_text_table(path)["class"].tolist() == ["ß;x", ""]


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UserError, match=r"t\.csv cannot be written: .*\. Choose another folder\."):
        write_table(tmp_path / "file" / "t.csv", TABLE)
    with pytest.raises(
        UserError, match=r"t\.doc does not say what kind of table it is: end it with \.csv, \.tsv, \.par"
    ):
        write_table(tmp_path / "t.doc", TABLE)
    monkeypatch.setattr(table_files, "_EXCEL_ROWS", 1)
    with pytest.raises(UserError, match=r"An Excel sheet holds 1 rows, and there are 2: use \.csv\."):
        write_table(tmp_path / "t.xlsx", TABLE)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_columns_are_explained_with_their_units_and_what_is_none_is_left_out() -> None:
    table = TABLE.assign(strange=1, probability=0.5)
    table.attrs["units"] = {"area": "um^2", "centroid-1": "um"}
    found = explain_columns(table).set_index("column")
    assert list(found.index) == ["area", "class", "centroid-1", "probability"]
    assert found["unit"].tolist() == ["um^2", "", "um", ""]
    assert found.loc["probability", "title"] == "Class probability"
    assert found.loc["probability", "meaning"] == "How likely that is, from 0 to 1."
    assert found.loc["centroid-1", "meaning"] == BY_NAME["centroid"].about
    assert meaning_of("strange") == ""
    assert meaning_of("t") == "Its frame, from 0 as on the slider."


@pytest.mark.parametrize(
    ("name", "space", "channels", "heading"),
    [
        ("centroid-2", "ZYX", (), "Centre X"), ("centroid-2", "YX", (), "Centre 2"),
        ("bbox-0", "YX", (), "Bounding box from Y"),
        ("bbox-3", "YX", (), "Bounding box to X"), ("bbox-4", "YX", (), "Bounding box 4"),
        ("bbox-5", "ZYX", (), "Bounding box to X"), ("area", "YX", (), "Area"), ("t", "YX", (), "Frame"),
        ("intensity_sum-0", "YX", ("",), "Integrated intensity of channel 1"),
        ("intensity_sum-2", "YX", ("a", "b"), "Integrated intensity of channel 3"), ("dose", "YX", (), "dose"),
    ],
)  # fmt: skip
def test_headings_name_axes_ends_and_channels_as_far_as_they_are_known(
    name: str, space: str, channels: tuple[str, ...], heading: str
) -> None:
    assert heading_of(name, {}, space, channels) == heading


def test_columns_are_those_that_objects_of_so_many_axes_have_in_the_order_of_the_list() -> None:
    chosen = [column.name for column in choose_columns(["class", "perimeter", "area"], 3)]
    assert chosen == ["area", "class"]
    assert [column.name for column in choose_columns(["default"], 2)] == list(DEFAULT_NAMES)
    assert len(choose_columns(["all", "area"], 2)) == len(BY_NAME)
    with pytest.raises(UserError, match=r"There is no column 'aria': choose from default, all, area, num_pixels,"):
        choose_columns(["area", "aria"], 2)
    assert spread_names(BY_NAME["bbox"], 3, 1) == [f"bbox-{number}" for number in range(6)]
    assert spread_names(BY_NAME["intensity_min"], 3, 1) == ["intensity_min"]
    assert unit_text(BY_NAME["area"], "um", 3) == "um^3"
    assert unit_text(BY_NAME["num_pixels"], "um", 3) == "px"


@pytest.mark.parametrize(
    ("scale", "units", "found"),
    [
        ({"Z": 2, "Y": 0.5, "X": 0.5}, dict.fromkeys("ZYX", "micrometer"), ((2, 0.5, 0.5), "um")),
        ({"Z": 3}, {}, ((3, 1, 1), "px")),  # a stretch without a unit
        ({"Z": 2, "Y": 0.5, "X": 0.5}, {"Y": "micrometer", "X": "micrometer"}, ((1, 1, 1), "px")),
        ({"Y": 0.5, "X": 0.5}, dict.fromkeys("ZYX", "micrometer"), ((1, 1, 1), "px")),
    ],
)
def test_lengths_are_in_micrometers_only_if_all_are_known(
    scale: dict[str, float], units: dict[str, str], found: tuple[tuple[float, ...], str]
) -> None:
    assert pixel_size(Image(np.zeros((2, 2, 2)), "ZYX", scale, units), "ZYX") == found


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({}, ""), ({"area": (None, None)}, ""), ({"area": (40, 200)}, "Area 40 to 200"),
        ({"area": (None, 12345.6)}, "Area up to 1.235e+04"),
        ({"b": (0.5, None), "area": (0, None)}, "b from 0.5, Area from 0"),
    ],
)  # fmt: skip
def test_limits_are_told_in_words(limits: dict[str, tuple[float | None, float | None]], words: str) -> None:
    assert describe_limits(limits, {"area": "Area"}) == words
