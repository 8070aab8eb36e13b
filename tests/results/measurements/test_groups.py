"""Values by group: what a box says, and what can be grouped by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from napari_unet.errors import UserError
from napari_unet.results.measurements.groups import list_groupings, list_values, make_boxes
from napari_unet.results.pictures.box_plot import draw_box_plot


@pytest.fixture
def table() -> pd.DataFrame:
    table = pd.DataFrame(
        {"image": ["a"] * 5 + ["b"] * 4 + ["c"], "dose": ["low"] * 9 + ["high"], "folder": "day", "label": 1,
         "area": [1.0, 2, 3, 4, 100, 2, 3, np.nan, 4, 7], "unit": "um"}
    )  # fmt: skip
    table.attrs |= {"conditions": ["dose"], "units": {"area": "um^2"}}
    return table


def test_a_box_has_quartiles_whiskers_within_reach_and_counts(table: pd.DataFrame) -> None:
    high, low = make_boxes(table, "area", "dose")
    assert (high.name, high.count, high.n_images, high.middle) == ("high", 1, 1, 7)
    assert (low.count, low.n_images) == (8, 2)  # the unknown value is no object of the plot
    assert (low.lower, low.middle, low.upper) == (2.0, 3.0, 4.0)
    assert (low.low, low.high) == (1, 4)  # 100 is beyond the whiskers


def test_groups_are_what_has_several_and_values_are_measurements(table: pd.DataFrame) -> None:
    assert list_groupings(table) == ["dose", "image"]
    assert list_values(table) == ["area"]
    for value, by in (("size", "dose"), ("area", "day")):
        with pytest.raises(UserError, match="no column"):
            make_boxes(table, value, by)
    with pytest.raises(UserError, match="50 groups"):
        make_boxes(pd.DataFrame({"image": [str(n) for n in range(50)], "area": 1.0}), "area", "image")


def test_the_plot_is_a_picture_with_the_unit(table: pd.DataFrame, tmp_path: Path) -> None:
    draw_box_plot(table, "area", "dose", tmp_path / "plot.svg")
    text = (tmp_path / "plot.svg").read_text()
    assert "Area (µm²)" in text
    assert "8 in 2 images" in text


def test_the_whiskers_end_at_values_within_one_and_a_half_boxes_and_exactly_there_too() -> None:
    values = [-2.0, 1.0, 2.0, 3.0, 4.0, 5.0, 8.5]  # quartiles 1.5 and 4.5: from -3 to 9
    (box,) = make_boxes(pd.DataFrame({"image": ["a"] * 7, "area": values}), "area", "image")
    assert (box.lower, box.middle, box.upper, box.low, box.high) == (1.5, 3.0, 4.5, -2.0, 8.5)
    values[-1] = 9.0
    (box,) = make_boxes(pd.DataFrame({"image": ["a"] * 7, "area": values}), "area", "image")
    assert box.high == 9.0
    values[-1] = 9.01
    (box,) = make_boxes(pd.DataFrame({"image": ["a"] * 7, "area": values}), "area", "image")
    assert box.high == 5.0


def test_a_group_of_which_nothing_is_known_has_no_box_and_forty_groups_are_a_plot() -> None:
    table = pd.DataFrame({"image": ["a", "b"], "area": [np.nan, 1.0]})
    assert [box.name for box in make_boxes(table, "area", "image")] == ["b"]
    many = pd.DataFrame({"image": [f"{n:02}" for n in range(40)], "area": 1.0})
    assert len(make_boxes(many, "area", "image")) == 40
    assert list_groupings(many) == ["image"]
    assert list_groupings(pd.DataFrame({"image": [str(n) for n in range(41)]})) == []
