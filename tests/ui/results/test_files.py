"""Many files in the window: a table that fills, one failing alone, stop and go on, labels of others, one corrected."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from skimage.measure import label

from napari_unet.events import Finished
from napari_unet.images.view import View
from napari_unet.models.record import ModelRecord
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Segmentation
from napari_unet.ui.results.files.window import FilesWindow
from napari_unet.ui.session.session import Session
from napari_unet.ui.session.trackers import get_trackers
from napari_unet.workflows.files.batch_journal import BatchJournal
from napari_unet.workflows.files.batch_plan import batch_settings


@pytest.fixture
def folder(tmp_path: Path, blobs: np.ndarray) -> Path:
    """Three images of four squares, the second of them damaged, and labels that belong to the third."""
    folder = tmp_path / "images"
    folder.mkdir()
    for name in ("a", "c"):
        tifffile.imwrite(folder / f"{name}.tif", blobs)
    (folder / "b.tif").write_bytes(b"no image")
    tifffile.imwrite(folder / "c_labels.tif", np.full(blobs.shape, 7, np.uint16))
    return folder


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A model that labels bright squares; with `after` a file of this name it asks to stop."""
    state = SimpleNamespace(after=None, runs=0)

    def steps(seen: Any, model: Any, config: Any, scope: Any = None, stop: Any = None, **_: Any) -> Iterator[Any]:
        state.runs += 1
        labels = label(np.asarray(seen.plane(())) > 500).astype(np.int32)
        done = np.ones((), bool)
        if seen.name == state.after:
            stop.request()
        yield Finished(Segmentation(labels, "YX", View(config.diameter or 17.0, "given"), done, None, {}), False)

    model = SimpleNamespace(name="squares", sha256="0" * 64, record=ModelRecord())
    monkeypatch.setattr("napari_unet.segmentation.segment.segment_steps", steps)
    monkeypatch.setattr(Session, "model_loader", lambda self: lambda: model)
    entry = SimpleNamespace(name="squares", record=model.record, sha256="0" * 64, path=Path("squares.safetensors"))
    monkeypatch.setattr(Session, "model_entry", entry)
    return state


@pytest.fixture
def window(panel: Any, folder: Path, stopped: Any) -> FilesWindow:
    panel.results_step.show_files()
    window = panel.results_step.files_window
    window.choice.choose([str(folder)])
    return window


def states(window: FilesWindow) -> list[str]:
    return [row.state for row in window.rows.rows]


def test_the_table_fills_one_fails_alone_and_labels_of_others_stay(
    window: FilesWindow, folder: Path, wait_until_idle: Any
) -> None:
    assert states(window) == ["waiting", "waiting", "has labels"]
    window.start_button.click()
    wait_until_idle(window.session)
    assert states(window) == ["done", "failed", "has labels"]
    assert window.rows.rows[0].objects == "4"
    assert window.rows.rows[0].suspicious == 0
    assert window.rows.rows[0].picture.height() == 64
    assert window.rows.rows[1].picture is None
    assert "b.tif" in window.rows.rows[1].told
    assert "2 of 3 files have labels. 1 could not be segmented" in window.message.text
    assert tifffile.imread(folder / "a_labels.tif").max() == 4
    assert (tifffile.imread(folder / "c_labels.tif") == 7).all()
    of_the_command_line = BatchJournal("0" * 64, batch_settings(SegmentConfig()))
    assert of_the_command_line.find_done(folder / "a.tif", folder / "a_labels.tif")


def test_it_stops_and_goes_on_without_doing_anything_twice(
    window: FilesWindow, stopped: Any, wait_until_idle: Any
) -> None:
    window.choice.leave_box.setChecked(False)
    stopped.after = "a"
    window.start_button.click()
    wait_until_idle(window.session)
    assert states(window) == ["done", "waiting", "waiting"]
    assert window.start_button.text() == "Go on"
    stopped.after = None
    window.start_button.click()
    wait_until_idle(window.session)
    assert states(window) == ["done before", "failed", "done"]
    assert stopped.runs == 2


