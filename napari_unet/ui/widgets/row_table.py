"""A table of which one row at a time is chosen, by mouse or arrow keys, sorted by whatever header is clicked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QAbstractButton, QAbstractItemView, QHeaderView, QTableView, QWidget

_RIGHT = int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)


class RowModel(QAbstractTableModel):
    """What a `RowTable` shows. Who makes one of it says how many rows there are, and what they say."""

    headings: list[tuple[str, str]]
    """Of each column its title, and a tip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.headings = []

    @property
    def n_rows(self) -> int:
        raise NotImplementedError

    def text(self, row: int, column: int) -> str:
        """What a cell says."""
        raise NotImplementedError

    def tip(self, row: int, column: int) -> str | None:
        """What is said of a cell where the mouse rests on it."""
        return None

    def is_number(self, column: int) -> bool:
        """Whether what a column says stands to the right."""
        return True

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self.n_rows

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.headings)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or section >= len(self.headings):
            return None
        title, tip = self.headings[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return title
        return tip if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= self.n_rows:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(index.row(), index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tip(index.row(), index.column())
        return _RIGHT if role == Qt.ItemDataRole.TextAlignmentRole and self.is_number(index.column()) else None


class RowTable(QTableView):
    """The table itself. `position_chosen`: the user chose the row at this position, by mouse or arrow keys."""

    position_chosen = Signal(int)

    def __init__(self, model: RowModel, about: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)  # Tab goes on to the next control
        self.setAccessibleName(about)
        for corner in self.findChildren(QAbstractButton):  # Qt's own, beside the headers
            corner.setToolTip(about)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 4)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setResizeContentsPrecision(20)  # rows looked at: the table may be long
        self._choosing = False
        self.selectionModel().currentRowChanged.connect(self._on_current)

    @contextmanager
    def not_choosing(self) -> Iterator[None]:
        """What is selected meanwhile is not chosen by the user."""
        before, self._choosing = self._choosing, True
        try:
            yield
        finally:
            self._choosing = before

    def select_position(self, position: int | None, scroll: bool = True) -> None:
        """Select the row at this position without choosing it; None: no row."""
        with self.not_choosing():
            if position is None:
                self.clearSelection()
                self.setCurrentIndex(QModelIndex())
            else:
                self.selectRow(position)
                if scroll:
                    self.scrollTo(self.model().index(position, 0))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        before = self.currentIndex().row()
        super().mousePressEvent(event)
        at = self.indexAt(event.pos())
        if at.isValid() and at.row() == before:  # chosen already: go there once more
            self.position_chosen.emit(before)

    def _on_current(self, current: QModelIndex, before: QModelIndex) -> None:
        if not self._choosing and current.isValid():
            self.position_chosen.emit(current.row())
