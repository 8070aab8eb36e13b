"""*Export...* and *Import...* of the models' window: files of this program, ONNX, and BioImage.IO packages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication, QFileDialog, QInputDialog, QWidget

from napari_unet.models.library import ModelEntry
from napari_unet.ui.models.about_dialog import AboutDialog
from napari_unet.workflows.sharing.formats import SUFFIXES, Wish, export_for_others, format_of, import_any_model

_FILTERS = {
    "safetensors": "For this program, all of it (*.safetensors)",
    "onnx": "ONNX, for other programs (*.onnx)",
    "bioimageio": "BioImage.IO package, for other programs (*.zip)",
}
_NO_PICTURES = "For this program, without its pictures (*.safetensors)"
_OPENED = "Models (*.safetensors *.onnx *.zip)"


def ask_and_export(entry: ModelEntry, image: Path | None, parent: QWidget) -> Path | None:
    """Ask where, and what else is needed for the format; returns the file, or None if the user thought better of it.

    `image` is one to test a package with, and for its cover. Raises `UserError`.
    """
    kind = _ask_kind(entry, parent)
    if kind is None:
        return None
    stem = f"{entry.path.stem}-{kind.replace('/', '-')}" if kind else entry.path.stem
    filters = ";;".join([*_FILTERS.values(), _NO_PICTURES])
    path, chosen = QFileDialog.getSaveFileName(parent, "Export the model", f"{stem}.safetensors", filters)
    if not path:
        return None
    by_filter = next((form for form, text in _FILTERS.items() if text == chosen), None)
    form = format_of(path) if Path(path).suffix in (".onnx", ".zip") else by_filter or "safetensors"
    # The file dialog has asked already whether an existing file may be replaced.
    wish = Wish(form, kind or None, overwrite=True, pictures=chosen != _NO_PICTURES)
    if form == "bioimageio":
        dialog = AboutDialog(parent)
        if not dialog.exec():
            return None
        wish = Wish(form, wish.kind, True, dialog.about, image)
    target = Path(path)
    if format_of(target) != form:  # the ending is another one, so that nobody was asked about that file
        target, wish = target.with_suffix(SUFFIXES[form]), replace(wish, overwrite=False)
    with _waiting():
        return export_for_others(entry.name, target, wish)


def _ask_kind(entry: ModelEntry, parent: QWidget) -> str | None:
    """Which kind of image to export, "" for all that the model knows; None: nothing after all."""
    names = entry.record.kind_names
    if len(names) < 2:
        return ""
    choices = [f"All {len(names)} kinds of image that it knows", *(f"Only {name}" for name in names)]
    said, accepted = QInputDialog.getItem(parent, "Export the model", "What to export", choices, 0, False)
    return ["", *names][choices.index(said)] if accepted else None


def ask_and_import(parent: QWidget) -> ModelEntry | None:
    """Ask for a file and take it into the library; None if there was none. Raises `UserError`."""
    path, _ = QFileDialog.getOpenFileName(parent, "Import a model", "", _OPENED)
    if not path:
        return None
    with _waiting():
        return import_any_model(path)


@contextmanager
def _waiting() -> Iterator[None]:
    QApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
    try:
        yield
    finally:
        QApplication.restoreOverrideCursor()
