"""The measured objects: a row an object, sorted by whatever header is clicked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QAbstractButton, QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_unet.labels.types import Array, Indices, Mask
from napari_unet.results.measurements.headings import meaning_of
from napari_unet.results.measurements.located import LocatedTable

_HIDDEN = ("unit",)
_HEIGHT = 190


class ObjectTableModel(QAbstractTableModel):
    """Shows rows of a `LocatedTable`: those that are kept, in the order that was asked for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names: list[str] = []
        self.order: Indices = np.zeros(0, np.intp)  # rows of the table, as they are shown
        self._headings: list[str] = []
        self._values: list[Array] = []
        self._keep: Mask | None = None
        self._sorted_by: tuple[int, bool] = (-1, False)

    def show_table(self, table: LocatedTable | None, heading: Callable[[str], str]) -> None:
        """Show another table, or none; `heading` words its columns."""
        self.beginResetModel()
        self.names = [] if table is None else [name for name in table.table.columns if name not in _HIDDEN]
        self._values = [] if table is None else [table.table[name].to_numpy() for name in self.names]
        self._headings = [heading(name) for name in self.names]
        self._keep, self._sorted_by = None, (-1, False)
        self._arrange()
        self.endResetModel()

    def keep_rows(self, keep: Mask | None) -> None:
        """Show only rows of which `keep` (a value a row of the table) is true; None: all."""
        self.beginResetModel()
        self._keep = keep
        self._arrange()
        self.endResetModel()

    def position_of(self, row: int) -> int | None:
        """Where a row of the table is shown; None if it is not."""
        found = np.flatnonzero(self.order == row)
        return int(found[0]) if found.size else None

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else int(self.order.size)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.names)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or section >= len(self.names):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._headings[section]
        return meaning_of(self.names[section]) if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= self.order.size:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return text_of(self._values[index.column()][self.order[index.row()]])
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        self._sorted_by = (column, order == Qt.SortOrder.DescendingOrder)
        self._arrange()
        self.layoutChanged.emit()

    def _arrange(self) -> None:
        count = self._values[0].size if self._values else 0
        rows = np.arange(count) if self._keep is None else np.flatnonzero(self._keep)
        column, descending = self._sorted_by
        if 0 <= column < len(self._values):
            values = self._values[column][rows]
            rows = rows[np.argsort(-values if descending else values, kind="stable")]  # unknown ones come last
        self.order = rows


def text_of(value: Any) -> str:
    """A number as it is shown: whole, or with four digits that count; a dash if it is not known."""
    if isinstance(value, (np.integer, int)):
        return str(int(value))
    if isinstance(value, (np.floating, float)):
        return "\N{EN DASH}" if np.isnan(value) else f"{float(value):.4g}"
    return str(value)


class ObjectTable(QTableView):
    """The table itself. `row_chosen`: the user chose a row (of the table of objects), by mouse or arrow keys."""

    row_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = ObjectTableModel(self)
        self.setModel(self.rows)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFixedHeight(_HEIGHT)
        self.setCornerButtonEnabled(False)
        for corner in self.findChildren(QAbstractButton):  # Qt's own, beside the headers
            corner.setToolTip("The measured objects")
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 4)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setResizeContentsPrecision(20)  # rows looked at: the table may be long
        self._choosing = False
        self.selectionModel().currentRowChanged.connect(self._on_current)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)

    def show_table(self, table: LocatedTable | None, heading: Callable[[str], str]) -> None:
        """Show another table, in its own order."""
        self._choosing = True
        try:
            self.rows.show_table(table, heading)
            self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        finally:
            self._choosing = False

    @property
    def current(self) -> int | None:
        """The row (of the table of objects) that is selected."""
        at = self.currentIndex().row()
        return int(self.rows.order[at]) if 0 <= at < self.rows.order.size else None

    def select(self, row: int | None) -> None:
        """Select a row of the table of objects without choosing it."""
        position = None if row is None else self.rows.position_of(row)
        self._choosing = True
        try:
            if position is None:
                self.clearSelection()
                self.setCurrentIndex(QModelIndex())
            else:
                self.selectRow(position)
                self.scrollTo(self.rows.index(position, 0))
        finally:
            self._choosing = False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        before = self.currentIndex().row()
        super().mousePressEvent(event)
        at = self.indexAt(event.pos())
        if at.isValid() and at.row() == before:  # chosen already: go there once more
            self.row_chosen.emit(int(self.rows.order[before]))

    def _on_current(self, current: QModelIndex, before: QModelIndex) -> None:
        if not self._choosing and current.isValid():
            self.row_chosen.emit(int(self.rows.order[current.row()]))
