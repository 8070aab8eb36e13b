"""The dialogs of the models' window by themselves: what is asked, what is refused, and what comes of it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QDialog, QFileDialog, QInputDialog, QWidget

from napari_unet.errors import UserError
from napari_unet.ui.models import exporting
from napari_unet.ui.models.about_dialog import AboutDialog
from napari_unet.ui.models.new_model import NewModelDialog
from napari_unet.workflows.sharing.about import About
from napari_unet.workflows.sharing.formats import Wish


@pytest.fixture
def new_model(qtbot: Any) -> NewModelDialog:
    dialog = NewModelDialog(channels=3)
    qtbot.addWidget(dialog)
    return dialog


def test_a_new_model_finds_objects_unless_classes_are_asked_for(new_model: NewModelDialog) -> None:
    assert new_model.choice == ("My model", "instances", (), 3)
    assert not new_model.classes.isEnabled()
    new_model.task.setCurrentIndex(1)
    assert new_model.classes.isEnabled()
    new_model.classes.setText(" background,  tumour   cells ,stroma")
    assert new_model.choice == ("My model", "semantic", ("background", "tumour cells", "stroma"), 3)


@pytest.mark.parametrize(
    ("names", "says"),
    [("background", "at least two names"), ("a, A", "a name of its own"), ("a, , b", "a name of its own")],
)
def test_bad_names_of_classes_keep_the_dialog_open_with_a_sentence(
    new_model: NewModelDialog, names: str, says: str
) -> None:
    new_model.task.setCurrentIndex(1)
    new_model.classes.setText(names)
    new_model.buttons.accepted.emit()
    assert says in new_model.message.text
    assert new_model.message.field is new_model.classes
    assert new_model.result() == QDialog.DialogCode.Rejected
    new_model.task.setCurrentIndex(0)
    new_model.buttons.accepted.emit()
    assert new_model.result() == QDialog.DialogCode.Accepted, "objects have no names that could be wrong"


def test_authors_are_parted_by_commas_and_remembered(qtbot: Any) -> None:
    dialog = AboutDialog()
    qtbot.addWidget(dialog)
    assert dialog.edits["licence"].text() == "CC-BY-4.0"
    dialog.edits["authors"].setText(" Ada Lovelace ,, Grace Hopper,")
    dialog.edits["citation"].setText("  A paper. ")
    dialog.buttons.accepted.emit()
    assert dialog.result() == QDialog.DialogCode.Accepted
    assert dialog.about == About(authors=("Ada Lovelace", "Grace Hopper"), citation="A paper.")
    again = AboutDialog()
    qtbot.addWidget(again)
    assert again.edits["authors"].text() == "Ada Lovelace, Grace Hopper"


def test_what_is_no_doi_is_refused_and_not_remembered(qtbot: Any) -> None:
    dialog = AboutDialog()
    qtbot.addWidget(dialog)
    dialog.edits["authors"].setText("Ada Lovelace")
    dialog.edits["doi"].setText("see the paper")
    dialog.buttons.accepted.emit()
    assert "DOI" in dialog.message.text
    assert dialog.result() == QDialog.DialogCode.Rejected
    again = AboutDialog()
    qtbot.addWidget(again)
    assert again.edits["authors"].text() == ""


class Answers:
    """Answers what *Export...* asks, and notes what it was asked and what is written."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.path, self.filter, self.kind, self.about = "", "", (0, True), True
        self.asked: list[Any] = []
        self.written: list[tuple[str, Path, Wish]] = []
        patch.setattr(QFileDialog, "getSaveFileName", self._save)
        patch.setattr(QInputDialog, "getItem", self._item)
        patch.setattr(AboutDialog, "exec", lambda dialog: self.about)
        patch.setattr(exporting, "export_for_others", self._write)

    def _save(self, parent: Any, title: str, name: str, filters: str) -> tuple[str, str]:
        self.asked.append(name)
        return self.path, self.filter

    def _item(self, parent: Any, title: str, words: str, choices: list[str], *_: Any) -> tuple[str, bool]:
        self.asked.append(choices)
        return choices[self.kind[0]], self.kind[1]

    def _write(self, name: str, path: Path, wish: Wish) -> Path:
        cursor = QApplication.overrideCursor()
        assert cursor is not None
        assert cursor.shape() == Qt.CursorShape.WaitCursor
        self.written.append((name, path, wish))
        return path


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    return Answers(monkeypatch)


