"""The sample sheet of many files: which table says what each of them is."""

from __future__ import annotations

from pathlib import Path

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

from napari_unet.ui.widgets.access.caption import caption

_TIP = "A CSV file: one column of file names, others that say what they are (dose, day): the plot groups by these"


class SheetChoice(QWidget):
    """A field and a button. `changed`: another sheet, or none."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.edit = QLineEdit(toolTip=_TIP)
        self.edit.setPlaceholderText("none: groups are folders")
        self.button = QPushButton("File...", toolTip="Choose a sample sheet")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(caption("Sample sheet", self.edit))
        row.addWidget(self.edit, 1)
        row.addWidget(self.button)
        self.button.clicked.connect(self._on_button)
        self.edit.editingFinished.connect(self.changed)

    @property
    def path(self) -> Path | None:
        text = self.edit.text().strip()
        return Path(text).expanduser() if text else None

    def _on_button(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Sample sheet", self.edit.text(), "Tables (*.csv *.tsv *.txt)")
        if path:
            self.edit.setText(path)
            self.changed.emit()
