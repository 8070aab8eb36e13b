from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt

from napari_unet.ui.results.picturing import PictureDialog
from napari_unet.ui.results.step import ResultsStep
from napari_unet.ui.session.session import Session


@pytest.fixture
def step(viewer: Any, panel: Any, blobs: np.ndarray) -> ResultsStep:
    """The step, with an image of which half a micrometer is a pixel, and labels of its four squares."""
    labels = np.zeros(blobs.shape, np.int32)
    for number, (row, column) in enumerate([(8, 10), (8, 45), (36, 10), (36, 45)]):
        labels[row : row + 16, column : column + 10 + 2 * number] = 11 + number
    layer = viewer.add_image(blobs, name="cells", scale=(0.5, 0.5), units=("um", "um"))
    panel.session.adopt_labels(
        panel.session.work_on(layer), viewer.add_labels(labels, scale=(0.5, 0.5), units=("um", "um"))
    )
    return panel.results_step


@pytest.fixture
def measured(step: ResultsStep, wait_until_idle: Any) -> ResultsStep:
    step.measure_button.click()
    wait_until_idle(step.session)
    assert step.message.text == ""
    return step


def test_measuring_fills_a_table_in_units_of_the_pixel_size(measured: ResultsStep) -> None:
    rows = measured.table.rows
    assert measured.table.isVisibleTo(measured.body)
    assert rows.rowCount() == 4
    headings = [rows.headerData(i, Qt.Orientation.Horizontal) for i in range(rows.columnCount())]
    assert headings[:2] == ["Object", "Area (µm²)"]
    area = [rows.index(row, 1).data() for row in range(4)]
    assert area == ["40", "48", "56", "64"]  # 16 rows of 10 to 16 columns, a quarter of a square micrometer each
    assert "bbox-0" not in rows.names
    assert "4 objects measured" in measured.state


def test_other_plugins_find_the_numbers_in_the_layers_features(measured: ResultsStep) -> None:
    features = measured.work.labels_layer.features
    assert features["label"].tolist() == [11, 12, 13, 14] == features["index"].tolist()
    assert features["area"].tolist() == [40, 48, 56, 64]


def test_a_chosen_row_shows_its_object_and_a_clicked_object_its_row(measured: ResultsStep, viewer: Any) -> None:
    measured.table.sortByColumn(1, Qt.SortOrder.DescendingOrder)
    measured.table.selectRow(0)
    layer = measured.work.labels_layer
    assert layer.selected_label == 14
    centre = np.asarray(viewer.scene.camera.center)[-2:]
    np.testing.assert_allclose(centre, [(36 + 7.5) * 0.5, (45 + 7.5) * 0.5])
    measured.picker.clicked.emit(layer.data_to_world((10, 12)))
    assert measured.table.current == 0
    assert measured.table.currentIndex().row() == 3
    assert layer.selected_label == 14  # a click only tells


def test_labels_that_changed_are_told_and_a_removed_object_is_not_gone_to(measured: ResultsStep) -> None:
    work = measured.work
    work.labels_layer.data_setitem(tuple(np.nonzero(work.labels == 12)), 0)
    measured.table.selectRow(1)
    assert "Object 12 is not where it was measured" in measured.message.text
    work.note_written()
    measured._on_labels(work)
    assert "measure again" in measured.state


def test_only_what_is_ticked_is_measured(step: ResultsStep, wait_until_idle: Any) -> None:
    step.columns.tick(())
    step.measure_button.click()
    assert "Nothing is ticked" in step.message.text
    assert step.session.job is None
    step.columns.tick(("solidity",))
    step.measure_button.click()
    wait_until_idle(step.session)
    assert step.table.rows.names == ["label", "solidity"]


def test_the_table_is_saved_and_a_bad_name_gets_a_sentence(measured: ResultsStep, tmp_path: Path) -> None:
    measured.outputs.save_table(tmp_path / "cells.csv")
    assert pd.read_csv(tmp_path / "cells.csv")["label"].tolist() == [11, 12, 13, 14]
    measured.limits.set_limits("area", 50, None)
    measured.outputs.save_table(tmp_path / "large.xlsx")
    assert "2 objects written" in measured.message.text
    assert pd.read_excel(tmp_path / "large.xlsx")["label"].tolist() == [13, 14]
    assert pd.read_excel(tmp_path / "large.xlsx", sheet_name="columns")["unit"][0] == "um^2"
    measured.outputs.save_table(tmp_path / "cells.doc")
    assert "end it with .csv" in measured.message.text


def test_labels_are_exported_and_not_written_over(step: ResultsStep, tmp_path: Path, wait_until_idle: Any) -> None:
    for told in ("4 objects written", "exists already"):
        step.outputs.export("imagej", tmp_path)
        wait_until_idle(step.session)
        assert told in step.message.text
    assert [path.name for path in tmp_path.iterdir()] == ["cells_rois.zip"]


def test_classes_of_the_layer_go_into_table_and_files(step: ResultsStep, tmp_path: Path, wait_until_idle: Any) -> None:
    layer = step.work.labels_layer
    layer.features = pd.DataFrame({"label": [11, 13], "class": ["round", "long"], "probability": [0.75, 1.0]})
    step.measure_button.click()
    wait_until_idle(step.session)
    rows = step.table.rows
    rows.sort(rows.names.index("class"), Qt.SortOrder.DescendingOrder)
    shown = [rows.text(0, rows.names.index(name)) for name in ("label", "class", "probability")]
    assert shown == ["11", "round", "0.75"]
    layer.features = layer.features.assign(**{"class": ["long", "", "long", ""]})
    step.outputs.save_table(tmp_path / "cells.csv")
    assert pd.read_csv(tmp_path / "cells.csv")["class"].fillna("").tolist() == ["long", "", "long", ""]
    step.outputs.export("geojson", tmp_path)
    wait_until_idle(step.session)
    assert (tmp_path / "cells.geojson").read_text().count('"classification":{"name":"long"') == 2


def test_without_labels_nothing_can_be_done_and_why_is_said(viewer: Any, panel: Any, blobs: np.ndarray) -> None:
    session: Session = panel.session
    session.work_on(viewer.add_image(blobs))
    for button in (panel.results_step.measure_button, panel.results_step.outputs.export_button):
        assert not button.isEnabled()
        assert "Segment the image first" in button.toolTip()


def test_the_slice_in_view_becomes_a_picture_before_and_after(
    step: ResultsStep, tmp_path: Path, wait_until_idle: Any
) -> None:
    step.work.prediction = np.zeros_like(step.work.labels)
    dialog = PictureDialog(step.work, step)
    assert dialog.before_box.isEnabled()
    dialog.before_box.setChecked(True)
    dialog.form.set_values({"width": 400})
    step.outputs.draw_picture(dialog.order, tmp_path / "cells.svg")
    wait_until_idle(step.session)
    assert "Written" in step.message.text
    svg = (tmp_path / "cells.svg").read_text()
    assert "before" in svg
    assert "after" in svg
    assert "10 \u00b5m" in svg  # a quarter of 80 pixels of half a micrometer
    step.outputs.draw_picture(dialog.order, tmp_path / "cells.bmp")
    wait_until_idle(step.session)
    assert "end it with .png" in step.message.text
