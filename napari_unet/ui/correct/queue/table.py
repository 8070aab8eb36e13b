"""The list of suspicious objects: a row an object, sorted by whatever header is clicked."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QWidget

from napari_unet.labels.types import PlaneIndex
from napari_unet.review.queue import QueueOrder, ReviewQueue
from napari_unet.review.suspicion import MEASURES
from napari_unet.ui.session.present import present
from napari_unet.ui.widgets.row_table import RowModel, RowTable

DONE = " \u2713"
MISSED = "Missed?"
_SCORE_TIP = "How suspicious the object is, 0 to 100: all measures together. The highest come first."


@dataclass(frozen=True)
class QueueColumn:
    """What a column shows: `key` is what it is sorted by (see `QueueOrder`)."""

    key: str
    title: str
    tip: str


def columns_for(axes: str) -> tuple[QueueColumn, ...]:
    """The columns for an image with `axes` out of "TZYX"."""
    found = [
        QueueColumn("id", "Object", "The object's id in the labels layer."),
        QueueColumn("score", "Suspicion", _SCORE_TIP),
    ]
    if len(axes) > 2:
        words = {"T": "Frame", "Z": "Slice"}
        title = ", ".join(words[letter] for letter in axes[:-2])
        found.append(QueueColumn("plane", title, "Where it shows best what is suspicious."))
    for measure in MEASURES:
        if measure.name != "continuity" or len(axes) > 2:
            tip = f"How much speaks against the object, 0 to 100: {measure.reason}.\n{measure.tip}"
            found.append(QueueColumn(measure.name, measure.title, tip))
    found.append(QueueColumn("size_px", "Pixels", "Size of the object, in all slices."))
    return tuple(found)


class ReviewTableModel(RowModel):
    """Shows a `ReviewQueue`; sorting asks for another one."""

    order_asked = Signal(object)  # a QueueOrder

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.queue: ReviewQueue | None = None
        self._show_columns("YX")
        self._planes: list[PlaneIndex] = [()]

    def show_queue(self, queue: ReviewQueue | None, axes: str, planes: list[PlaneIndex]) -> None:
        """Show another queue."""
        self.beginResetModel()
        self.queue, self._planes = queue, planes
        self._show_columns(axes)
        self.endResetModel()

    def _show_columns(self, axes: str) -> None:
        self.columns = columns_for(axes)
        self.headings = [(column.title, column.tip) for column in self.columns]

    @property
    def n_rows(self) -> int:
        return 0 if self.queue is None else len(self.queue)

    def is_number(self, column: int) -> bool:
        return self.columns[column].key != "id"

    def text(self, row: int, column: int) -> str:
        return self._text(int(present(self.queue).rows[row]), self.columns[column].key)

    def tip(self, row: int, column: int) -> str:
        return self._tip(int(present(self.queue).rows[row]), self.columns[column].key)

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


class ReviewTable(RowTable):
    """The list itself; positions are those in the queue."""

    def __init__(self, parent: QWidget | None = None) -> None:
        table_model = ReviewTableModel()
        super().__init__(table_model, "The objects of this image", parent)
        self.table_model = table_model
        self.table_model.setParent(self)
        self.setMinimumHeight(160)
        self.show_order(QueueOrder())
        self.setSortingEnabled(True)

    def show_queue(self, queue: ReviewQueue | None, axes: str, planes: list[PlaneIndex], position: int | None) -> None:
        """Show another queue, with the row at `position` selected; where the list is scrolled to stays."""
        at = self.verticalScrollBar().value()
        with self.not_choosing():
            self.table_model.show_queue(queue, axes, planes)
            self.show_order(queue.order if queue is not None else QueueOrder())
            self.select_position(position, scroll=False)
            self.verticalScrollBar().setValue(at)

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

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        self.clearFocus()  # keys go to the canvas again
