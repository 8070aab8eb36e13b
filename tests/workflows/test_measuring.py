"""The objects of many files in one table: files that fail, that are stopped, and whose units differ."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_unet.events import Finished, StopFlag
from napari_unet.results.measurements.config import MeasureConfig
from napari_unet.workflows.measuring import MeasuredFile, measure_files_steps

AREA = MeasureConfig(columns=("area",))


def save(folder: Path, name: str, labels: np.ndarray, um: float | None = None, axes: str = "YX") -> MeasuredFile:
    folder.mkdir(exist_ok=True)
    metadata = {"axes": axes} | ({} if um is None else {"PhysicalSizeX": um, "PhysicalSizeY": um})
    for ending, pixels in (("", np.zeros(labels.shape, np.uint8)), ("_labels", labels)):
        tifffile.imwrite(folder / f"{name}{ending}.ome.tif", pixels, metadata=metadata, ome=True)
    return MeasuredFile(folder / f"{name}.ome.tif", folder / f"{name}_labels.ome.tif")


def squares(*sides: int) -> np.ndarray:
    labels = np.zeros((20, 12 * len(sides)), np.uint16)
    for number, side in enumerate(sides):
        labels[1 : 1 + side, 12 * number + 1 : 12 * number + 1 + side] = 7 * number + 3
    return labels


def test_rows_say_of_which_file_and_folder_they_are_and_a_bad_file_stops_nothing(tmp_path: Path) -> None:
    first, second = save(tmp_path / "x", "a", squares(2, 3)), save(tmp_path / "ÿ", "a", squares(4))
    bad = MeasuredFile(tmp_path / "none.tif", first.labels)
    *events, last = measure_files_steps([first, bad, second], AREA)
    assert isinstance(last, Finished)
    assert not last.stopped
    table = last.result.table
    assert table[["image", "folder", "label", "area"]].to_numpy().tolist() == [
        ["a.ome.tif", "x", 3, 4.0], ["a.ome.tif", "x", 10, 9.0], ["a.ome.tif", "ÿ", 3, 16.0],
    ]  # fmt: skip
    assert list(last.result.errors) == [bad.image]
    assert [(event.done, event.total, event.path, bool(event.error)) for event in events] == [
        (1, 3, first.image, False), (2, 3, bad.image, True), (3, 3, second.image, False),
    ]  # fmt: skip


def test_units_that_differ_are_both_named(tmp_path: Path) -> None:
    files = [save(tmp_path, "a", squares(2), 0.5), save(tmp_path, "b", squares(2)), save(tmp_path, "c", squares(2), 1)]
    *_, last = measure_files_steps(files, AREA)
    assert last.result.table["area"].tolist() == [1.0, 4.0, 4.0]
    assert last.result.table["unit"].tolist() == ["um", "px", "um"]
    assert last.result.table.attrs["units"] == {"area": "px^2 or um^2"}


@pytest.mark.parametrize("after", [0, 1])
def test_stopping_keeps_whole_files_alone(tmp_path: Path, after: int) -> None:
    files = [save(tmp_path, name, squares(2)) for name in "abc"]
    stop = StopFlag()
    events = []
    if not after:
        stop.request()
    for event in measure_files_steps(files, AREA, stop=stop):
        events.append(event)
        if len(events) == after:
            stop.request()
    assert events[-1].stopped
    assert len(events[-1].result.table) == after


def test_nothing_to_measure_is_an_empty_table() -> None:
    [last] = measure_files_steps([])
    assert len(last.result.table) == 0
    assert last.result.errors == {}


def test_in_a_stack_an_object_may_lie_in_several_places_of_a_slice_and_in_a_plane_it_is_told(tmp_path: Path) -> None:
    dots = np.zeros((2, 40, 40), np.uint8)
    for row, column in np.ndindex(4, 4):
        dots[:, 10 * row : 10 * row + 5, 10 * column : 10 * column + 5] = 255
    *_, stack = measure_files_steps([save(tmp_path, "stack", dots, axes="ZYX")], AREA)
    assert stack.result.errors == {}
    assert stack.result.table["area"].tolist() == [2 * 16 * 25]
    *_, plane = measure_files_steps([save(tmp_path, "plane", dots[0])], AREA)
    assert "16 separate places" in plane.result.errors[tmp_path / "plane.ome.tif"]


def test_cells_of_nuclei_and_classes_come_from_files_of_their_own(tmp_path: Path) -> None:
    file = save(tmp_path, "a", squares(2, 3))
    cells = save(tmp_path, "cells", squares(8, 8) * 2)
    kinds = save(tmp_path, "kinds", np.full((20, 24), 5, np.uint16))
    both = MeasuredFile(file.image, file.labels, cells.labels, kinds.labels)
    *_, last = measure_files_steps([both], MeasureConfig(columns=("parent", "class")))
    assert last.result.table[["label", "parent", "class"]].to_numpy().tolist() == [[3, 6, 5], [10, 20, 5]]
