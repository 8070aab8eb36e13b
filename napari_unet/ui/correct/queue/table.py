"""The list of suspicious objects: a row an object, sorted by whatever header is clicked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QSignalBlocker, Qt, Signal
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QAbstractButton, QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_unet.labels.types import PlaneIndex
from napari_unet.review.queue import QueueOrder, ReviewQueue
from napari_unet.review.suspicion import MEASURES
from napari_unet.ui.session.present import present

DONE = " \u2713"
MISSED = "Missed?"
_SCORE_TIP = "How suspicious the object is, 0 to 100: all measures together. The highest come first."


@dataclass(frozen=True)
class Column:
    """What a column shows: `key` is what it is sorted by (see `QueueOrder`)."""

    key: str
    title: str
    tip: str


def columns_for(axes: str) -> tuple[Column, ...]:
    """The columns for an image with `axes` out of "TZYX"."""
    found = [Column("id", "Object", "The object's id in the labels layer."), Column("score", "Suspicion", _SCORE_TIP)]
    if len(axes) > 2:
        words = {"T": "Frame", "Z": "Slice"}
        title = ", ".join(words[letter] for letter in axes[:-2])
        found.append(Column("plane", title, "Where it shows best what is suspicious."))
    for measure in MEASURES:
        if measure.name != "continuity" or len(axes) > 2:
            tip = f"How much speaks against the object, 0 to 100: {measure.reason}.\n{measure.tip}"
            found.append(Column(measure.name, measure.title, tip))
    found.append(Column("size_px", "Pixels", "Size of the object, in all slices."))
    return tuple(found)


class ReviewTableModel(QAbstractTableModel):
    """Shows a `ReviewQueue`; sorting asks for another one."""

    order_asked = Signal(object)  # a QueueOrder

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.queue: ReviewQueue | None = None
        self.columns = columns_for("YX")
        self._planes: list[PlaneIndex] = [()]

    def show_queue(self, queue: ReviewQueue | None, axes: str, planes: list[PlaneIndex]) -> None:
        """Show another queue."""
        self.beginResetModel()
        self.queue, self.columns, self._planes = queue, columns_for(axes), planes
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if self.queue is None or (parent is not None and parent.isValid()) else len(self.queue)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal or section >= len(self.columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.columns[section].title
        return self.columns[section].tip if role == Qt.ItemDataRole.ToolTipRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.queue is None or not index.isValid() or index.row() >= len(self.queue):
            return None
        row, column = int(self.queue.rows[index.row()]), self.columns[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(row, column.key)
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._tip(row, column.key)
        if role == Qt.ItemDataRole.TextAlignmentRole and column.key != "id":
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None

    def _text(self, row: int, key: str) -> str:
        queue = present(self.queue)
        table = queue.table
        if key == "id":
            return f"{name_of(queue, row)}{DONE if queue.reviewed[row] else ''}"
        if key == "plane":
            return ", ".join(str(at) for at in self._planes[int(table.planes[row])])
        if key == "size_px":
            return f"{int(table.sizes[row])}"
        if key == "score":
            return f"{100 * table.score[row]:.0f}"
        return "\u2013" if np.isnan(table.values[key][row]) else f"{100 * table.risks[key][row]:.0f}"

    def _tip(self, row: int, key: str) -> str:
        queue = present(self.queue)
        table = queue.table
        if key in table.values:
            return f"Measured: {table.values[key][row]:.3g}"
        reviewed = "reviewed" if queue.reviewed[row] else "not reviewed yet"
        name = name_of(queue, row)
        return f"{'' if name == MISSED else 'Object '}{name}, {reviewed}{reason_of(queue, row)}"

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.DescendingOrder) -> None:
        if self.queue is not None and 0 <= column < len(self.columns):
            descending = order == Qt.SortOrder.DescendingOrder
            self.order_asked.emit(replace(self.queue.order, key=self.columns[column].key, descending=descending))


def name_of(queue: ReviewQueue, row: int) -> str:
    """The id of an object; of a place without one, that it may have been missed."""
    object_id = int(queue.table.ids[row])
    return str(object_id) if object_id > 0 else MISSED


def reason_of(queue: ReviewQueue, row: int) -> str:
    """The main reason as the end of a sentence: ": unusual size", or nothing."""
    number = int(queue.table.reason[row])
    return f": {MEASURES[number].reason}" if number >= 0 else ""


class ReviewTable(QTableView):
    """The list itself. `row_chosen`: the user chose a row (its number in the queue), by mouse or arrow keys."""

    row_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table_model = ReviewTableModel(self)
        self.setModel(self.table_model)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMinimumHeight(160)
        self.setCornerButtonEnabled(False)
        for corner in self.findChildren(QAbstractButton):  # Qt's own, beside the headers
            corner.setToolTip("The objects of this image")
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 4)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setResizeContentsPrecision(20)  # rows looked at: the list may be long
        self._choosing = False
        self.selectionModel().currentRowChanged.connect(self._on_current)
        self.show_order(QueueOrder())
        self.setSortingEnabled(True)

    def show_queue(self, queue: ReviewQueue | None, axes: str, planes: list[PlaneIndex], position: int | None) -> None:
        """Show another queue, with the row at `position` selected; where the list is scrolled to stays."""
        at = self.verticalScrollBar().value()
        self._choosing = True
        try:
            self.table_model.show_queue(queue, axes, planes)
            self.show_order(queue.order if queue is not None else QueueOrder())
            self.select(position, scroll=False)
            self.verticalScrollBar().setValue(at)
        finally:
            self._choosing = False

    def show_order(self, order: QueueOrder) -> None:
        """Put the arrow onto the header that the list is sorted by."""
        keys = [column.key for column in self.table_model.columns]
        if order.key in keys:
            header = self.horizontalHeader()
            blocked = QSignalBlocker(header)
            header.setSortIndicator(
                keys.index(order.key),
                Qt.SortOrder.DescendingOrder if order.descending else Qt.SortOrder.AscendingOrder,
            )
            blocked.unblock()

    def select(self, position: int | None, scroll: bool = True) -> None:
        """Select a row without choosing it."""
        self._choosing = True
        try:
            if position is None:
                self.clearSelection()
                self.setCurrentIndex(QModelIndex())
            else:
                self.selectRow(position)
                if scroll:
                    self.scrollTo(self.table_model.index(position, 0))
        finally:
            self._choosing = False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        before = self.currentIndex().row()
        super().mousePressEvent(event)
        at = self.indexAt(event.pos())
        if at.isValid() and at.row() == before:  # chosen already: go there once more
            self.row_chosen.emit(before)
        self.clearFocus()  # keys go to the canvas again

    def _on_current(self, current: QModelIndex, before: QModelIndex) -> None:
        if not self._choosing and current.isValid():
            self.row_chosen.emit(current.row())