def test_a_file_is_opened_corrected_kept_and_never_segmented_over(
    window: FilesWindow, folder: Path, stopped: Any, wait_until_idle: Any
) -> None:
    window.start_button.click()
    wait_until_idle(window.session)
    window.table.selectRow(0)
    window.open_button.click()
    work = window.session.current
    assert work.image.path == folder / "a.tif"
    assert not window.keep_button.isEnabled()
    work.labels_layer.data_setitem(tuple(np.nonzero(work.labels == 2)), 0)
    tracker = get_trackers(window.session).of(work)
    tracker.note_edit([()])
    tracker.finish()
    window.keep_button.click()
    wait_until_idle(window.session)
    assert sorted(np.unique(tifffile.imread(folder / "a_labels.tif"))) == [0, 1, 3, 4]
    window.choice.diameter.setText("20")
    window.start_button.click()
    wait_until_idle(window.session)
    assert states(window)[0] == "corrected"
    assert window.rows.rows[0].objects == "3"
    assert stopped.runs == 1


def test_the_images_that_are_here_can_be_chosen(
    window: FilesWindow, panel: Any, folder: Path, wait_until_idle: Any
) -> None:
    window.choice.images_edit.clear()
    window.choice.here_button.click()
    assert "No image here came from a file" in window.message.text
    assert window.choice.images_edit.text() == ""
    panel.image_step.open_paths([folder / "c.tif"])
    wait_until_idle(window.session)
    window.choice.here_button.click()
    assert window.choice.images_edit.text() == str(folder / "c.tif")
    assert states(window) == ["has labels"]
    (folder / "c.tif").unlink()
    window.message.clear()
    window.choice.here_button.click()
    assert "No image here came from a file" in window.message.text


def test_all_files_are_measured_into_one_table(window: FilesWindow, tmp_path: Path, wait_until_idle: Any) -> None:
    window.start_button.click()
    wait_until_idle(window.session)
    window.measure(tmp_path / "objects.csv")
    wait_until_idle(window.session)
    assert "5 objects of 2 files" in window.message.text
    table = pd.read_csv(tmp_path / "objects.csv")
    assert table["image"].value_counts().to_dict() == {"a.tif": 4, "c.tif": 1}


def test_all_files_are_exported_one_failing_alone(window: FilesWindow, tmp_path: Path, wait_until_idle: Any) -> None:
    window.start_button.click()
    wait_until_idle(window.session)
    window.rows.rows[2].target.write_bytes(b"no labels any more")
    window.export("imagej", tmp_path / "rois")
    wait_until_idle(window.session)
    assert "4 objects of 1 files" in window.message.text
    assert "c_labels.tif" in window.message.text
    assert [path.name for path in (tmp_path / "rois").iterdir()] == ["a_rois.zip"]


def test_the_values_of_all_files_are_plotted_by_what_the_sample_sheet_says(
    window: FilesWindow, tmp_path: Path, wait_until_idle: Any
) -> None:
    assert not window.plot_button.isEnabled()
    (tmp_path / "sheet.csv").write_text("file,dose\na.tif,low\nc.tif,high\n")
    window.sheet.edit.setText(str(tmp_path / "sheet.csv"))
    window.start_button.click()
    wait_until_idle(window.session)
    window.measure(tmp_path / "objects.csv")
    wait_until_idle(window.session)
    assert list(pd.read_csv(tmp_path / "objects.csv")["dose"]) == ["low"] * 4 + ["high"]
    window.plot_button.click()
    plot = window.plot.window
    plot.by.setCurrentIndex(plot.by.findData("dose"))
    assert [(box.name, box.count, box.n_images) for box in plot.boxes] == [("high", 1, 1), ("low", 4, 1)]
    plot.row_chosen.emit(4)
    assert window.chosen.path.name == "c.tif"


def test_a_folder_without_images_is_told_at_its_field(window: FilesWindow, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    window.choice.choose([str(tmp_path / "empty")])
    assert "There are no images in" in window.message.text
    assert window.message.field is window.choice.images_edit
    assert states(window) == []
