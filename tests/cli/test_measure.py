"""`napari-unet measure` writes one table of the objects of many files."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

Run = Callable[..., Any]


@pytest.fixture
def plate(tmp_path: Path) -> Path:
    """`images` and `labels` of three files of two conditions, pixels of a quarter micrometer."""
    (tmp_path / "images").mkdir()
    (tmp_path / "labels").mkdir()
    for name, side in (("a", 8), ("b", 4), ("c", 4)):
        labels = np.zeros((30, 40), np.uint16)
        labels[2 : 2 + side, 3 : 3 + side], labels[20:24, 30:32] = 1, 7
        metadata = {"axes": "CYX", "PhysicalSizeX": 0.25, "PhysicalSizeY": 0.25}
        pixels = np.stack([labels * 10, labels * 0 + 5]).astype(np.uint16)
        tifffile.imwrite(tmp_path / "images" / f"{name}.ome.tif", pixels, metadata=metadata, ome=True)
        tifffile.imwrite(tmp_path / "labels" / f"{name}_labels.tif", labels)
    (tmp_path / "sheet.csv").write_text("file,drug,dose\na.ome.tif,none,0\nb.ome.tif,X,10\nc,X,20\n")
    return tmp_path


def test_table_has_a_row_an_object_in_units_of_the_image(run: Run, plate: Path) -> None:
    output = plate / "new" / "table.csv"
    ran = run("measure", plate / "images", "--labels", plate / "labels", "--output", output, "--json")
    assert ran.code == 0, ran.err
    table = pd.read_csv(output)
    assert list(table["image"]) == ["a.ome.tif"] * 2 + ["b.ome.tif"] * 2 + ["c.ome.tif"] * 2
    assert set(table["folder"]) == {"images"}
    assert list(table["label"]) == [1, 7] * 3
    np.testing.assert_allclose(table["area"][:2], [4, 0.5])
    assert list(table["intensity_mean-0"][:2]) == [10, 70]
    assert ran.answer["units"]["area"] == "um^2"
    assert list(output.parent.iterdir()) == [output]


def test_columns_can_be_chosen(run: Run, plate: Path) -> None:
    output = plate / "t.csv"
    ran = run("measure", plate / "images" / "a.ome.tif", "--labels", plate / "labels" / "a_labels.tif", "--columns",
              "num_pixels, intensity_sum", "--output", output)  # fmt: skip
    assert ran.code == 0, ran.err
    expected = ["image", "folder", "label", "unit", "num_pixels", "intensity_sum-0", "intensity_sum-1"]
    assert list(pd.read_csv(output)) == expected
    assert "micrometers" in ran.out
    ran = run("measure", plate / "images", "--labels", plate / "labels", "--columns", "aria", "--output", output)
    assert ran.code == 2
    assert "aria" in ran.sentence


def test_sample_sheet_says_the_condition_and_the_summary_has_a_row_an_image(run: Run, plate: Path) -> None:
    ran = run("measure", plate / "images", "--labels", plate / "labels", "--output", plate / "t.csv",
              "--by", plate / "sheet.csv", "--summary", plate / "s.csv", "--json")  # fmt: skip
    assert ran.code == 0, ran.err
    table, summary = pd.read_csv(plate / "t.csv"), pd.read_csv(plate / "s.csv")
    assert list(table["drug"]) == ["none"] * 2 + ["X"] * 4
    assert list(summary["objects"]) == [2, 2, 2]
    assert list(summary["dose"]) == [0, 10, 20]
    np.testing.assert_allclose(summary["area_mean"][0], 2.25)
    assert ran.answer["groups"] == {"X": 4, "none": 2}
    (plate / "sheet.csv").write_text("file,drug\na,none\n")
    ran = run("measure", plate / "images", "--labels", plate / "labels", "--output", plate / "t.csv",
              "--by", plate / "sheet.csv")  # fmt: skip
    assert ran.code == 2
    assert "b.ome.tif" in ran.sentence


def test_boxes_by_condition_are_drawn(run: Run, plate: Path) -> None:
    where = ("measure", plate / "images", "--labels", plate / "labels", "--output", plate / "t.csv")
    ran = run(*where, "--sheet", plate / "sheet.csv", "--plot", plate / "p.svg", "--json")
    assert ran.answer["plot"]["group"] == "drug"
    assert "4 in 2 images" in (plate / "p.svg").read_text()
    assert "no column" in run(*where, "--plot", plate / "p.svg", "--value", "size").sentence
    assert "does not say what kind of picture" in run(*where, "--plot", plate / "p.doc").sentence


@pytest.mark.parametrize("ending", ["parquet", "xlsx", "tsv"])
def test_formats_hold_the_same_numbers(run: Run, plate: Path, ending: str) -> None:
    output = plate / f"t.{ending}"
    for path in (output, plate / "t.csv"):
        assert run("measure", plate / "images", "--labels", plate / "labels", "--output", path).code == 0
    read = {"parquet": pd.read_parquet, "xlsx": pd.read_excel, "tsv": lambda path: pd.read_csv(path, sep="\t")}[ending]
    pd.testing.assert_frame_equal(read(output), pd.read_csv(plate / "t.csv"), check_dtype=False)
    if ending == "xlsx":
        told = pd.read_excel(output, sheet_name="columns").set_index("column")
        assert told.loc["perimeter", "unit"] == "um"


def test_bad_file_is_named_and_the_others_are_measured(run: Run, plate: Path) -> None:
    tifffile.imwrite(plate / "labels" / "b_labels.tif", np.zeros((5, 5), np.uint8))
    ran = run("measure", plate / "images", "--labels", plate / "labels", "--output", plate / "t.csv", "--json")
    assert ran.code == 2
    assert [Path(error["input"]).name for error in ran.answer["errors"]] == ["b.ome.tif"]
    assert set(pd.read_csv(plate / "t.csv")["image"]) == {"a.ome.tif", "c.ome.tif"}


def test_unknown_ending_and_missing_library_are_told_before_work(
    run: Run, plate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = run("measure", plate / "images", "--labels", plate / "labels", "--output", plate / "t.doc")
    assert (ran.code, ".csv" in ran.sentence) == (2, True)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    ran = run("measure", plate / "images", "--labels", plate / "labels", "--output", plate / "t.xlsx")
    assert (ran.code, "openpyxl" in ran.sentence) == (2, True)


def test_labels_are_found_beside_the_image_by_their_usual_names(run: Run, plate: Path) -> None:
    for name in "abc":
        (plate / "labels" / f"{name}_labels.tif").rename(plate / "images" / f"{name}_cp_masks.tif")
    ran = run("measure", plate / "images", "--output", plate / "t.csv", "--json")
    assert (ran.code, ran.answer["objects"]) == (0, 6)


def test_a_mask_is_not_measured_as_one_object(run: Run, plate: Path) -> None:
    mask = np.zeros((30, 40), np.uint8)
    for corner in (1, 11, 21):
        mask[corner : corner + 5, 2:8] = mask[corner : corner + 5, 22:28] = 255
    tifffile.imwrite(plate / "labels" / "a_labels.tif", mask)
    ran = run("measure", plate / "images" / "a.ome.tif", "--labels", plate / "labels", "--output", plate / "t.csv")
    assert (ran.code, "6 separate places" in ran.sentence, (plate / "t.csv").exists()) == (2, True, False)
    np.copyto(mask, 7, where=mask > 0)
    mask[1:6, 2:8], mask[28:30, 38:40], mask[28:30, 1:3] = 3, 4, 5
    tifffile.imwrite(plate / "labels" / "a_labels.tif", mask)
    ran = run("measure", plate / "images" / "a.ome.tif", "--labels", plate / "labels", "--output", plate / "t.csv")
    assert (ran.code, "id 7 in 5" in ran.sentence) == (0, True)
