"""Strokes by real mouse events survive a window that ends without a word, and can be undone by the key after it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

pytest.importorskip("napari")

from qtpy.QtCore import Qt
from window_driver import Hand, let_run, line, wait_for

from napari_unet.project import recovery
from napari_unet.project.storage.state import Saving
from napari_unet.ui.panel import UNetPanel
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.session import get_session

pytestmark = pytest.mark.real_window


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery.platformdirs, "user_data_path", lambda name: tmp_path / "user" / name)


def open_window(make_napari_viewer: Any) -> tuple[Any, UNetPanel, Hand]:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1280, 800)
    panel = UNetPanel(viewer)
    viewer.window.add_dock_widget(panel, name="U-Net")
    let_run(0.1)
    return viewer, panel, Hand(viewer)


def test_strokes_survive_a_kill_and_can_be_undone_by_the_key(make_napari_viewer: Any, tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "cells.tif", np.random.default_rng(0).integers(0, 255, (160, 200)).astype(np.uint8))
    viewer, panel, hand = open_window(make_napari_viewer)
    panel.image_step.open_paths([tmp_path / "cells.tif"])
    work = panel.session.current
    labels = np.zeros(work.shape, np.int32)
    labels[20:60, 20:60] = 1
    panel.session.add_layer(work, "labels", labels.copy())
    work.prediction = labels
    panel.project_bar.new_at(tmp_path / "cells.unetproj")
    hand.show_all()
    viewer.layers.selection.active = work.labels_layer
    hand.key(Qt.Key.Key_N, "n")
    work.labels_layer.brush_size = 5
    hand.stroke(work.labels_layer, line((100, 20), (100, 180)))
    once = work.labels.copy()
    hand.stroke(work.labels_layer, line((130, 20), (130, 180)))
    twice = work.labels.copy()
    assert (once[100, 30:170] == 2).all()
    keeper = get_keeper(panel.session)
    let_run(0.3)
    wait_for(
        lambda: keeper.state.saving is Saving.SAVED and keeper.project.n_saved > 3, 10, "not saved within a second"
    )
    # A kill leaves the files as they are now: nothing is closed, nothing is tidied up.
    killed = tmp_path / "killed"
    killed.mkdir()
    for name in ("cells.tif", "cells.unetproj", "cells.unetproj-wal"):
        shutil.copy(tmp_path / name, killed)
    get_session(viewer).close()
    viewer.close()

    viewer, panel, hand = open_window(make_napari_viewer)
    panel.project_bar.open_at(killed / "cells.unetproj")
    again = panel.session.current
    assert again.image.path == killed / "cells.tif"
    np.testing.assert_array_equal(again.labels, twice)
    assert "2 steps that can be undone" in panel.project_bar.message.text
    let_run(0.3)
    hand.undo()
    np.testing.assert_array_equal(again.labels, once)
    hand.undo()
    np.testing.assert_array_equal(again.labels, labels)
    hand.key(Qt.Key.Key_N, "n")
    again.labels_layer.brush_size = 5
    hand.stroke(again.labels_layer, line((100, 20), (100, 180)))
    let_run(0.1)
    assert (again.labels[100, 30:170] == again.labels_layer.selected_label).all()
    assert get_keeper(panel.session).project.state.saving in (Saving.SAVED, Saving.PENDING)
    assert panel.project_bar.state_label.text().startswith("cells: sav")
    project = get_keeper(panel.session).project
    wait_for(lambda: project.state.saving is Saving.SAVED, 10, "the second stroke was not saved")
    viewer.screenshot(str(tmp_path / "window.png"), canvas_only=False, flash=False)
    get_session(viewer).close()
