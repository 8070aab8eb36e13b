"""The list of all images, with how they stand, to search and to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QSize, Qt, Signal
from qtpy.QtGui import QIcon, QImage, QPixmap
from qtpy.QtWidgets import QDialog, QLineEdit, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_unet.ui.strip.entries import Entry

_ICON = 32  # pixels: as large as napari's own thumbnails


class ImageList(QDialog):
    """Stays open beside the work. `chosen` gives an `Entry`."""

    chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Images")
        self.search = QLineEdit(placeholderText="Search: a part of a name, or of how it stands")
        self.search.setAccessibleName("Search the images")
        self.table = QTreeWidget(rootIsDecorated=False, uniformRowHeights=True)
        self.table.setHeaderLabels(("Image", "State"))
        self.table.setAccessibleName("Images")
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)  # long names differ at their ends
        self.table.setIconSize(QSize(_ICON, _ICON))
        self._entries: list[Entry] = []
        layout = QVBoxLayout(self)
        layout.addWidget(self.search)
        layout.addWidget(self.table)
        self.search.textChanged.connect(self._filter)
        self.table.itemActivated.connect(self._on_chosen)
        self.table.itemClicked.connect(self._on_chosen)
        self.resize(360, 420)

    def show_entries(self, entries: Sequence[Entry], states: Sequence[str], current: int | None) -> None:
        """Show these images; the one that is worked on is selected."""
        self._entries = list(entries)
        self.table.clear()
        for number, (entry, state) in enumerate(zip(entries, states, strict=True)):
            row = QTreeWidgetItem([entry.name, state])
            row.setData(0, Qt.ItemDataRole.UserRole, number)
            row.setToolTip(0, entry.name if entry.reference is None else entry.reference.path or entry.name)
            if entry.layer is not None:
                row.setIcon(0, _thumbnail(entry.layer))
            self.table.addTopLevelItem(row)
            if number == current:
                self.table.setCurrentItem(row)
        self.table.setColumnWidth(0, 220)
        self._filter()

    def _filter(self) -> None:
        words = self.search.text().casefold().split()
        for number in range(self.table.topLevelItemCount()):
            row = self.table.topLevelItem(number)
            text = f"{row.text(0)} {row.text(1)}".casefold()
            row.setHidden(not all(word in text for word in words))

    def _on_chosen(self, row: QTreeWidgetItem) -> None:
        self.chosen.emit(self._entries[row.data(0, Qt.ItemDataRole.UserRole)])


def _thumbnail(layer: Layer) -> QIcon:
    """napari's own small picture of a layer."""
    pixels = np.ascontiguousarray(layer.thumbnail)
    if pixels.dtype != np.uint8:
        pixels = (255 * np.clip(pixels, 0, 1)).astype(np.uint8)
    height, width = pixels.shape[:2]
    picture = QImage(pixels.tobytes(), width, height, 4 * width, QImage.Format.Format_RGBA8888)
    return QIcon(QPixmap.fromImage(picture.copy()))