@pytest.fixture
def parent(qtbot: Any) -> QWidget:
    parent = QWidget()
    qtbot.addWidget(parent)
    return parent


def entry(*kinds: str) -> Any:
    return SimpleNamespace(name="Embryo", path=Path("models/embryo-3.safetensors"), record=SimpleNamespace(
        kind_names=kinds or ("nuclei",)
    ))  # fmt: skip


ONNX, OURS, PACKAGE = (exporting._FILTERS[form] for form in ("onnx", "safetensors", "bioimageio"))


@pytest.mark.parametrize(
    ("path", "chosen", "target", "form", "overwrite"),
    [
        ("a.safetensors", OURS, "a.safetensors", "safetensors", True),
        ("a.onnx", OURS, "a.onnx", "onnx", True),  # the ending that was typed is meant
        ("a.safetensors", ONNX, "a.onnx", "onnx", False),  # the one that was proposed is not
        ("a.safetensors", "", "a.safetensors", "safetensors", True),
    ],
)
def test_the_format_is_the_ending_that_was_typed_else_the_filter(
    answers: Answers, parent: QWidget, path: str, chosen: str, target: str, form: str, overwrite: bool
) -> None:
    """A file about which the dialog did not ask is not replaced."""
    answers.path, answers.filter = path, chosen
    assert exporting.ask_and_export(entry(), None, parent) == Path(target)
    assert answers.asked == ["embryo-3.safetensors"]
    assert answers.written == [("Embryo", Path(target), Wish(form, overwrite=overwrite))]
    assert QApplication.overrideCursor() is None


def test_one_kind_of_several_is_asked_for_and_named_in_the_file(answers: Answers, parent: QWidget) -> None:
    answers.path, answers.kind = "a.onnx", (2, True)
    exporting.ask_and_export(entry("nuclei", "H/E"), None, parent)
    assert answers.asked == [
        ["All 2 kinds of image that it knows", "Only nuclei", "Only H/E"], "embryo-3-H-E.safetensors"
    ]  # fmt: skip
    assert answers.written[0][2] == Wish("onnx", "H/E", overwrite=True)
    answers.kind = (0, True)
    exporting.ask_and_export(entry("nuclei", "H/E"), None, parent)
    assert answers.written[1][2].kind is None


def test_a_package_has_who_made_it_and_the_image(answers: Answers, parent: QWidget) -> None:
    answers.path, answers.filter = "a.zip", PACKAGE
    exporting.ask_and_export(entry(), Path("cells.tif"), parent)
    assert answers.written == [("Embryo", Path("a.zip"), Wish("bioimageio", None, True, About(), Path("cells.tif")))]


@pytest.mark.parametrize("at", ["kind", "path", "about"])
def test_wherever_the_user_thinks_better_of_it_nothing_is_written(answers: Answers, parent: QWidget, at: str) -> None:
    answers.path = "" if at == "path" else "a.zip"
    answers.kind, answers.about = (0, at != "kind"), at != "about"
    assert exporting.ask_and_export(entry("nuclei", "tissue"), None, parent) is None
    assert answers.written == []


def test_a_failure_gives_the_cursor_back(answers: Answers, parent: QWidget, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(path: str) -> None:
        raise UserError(f"{path} is no model.")

    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("a.zip", ""))
    monkeypatch.setattr(exporting, "import_any_model", fail)
    with pytest.raises(UserError, match=r"a\.zip is no model"):
        exporting.ask_and_import(parent)
    assert QApplication.overrideCursor() is None
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    assert exporting.ask_and_import(parent) is None
