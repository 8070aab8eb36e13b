"""Values on the canvas: colours from dark to bright, and what lies outside of limits is marked and can be removed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_unet.ui.results.colouring import colours_of
from napari_unet.ui.results.plot_window import histogram
from napari_unet.ui.results.step import ResultsStep


@pytest.fixture
def measured(viewer: Any, panel: Any, blobs: np.ndarray, qtbot: Any, wait_until_idle: Any) -> ResultsStep:
    """Four objects, of 160, 192, 224 and 256 pixels."""
    labels = np.zeros(blobs.shape, np.int32)
    for number, (row, column) in enumerate([(8, 10), (8, 45), (36, 10), (36, 45)]):
        labels[row : row + 16, column : column + 10 + 2 * number] = 11 + number
    panel.session.adopt_labels(panel.session.work_on(viewer.add_image(blobs)), viewer.add_labels(labels))
    panel.results_step.measure_button.click()
    wait_until_idle(panel.session)
    return panel.results_step


def test_objects_are_coloured_by_a_value_and_back(measured: ResultsStep, qtbot: Any) -> None:
    layer = measured.work.labels_layer
    usual, colours = layer.colormap, measured.colours
    colours.box.setCurrentIndex(colours.box.findData("area"))
    qtbot.waitUntil(lambda: layer.colormap is not usual, timeout=20_000)
    brightness = [float(layer.get_color(label)[:3].sum()) for label in (11, 12, 13, 14)]
    assert sorted(brightness) == brightness
    assert len(set(brightness)) == 4
    assert (colours.low_label.text(), colours.high_label.text()) == ("161.9", "254.1")
    assert colours.scale.isVisibleTo(colours)
    colours.box.setCurrentIndex(0)
    assert layer.colormap is usual


def test_unknown_values_and_new_objects_are_grey() -> None:
    made = colours_of(np.array([1, 2]), np.array([np.nan, 5.0]), 0.0, 10.0)
    grey = [0.5, 0.5, 0.5, 1.0]
    np.testing.assert_allclose([made.color_dict[1], made.color_dict[None]], [grey, grey])
    assert not np.allclose(made.color_dict[2], grey)


def test_what_is_outside_is_marked_leaves_the_table_and_is_removed_with_undo(measured: ResultsStep) -> None:
    limits, work = measured.limits, measured.work
    limits.box.setCurrentIndex(limits.box.findData("area"))
    limits.slider.setValue((200.0, 256.0))
    assert limits.told.text() == "2 of 4 objects: Area from 200"
    assert measured.table.rows.order.tolist() == [2, 3]
    marks = work.signs["outside limits"]
    np.testing.assert_allclose(marks.places, [(15.5, 14.5), (15.5, 50.5)])
    before = work.labels.copy()
    limits.remove_button.click()
    assert np.unique(work.labels).tolist() == [0, 13, 14]
    assert "Removed 2 objects" in measured.message.text
    assert len(marks.places) == 0
    assert measured.table.rows.rowCount() == 4
    work.labels_layer.undo()
    np.testing.assert_array_equal(work.labels, before)


def test_a_plot_shows_counts_and_points_and_both_lead_back(measured: ResultsStep) -> None:
    measured.plot_button.click()
    plot = measured.plot_window
    assert plot.across.currentData() == "area"
    assert plot.bars.opts["height"].sum() == 4
    plot.range.setRegion((180.0, 230.0))
    plot.limits_button.click()
    assert measured.limits.told.text() == "2 of 4 objects: Area 180 to 230"
    measured.limits.clear()
    plot.up.setCurrentIndex(plot.up.findData("aspect_ratio"))
    point = plot.points.points()[2]
    assert point.pos().x() == 224
    plot.points.sigClicked.emit(plot.points, [point], None)
    assert measured.table.current == 2
    assert measured.work.labels_layer.selected_label == 13


def test_a_frame_over_the_points_keeps_the_objects_in_it(measured: ResultsStep) -> None:
    measured.plot_button.click()
    plot = measured.plot_window
    plot.up.setCurrentIndex(plot.up.findData("aspect_ratio"))
    x, y = plot.points.getData()
    (left, bottom), (width, height) = plot.frame.pos(), plot.frame.size()
    assert left < x.min() < x.max() < left + width
    assert bottom < y.min() < y.max() < bottom + height
    assert not plot.frame.translatable  # or clicks would not reach the points in it
    plot.limits_button.click()
    assert measured.table.rows.rowCount() == 4  # at first all are in it
    plot.frame.setPos((210.0, bottom))
    plot.frame.setSize((20.0, height))
    plot.limits_button.click()
    inside = np.flatnonzero((x >= 210) & (x <= 230))
    assert 0 < inside.size < 4
    assert measured.table.rows.order.tolist() == inside.tolist()
    plot.frame.setPos((left, y.max() - 1e-3))
    plot.frame.setSize((width, 1.0))
    plot.limits_button.click()
    above = np.flatnonzero(y >= y.max() - 1e-3)
    assert 0 < above.size < 4
    assert measured.table.rows.order.tolist() == above.tolist()


def test_bars_are_not_too_many() -> None:
    values = np.append(np.random.default_rng(0).normal(size=5000), 1e6)
    counts, edges = histogram(values)
    assert counts.sum() == 5001
    assert edges.size == 61


def test_a_table_goes_with_its_labels(measured: ResultsStep, qtbot: Any) -> None:
    work, colours = measured.work, measured.colours
    old = work.labels_layer
    colours.box.setCurrentIndex(colours.box.findData("area"))
    qtbot.waitUntil(lambda: "direct" in type(old.colormap).__name__.lower(), timeout=20_000)
    measured.limits.set_limits("area", 200, None)
    measured.session.add_layer(work, "labels", np.zeros(work.shape, np.int32))
    assert measured.measured is None
    assert not measured.table.isVisibleTo(measured.body)
    assert len(work.signs["outside limits"].places) == 0
    assert "direct" not in type(work.labels_layer.colormap).__name__.lower()
    assert not measured.outputs.save_button.isEnabled()
