"""The classes as rows: colour, key, name, and how many examples and objects each has."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QButtonGroup,
    QColorDialog,
    QGridLayout,
    QLineEdit,
    QRadioButton,
    QToolButton,
    QWidget,
)

from napari_unet.classification.marked import MarkedObjects
from napari_unet.ui.widgets.access.order import put_in_order
from napari_unet.ui.widgets.fitting_label import FittingLabel

_NAME, _COUNT = 2, 3  # columns that share what room there is


class ClassRows(QWidget):
    """`chosen` is the class that a click gives. Rows are made anew only when there are more or fewer classes."""

    choice_changed = Signal(int)
    renamed = Signal(int, str)
    recolored = Signal(int, str)
    removed = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.chosen = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        self._group = QButtonGroup(self)
        self._group.idClicked.connect(self.choose)
        self.rows: list[tuple[QRadioButton, QToolButton, QLineEdit, FittingLabel, QToolButton]] = []

    def show_classes(self, marked: MarkedObjects, counts: list[str]) -> None:
        """Show names and colours; `counts` are a few words for each class."""
        while len(self.rows) > len(marked.names):
            for widget in self.rows.pop():
                self._grid.removeWidget(widget)
                widget.deleteLater()
        while len(self.rows) < len(marked.names):
            self._add_row(len(self.rows))
        for row, name, color, count in zip(self.rows, marked.names, marked.colors, counts, strict=True):
            _, swatch, field, label, _ = row
            swatch.setStyleSheet(f"background: {color}; border: 1px solid palette(mid);")
            if not field.hasFocus() and field.text() != name:
                field.setText(name)
            words = count.partition(",")[0]
            label.set_wordings((count, words, words.split()[0]), "Examples that you gave, and objects found")
        self.choose(min(self.chosen, len(self.rows) - 1))

    def choose(self, which: int) -> None:
        """Have clicks give this class."""
        self.rows[which][0].setChecked(True)
        if which != self.chosen:
            self.chosen = which
            self.choice_changed.emit(which)

    def _add_row(self, which: int) -> None:
        radio = QRadioButton(str(which + 1), toolTip=f"Clicks give this class\nKey: {which + 1}, while clicks do")
        swatch = QToolButton(toolTip="Choose another colour")
        swatch.setFixedSize(18, 18)
        field, count = (
            QLineEdit(toolTip="Name of the class"),
            FittingLabel(),
        )
        remove = QToolButton(text="\u00d7", autoRaise=True, toolTip="Remove this class and its examples")
        swatch.clicked.connect(lambda: self._ask_color(which))
        field.editingFinished.connect(lambda: self.renamed.emit(which, field.text()))
        remove.clicked.connect(lambda: self.removed.emit(which))
        self._group.addButton(radio, which)
        row = (radio, swatch, field, count, remove)
        for column, widget in enumerate(row):
            self._grid.addWidget(widget, which, column)
        own = {radio: "Class", swatch: "Colour of class", field: "Name of class", remove: "Remove class"}
        for widget, words in own.items():
            widget.setAccessibleName(f"{words} {which + 1}")
        put_in_order(self.rows[-1][-1] if self.rows else self, *own)
        for column in (_NAME, _COUNT):
            self._grid.setColumnStretch(column, 1)
        self.rows.append(row)

    def _ask_color(self, which: int) -> None:
        color = QColorDialog.getColor(QColor("white"), self, "Colour of the class")
        if color.isValid():
            self.recolored.emit(which, color.name())
