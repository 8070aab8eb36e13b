"""The whole loop as a person goes through it, in a real window: every click is a click, every stroke a mouse event.

The image is one that the shipped model is wrong on: cells with stained borders, seen by a model of nuclei. How much the
new model gained is measured here, on cells that were never reviewed, beside what the program says of itself.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from fastremap import renumber

pytest.importorskip("napari")

from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QFileDialog
from window_driver import Hand, let_run, line, wait_for

from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.images.files.sample_data import sample_labels_path, sample_path
from napari_unet.labels.scores import average_precision
from napari_unet.learning.events import StepDone
from napari_unet.ui.finetune.step import FinetuneStep
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.trackers import get_trackers

pytestmark = [pytest.mark.real_window, pytest.mark.timeout(900)]

SLICE, ROWS = 4, 256
REVIEWED_COLUMNS = 250  # the person looks at these; the cells to the right of them are for the score
DIAMETER = 26.0
# Steps instead of seconds, so that a busy machine learns as much as a quiet one.
LEARNING = FinetuneConfig(seconds=600, max_steps=60, patch=128, preview_seconds=2)


@pytest.fixture
def image_path(tmp_path: Path) -> Path:
    """A slice (256, 384) of the epithelium, with its pixel size, as a file of its own."""
    path = tmp_path / "epithelium.ome.tif"
    pixels = tifffile.imread(sample_path("membranes"))[SLICE, :ROWS]
    size = {"PhysicalSizeX": 0.3, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.3, "PhysicalSizeYUnit": "µm"}
    tifffile.imwrite(path, pixels, metadata={"axes": "YX", **size})
    return path


@pytest.fixture
def truth() -> np.ndarray:
    return tifffile.imread(sample_labels_path("membranes"))[SLICE, :ROWS].astype(np.int32)


@pytest.fixture
def viewer(make_napari_viewer: Any) -> Any:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1280, 800)
    return viewer


@pytest.fixture
def panel(viewer: Any) -> Any:
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net")
    yield panel
    panel.session.close()


def click(button: Any) -> None:
    """Click a button of the panel with the mouse."""
    assert button.isEnabled(), button.toolTip()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    let_run(0.05)


def open_image(panel: UNetPanel) -> None:
    """Open... > Image files..., with the file that the dialog was taught to give."""
    panel.image_step.open_button.menu().actions()[0].trigger()
    let_run(0.3)


def wait_for_job(panel: UNetPanel, seconds: float = 600) -> None:
    wait_for(lambda: panel.session.job is None, seconds, "the job did not end")
    let_run(0.2)


def settle(panel: UNetPanel) -> None:
    """Until counts and marks have caught up with the strokes."""
    trackers = get_trackers(panel.session)
    wait_for(lambda: not any(trackers.of(work).busy for work in panel.session.works), 60)


def centre_of(labels: np.ndarray, label: int) -> tuple[float, float]:
    rows, columns = np.nonzero(labels == label)
    return float(rows.mean()), float(columns.mean())


def whole_cells(truth: np.ndarray) -> list[int]:
    """Ids of the cells that lie in the reviewed columns altogether."""
    return sorted(set(np.unique(truth[:, :REVIEWED_COLUMNS])) - set(np.unique(truth[:, REVIEWED_COLUMNS:])) - {0})


def draw_cells(work: Any, truth: np.ndarray, cells: list[int]) -> None:
    """Give the reviewed columns the outlines of `cells`, each an edit with its own undo step, as from any tool."""
    layer = work.labels_layer
    wrong = np.nonzero(work.labels[:, :REVIEWED_COLUMNS])
    layer.data_setitem(wrong, 0)
    first = int(work.labels.max()) + 1
    for number, cell in enumerate(cells):
        layer.data_setitem(np.nonzero(truth == cell), first + number)


def paint_cell(hand: Hand, panel: UNetPanel, truth: np.ndarray, cell: int) -> int:
    """Paint the inside of a cell with the mouse, as a new object; returns its id."""
    layer = panel.session.current.labels_layer
    hand.key(Qt.Key.Key_N, "n")
    layer.brush_size = 5
    rows, columns = np.nonzero(truth == cell)
    for row in range(rows.min() + 3, rows.max() - 2, 4):
        there = columns[rows == row]
        hand.stroke(layer, line((row, there.min() + 3), (row, there.max() - 3), 6))
    return int(layer.selected_label)


def held_out_score(labels: np.ndarray, truth: np.ndarray, reviewed: np.ndarray) -> float:
    """AP@0.5 on the columns in which nothing at all was reviewed."""
    first = int(np.flatnonzero(reviewed.any(axis=0)).max()) + 1
    assert first < truth.shape[1] - 64  # enough cells are left to score on
    return float(average_precision([truth[:, first:]], [labels[:, first:]])[0.5])


def test_the_whole_loop(
    viewer: Any, panel: UNetPanel, image_path: Path, truth: np.ndarray, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(FinetuneStep, "config", LEARNING)
    session, hand = panel.session, Hand(viewer)

    # Load
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *_, **__: ([str(image_path)], ""))
    open_image(panel)
    work = session.current
    assert "0.3" in panel.image_step.found.text()
    np.testing.assert_allclose(work.layer.scale, (0.3, 0.3))

    # Segment, with the model that knows nuclei alone: the other one has seen walls of cells, simulated ones
    session.use_model("Nuclei 2D", remember=False)
    panel.segment_step.diameter.number.setText(str(DIAMETER))
    assert panel.segment_step.diameter.number.settle()
    click(panel.segment_step.segment_button)
    wait_for_job(panel)
    first_prediction = work.prediction.copy()
    np.testing.assert_array_equal(work.labels, first_prediction)
    layer = work.labels_layer
    np.testing.assert_allclose(layer.scale, work.layer.scale)

    # Correct: one cell by mouse, one stroke taken back, the others as quickly as a test may
    hand.show_all()
    viewer.layers.selection.active = layer
    cells = whole_cells(truth)
    draw_cells(work, truth, cells[1:])
    get_trackers(session).of(work).note_edit([()])
    let_run(0.1)
    painted = paint_cell(hand, panel, truth, cells[0])
    inside = truth == cells[0]
    assert (work.labels == painted).sum() > 0.5 * inside.sum()
    before_stroke = work.labels.copy()
    hand.stroke(layer, line((20, 20), (200, 200), 12))
    assert (work.labels != before_stroke).any()
    hand.undo()
    np.testing.assert_array_equal(work.labels, before_stroke)
    settle(panel)
    counts = get_trackers(session).of(work).counts
    assert counts.added + counts.corrected >= len(cells)

    # Mark as reviewed, with a box that the mouse drags
    click(panel.correct_step.buttons["review_box"])
    hand.stroke(layer, line((-1, -1), (ROWS, REVIEWED_COLUMNS - 12), 8))
    hand.key(Qt.Key.Key_T, "t")
    settle(panel)
    assert work.reviewed[:, : REVIEWED_COLUMNS - 14].all()
    assert viewer.layers.selection.active is layer

    # Fine-tune, and paint meanwhile
    steps: list[StepDone] = []
    click(panel.finetune_step.start_button)
    panel.finetune_step.run.advanced.connect(lambda event: steps.append(event) if isinstance(event, StepDone) else None)
    wait_for(lambda: steps, 300, "no step of the training was told")
    # The mouse is over the reviewed part, between the cells: these strokes are corrections that must survive.
    hand.key(Qt.Key.Key_N, "n")
    layer.brush_size = 3
    meanwhile, longest = int(layer.selected_label), 0.0
    for row in (40, 90, 140, 190):
        begun = time.monotonic()
        hand.stroke(layer, line((row, 60), (row, 110), 8))
        longest = max(longest, time.monotonic() - begun)
        assert session.job is not None, "the training ended before the strokes"
        assert (work.labels[row, 60:110] == meanwhile).all()
    heard_while_painting = len(steps)
    wait_for(lambda: len(steps) > heard_while_painting, 300, "the training stood still")
    wait_for_job(panel)
    assert longest < 10, "the window did not follow the mouse"
    strokes = work.labels == meanwhile
    assert strokes.sum() > 4 * 50

    # The program's word, and the choice
    result = panel.finetune_step.result_view.result
    assert result.steps == LEARNING.max_steps
    assert result.better is not False, result.sentence  # how sure it is differs from processor to processor
    assert result.after.ap50 > result.before.ap50
    click(panel.finetune_step.result_view.views["after"])
    assert not layer.visible
    click(panel.finetune_step.result_view.use_button)
    assert layer.visible
    assert session.model_entry.record.parent_name
    assert not session.model_entry.shipped

    # Segment again: corrections stay, the rest is the new model's
    reviewed = work.reviewed > 0
    was = work.labels.copy()
    click(panel.finetune_step.result_view.again_button)
    click(panel.segment_step.question.go)
    wait_for_job(panel)
    assert (work.labels != was)[:, -90:].any()
    np.testing.assert_array_equal(work.labels == meanwhile, strokes)
    old, new = (held_out_score(labels, truth, reviewed) for labels in (first_prediction, work.labels))
    assert new > old + 0.2, f"AP@0.5 on cells that nobody reviewed: {old:.2f} before, {new:.2f} after"

    # Open the image anew: the corrections are there again. Segmented anew altogether, what the window says is exactly
    # what the saved model says in another process.
    was = work.labels.copy()
    viewer.layers.clear()
    open_image(panel)
    np.testing.assert_array_equal(session.current.labels, was)
    panel.segment_step.diameter.number.setText(str(DIAMETER))
    assert panel.segment_step.diameter.number.settle()
    click(panel.segment_step.segment_button)
    panel.segment_step.question.replace.setChecked(True)
    click(panel.segment_step.question.go)
    wait_for_job(panel)
    in_other_process = segment_elsewhere(image_path, session.model_entry.name, tmp_path / "elsewhere")
    # ids go on from those that were there before, so objects are numbered in the order in which they come
    window, other = (renumber(found.astype(np.int32))[0] for found in (session.current.labels, in_other_process))
    np.testing.assert_array_equal(window, other)


def segment_elsewhere(image: Path, model: str, folder: Path) -> np.ndarray:
    """Labels of a new process, by a model of the library (known to it by the environment)."""
    root = str(Path(__file__).resolve().parents[1])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "napari_unet", "segment", image, "--model", model]
    command += ["--diameter", str(DIAMETER), "--output", folder]
    done = subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return tifffile.imread(next(folder.glob("*_labels.tif"))).astype(np.int32)
