"""The window of models: what is listed, and what rename, delete, export and import do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtWidgets import QFileDialog, QInputDialog, QMessageBox

from napari_unet.models import library
from napari_unet.models.record import ModelRecord, TrainingRecord
from napari_unet.ui.models.about_dialog import AboutDialog
from napari_unet.ui.models.window import ModelsWindow
from napari_unet.ui.panel import UNetPanel


@pytest.fixture
def child(models_dir: Path) -> str:
    """A small model of the user's own in the library; returns its name."""
    import torch

    from napari_unet.models.architecture import UNetConfig
    from napari_unet.models.model import Model
    from napari_unet.models.unet import UNet

    torch.manual_seed(0)
    architecture = UNetConfig(depth=1, base_channels=4, out_channels=2)
    record = ModelRecord(
        name="Embryo", architecture=architecture, parent_name="Nuclei 2D", scores={"ap50": 0.84, "ap50_before": 0.61},
        training=TrainingRecord(images=("a.tif", "b.tif"), n_objects=31, n_corrected=7),
    )  # fmt: skip
    return library.save_to_library(Model(UNet(architecture), record)).name


@pytest.fixture
def window(child: str, panel: UNetPanel, qtbot: Any) -> ModelsWindow:
    window = ModelsWindow(panel.session, panel)
    qtbot.addWidget(window)
    window.select(child)
    return window


def _texts(window: ModelsWindow) -> list[str]:
    item = window.tree.selectedItems()[0]
    return [item.text(column) for column in range(5)]


def test_a_model_says_where_it_came_from(window: ModelsWindow) -> None:
    name, parent, learned, date, score = _texts(window)
    assert (name, parent) == ("Embryo", "Nuclei 2D")
    assert "2 images" in learned
    assert "31" in learned
    assert date
    assert score == "AP@0.5 0.61 to 0.84"


def test_use_makes_it_the_model_of_the_session_and_of_the_next_start(window: ModelsWindow) -> None:
    window.buttons["Use"].click()
    assert window.session.model_entry.name == "Embryo"
    assert library.default_model_name() == "Embryo"


def test_rename_keeps_it_in_use(window: ModelsWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    window.buttons["Use"].click()
    monkeypatch.setattr(QInputDialog, "getText", lambda *args, **kwargs: ("Zebrafish", True))
    window.buttons["Rename..."].click()
    assert window.selected.name == "Zebrafish"
    assert window.session.model_entry.name == "Zebrafish"


def test_a_name_that_cannot_be_is_refused_in_a_sentence(window: ModelsWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QInputDialog, "getText", lambda *args, **kwargs: ("", True))
    window.buttons["Rename..."].click()
    assert window.message.text
    assert window.selected.name == "Embryo"


@pytest.mark.parametrize("sure", [True, False])
def test_delete_asks_first(window: ModelsWindow, monkeypatch: pytest.MonkeyPatch, sure: bool) -> None:
    buttons = QMessageBox.StandardButton
    monkeypatch.setattr(QMessageBox, "question", lambda *args: buttons.Yes if sure else buttons.Cancel)
    window.buttons["Delete..."].click()
    assert ("Embryo" in [entry.name for entry in library.list_models()]) is not sure


def test_export_then_import_gives_the_same_model(
    window: ModelsWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "mine.safetensors"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args, **kwargs: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args, **kwargs: (str(path), ""))
    sha256 = window.selected.sha256
    window.buttons["Export..."].click()
    library.remove_model("Embryo")
    window.buttons["Import..."].click()
    assert window.selected.sha256 == sha256


def test_one_of_several_kinds_of_image_is_exported(
    window: ModelsWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    entry = library.list_models()[0]
    known, base = library.load_model(entry.name), library.load_model(entry.name)
    both = replace(known, record=known.record.model_copy(update={"name": "Two", "kind": "Buds"})).with_others([base])
    library.save_to_library(both)
    window.select("Two")
    monkeypatch.setattr(QInputDialog, "getItem", lambda *args: (args[3][1], True))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args, **kwargs: (str(tmp_path / "b.safetensors"), ""))
    window.buttons["Export..."].click()
    assert library.load_model(tmp_path / "b.safetensors").name == "Two: Buds"


def test_a_package_for_other_programs_says_who_made_it_and_is_taken_back(
    window: ModelsWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip("onnx")
    path = tmp_path / "mine.zip"
    told = []

    def answer(dialog: AboutDialog) -> int:
        dialog.buttons.accepted.emit()  # nobody named
        told.append(dialog.message.text)
        dialog.edits["authors"].setText("Ada Byron, Emmy Noether")
        dialog.buttons.accepted.emit()
        return dialog.result()

    monkeypatch.setattr(AboutDialog, "exec", answer)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args, **kwargs: (str(path), ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args, **kwargs: (str(path), ""))
    window.buttons["Export..."].click()
    assert path.exists(), window.message.text
    assert "at least one author" in told[0]
    again = AboutDialog(window)
    assert again.edits["authors"].text() == "Ada Byron, Emmy Noether"
    library.remove_model("Embryo")
    window.buttons["Import..."].click()
    assert window.selected.name == "Embryo"


def test_importing_something_else_is_refused(
    window: ModelsWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "no.safetensors"
    path.write_bytes(b"nothing")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args, **kwargs: (str(path), ""))
    count = window.tree.topLevelItemCount()
    window.buttons["Import..."].click()
    assert "no.safetensors" in window.message.text
    assert window.tree.topLevelItemCount() == count


def test_whoever_changes_the_library_all_lists_show_it(window: ModelsWindow, panel: UNetPanel) -> None:
    box = panel.segment_step.model_box
    assert box.findData("Embryo") >= 0
    library.rename_model("Embryo", "Yeast")
    assert (box.findData("Embryo"), box.findData("Yeast") >= 0) == (-1, True)
    panel.session.use_model("Yeast")
    assert box.currentData() == "Yeast"
    library.remove_model("Yeast")
    assert box.findData("Yeast") == -1
    panel.session.close()
    library.changed.emit()  # nobody listens who is gone


def test_each_kind_that_a_model_knows_is_shown_by_its_picture(window: ModelsWindow, child: str) -> None:
    import numpy as np

    from napari_unet.models.model_file import load_model_file
    from napari_unet.models.recorded.picture import SIDE, draw_kind

    assert window.pictures.isHidden()  # this one was made without
    plain, second = (load_model_file(library.find_model(child).path) for _ in range(2))
    labels = np.zeros((60, 60), np.int32)
    labels[20:40, 20:40] = 1
    one = replace(plain, record=plain.record.model_copy(update={"name": "Both", "kind": "cells of a long, long name"}))
    nuclei = plain.record.model_copy(update={"kind": "nuclei"})
    other = replace(second, record=nuclei, picture=draw_kind(labels, labels))
    library.save_to_library(replace(one, picture=draw_kind(1 - labels, labels)).with_others([other]))
    window.session.models_changed.emit()
    window.select("Both")
    assert not window.pictures.isHidden()
    pictures = [label.pixmap() for label in window.pictures.labels if not label.pixmap().isNull()]
    names = [label.text() for label in window.pictures.labels if label.text()]
    assert [picture.width() for picture in pictures] == [SIDE, SIDE]
    assert names == ["cells of a long, …", "nuclei"]
    assert pictures[0].toImage() != pictures[1].toImage()
    window.select(child)
    assert window.pictures.isHidden()
