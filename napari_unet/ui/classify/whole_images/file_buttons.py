"""What is written of classes of whole images, and read again: the buttons, and which files they ask for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

if TYPE_CHECKING:
    from napari_unet.classification.marked import MarkedObjects
    from napari_unet.ui.classify.whole_images.learning import ImagesFound

_TABLES = "CSV (*.csv);;Excel (*.xlsx);;Parquet (*.parquet);;Tab-separated (*.tsv)"
_CLASSIFIERS = "Classifiers (*.safetensors)"
_SAVED = "Classifiers, or tables of examples (*.safetensors *.csv *.tsv)"


class FileButtons(QWidget):
    """Each signal has the file that the user chose."""

    table_wanted = Signal(Path)
    save_wanted = Signal(Path)
    load_wanted = Signal(Path)

    def __init__(self) -> None:
        super().__init__()
        self.table_button = QPushButton("Write table...", toolTip="Image, class and probability", autoDefault=False)
        self.save_button = QPushButton("Save classifier...", toolTip="Keep it for other images", autoDefault=False)
        self.load_button = QPushButton("Use saved...", autoDefault=False, toolTip="A classifier of before, or a table "
                                       "that was written here: what was given a class is so again")  # fmt: skip
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for button in (self.table_button, self.save_button, self.load_button):
            layout.addWidget(button)
        self.table_button.clicked.connect(self._on_table)
        self.save_button.clicked.connect(self._on_save)
        self.load_button.clicked.connect(self._on_load)

    def _on_table(self) -> None:
        if path := self._ask("Save the table", "images.csv", _TABLES):
            self.table_wanted.emit(path)

    def _on_save(self) -> None:
        if path := self._ask("Save the classifier", "images.safetensors", _CLASSIFIERS):
            self.save_wanted.emit(path)

    def _on_load(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Use a saved classifier", "", _SAVED)
        if name:
            self.load_wanted.emit(Path(name))

    def _ask(self, title: str, name: str, kinds: str) -> Path | None:
        chosen, _ = QFileDialog.getSaveFileName(self, title, name, kinds)
        path = Path(chosen)
        return None if not chosen else path if path.suffix else path.with_suffix(Path(name).suffix)


def write_found(found: ImagesFound, path: Path) -> Path:
    """Write a row an image: what was given, what was found, and how likely each class is."""
    from napari_unet.results.measurements.table_files import write_table

    return write_table(path, found.table)


def save_found(found: ImagesFound, marked: MarkedObjects, path: Path) -> Path:
    """Keep the classifier in a new file, with the colours of its classes."""
    from napari_unet.classification.classifier_file import save_classifier

    colors = dict(zip(marked.names, marked.colors, strict=True))
    shown = tuple(colors.get(name, "#999999") for name in found.classifier.class_names)
    return save_classifier(replace(found.classifier, colors=shown), path)
