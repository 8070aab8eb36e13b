"""One row an image, and what a sample sheet says of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_unet.errors import UserError
from napari_unet.results.measurements.summary import add_conditions, read_sheet, summarize


def objects() -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "image": ["b.tif", "a.tif", "a.tif", "a.tif"],
            "dose": ["5", "0", "0", "0"],
            "label": [9, 1, 2, 3],
            "area": [10.0, 1.0, 2.0, 6.0],
            "centroid_y": [1.0, 2.0, 3.0, 4.0],
            "bbox_min_y": [1, 2, 3, 4],
            "class": ["x", "y", "y", "x"],
            "parent": [0, 1, 1, 2],
            "unit": ["um", "um", "um", "um"],
        }
    )
    table.attrs["conditions"] = ["dose"]
    return table


def test_an_image_is_a_row_of_counts_means_medians_and_spreads() -> None:
    found = summarize(objects())
    assert found["image"].tolist() == ["a.tif", "b.tif"]
    assert found["objects"].tolist() == [3, 1]
    assert found["area_mean"].tolist() == [3.0, 10.0]
    assert found["area_median"].tolist() == [2.0, 10.0]
    assert found["area_std"][0] == pytest.approx(np.std([1, 2, 6], ddof=1))
    assert np.isnan(found["area_std"][1]), "one object has no spread"


def test_what_is_no_measurement_has_no_mean_and_what_an_image_is_stays() -> None:
    found = summarize(objects())
    assert set(found.columns) == {"image", "objects", "unit", "dose", "area_mean", "area_median", "area_std"}
    assert found["dose"].tolist() == ["0", "5"]
    assert found["unit"].tolist() == ["um", "um"]


def test_frames_and_slices_are_rows_of_their_own_and_a_lone_image_is_one() -> None:
    table = objects().assign(t=[0, 0, 1, 1])
    assert summarize(table)[["image", "t", "objects"]].to_numpy().tolist() == [
        ["a.tif", 0, 1],
        ["a.tif", 1, 2],
        ["b.tif", 0, 1],
    ]
    lone = pd.DataFrame({"label": [1, 2], "area": [2.0, 4.0]})
    found = summarize(lone)
    assert found[["image", "objects", "area_mean"]].to_numpy().tolist() == [["image", 2, 3.0]]


@pytest.mark.parametrize(
    "text",
    [
        "file,dose,day\na.tif,0,1\nb.tif,5,1\n",
        "name;dose;day\na.tif;0;1\nb.tif;5;1\n",
        "dose\tfile\tday\n0\ta.tif\t1\n5\tb.tif\t1\n",
        "\ufefffile,dose,day\na.tif,0,1\nb.tif,5,1\n",
        "file,dose,day\nsome/where/a.tif,0,1\nb,5,1\n",
    ],
)
def test_a_sheet_names_files_in_its_first_column_or_in_that_called_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text(text)
    sheet = read_sheet(path)
    assert sheet.index.tolist() == ["a", "b"]
    assert sheet["dose"].tolist() == ["0", "5"]
    joined = add_conditions(objects().drop(columns="dose"), sheet)
    assert joined.columns[:3].tolist() == ["image", "dose", "day"]
    assert joined["dose"].tolist() == ["5", "0", "0", "0"]
    assert joined.attrs["conditions"] == ["dose", "day"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("file\na.tif\nb.tif\n", "has 1 column: it needs one of files and one of conditions"),
        ("file,dose\na.tif,1\na.png,2\n", "names a twice: keep one row a file"),
        ("", "cannot be read as a CSV file"),
        ("file,dose\na.tif,1,2,3\nb.tif,1\nc.tif,1,2,3,4,5\n", "cannot be read as a CSV file"),
        (None, "cannot be read as a CSV file"),
    ],
)
def test_a_sheet_that_cannot_be_used_says_what_to_do(tmp_path: Path, text: str | None, sentence: str) -> None:
    path = tmp_path / "sheet.csv"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match=sentence):
        read_sheet(path)


def test_every_image_needs_a_row_and_a_condition_is_no_measurement() -> None:
    sheet = pd.DataFrame({"dose": ["0"]}, index=["a"])
    with pytest.raises(UserError, match=r"no row for b\.tif: add one for each image"):
        add_conditions(objects().drop(columns="dose"), sheet)
    sheet = pd.DataFrame({"area": ["0", "1"]}, index=["a", "b"])
    with pytest.raises(UserError, match="column 'area' is also a measurement: rename it"):
        add_conditions(objects(), sheet)
