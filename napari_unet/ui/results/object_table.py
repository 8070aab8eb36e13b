"""The measured objects: a row an object, sorted by whatever header is clicked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QWidget

from napari_unet.labels.types import Array, Indices, Mask
from napari_unet.results.measurements.headings import meaning_of
from napari_unet.results.measurements.located import LocatedTable
from napari_unet.ui.widgets.row_table import RowModel, RowTable

_HIDDEN = ("unit",)
_HEIGHT = 190


class ObjectTableModel(RowModel):
    """Shows rows of a `LocatedTable`: those that are kept, in the order that was asked for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.names: list[str] = []
        self.order: Indices = np.zeros(0, np.intp)  # rows of the table, as they are shown
        self._values: list[Array] = []
        self._keep: Mask | None = None
        self._sorted_by: tuple[int, bool] = (-1, False)

    def show_table(self, table: LocatedTable | None, heading: Callable[[str], str]) -> None:
        """Show another table, or none; `heading` words its columns."""
        self.beginResetModel()
        self.names = [] if table is None else [name for name in table.table.columns if name not in _HIDDEN]
        self._values = [] if table is None else [table.table[name].to_numpy() for name in self.names]
        self.headings = [(heading(name), meaning_of(name)) for name in self.names]
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

    @property
    def n_rows(self) -> int:
        return int(self.order.size)

    def text(self, row: int, column: int) -> str:
        return text_of(self._values[column][self.order[row]])

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
            if values.dtype.kind not in "iufb":  # names
                values = np.unique(values.astype(str), return_inverse=True)[1]
            rows = rows[np.argsort(-values if descending else values, kind="stable")]  # unknown ones come last
        self.order = rows


def text_of(value: Any) -> str:
    """A number as it is shown: whole, or with four digits that count; a dash if it is not known."""
    if isinstance(value, (np.integer, int)):
        return str(int(value))
    if isinstance(value, (np.floating, float)):
        return "\N{EN DASH}" if np.isnan(value) else f"{float(value):.4g}"
    return str(value)


class ObjectTableView(RowTable):
    """The table itself. `row_chosen`: the user chose a row (of the table of objects), by mouse or arrow keys."""

    row_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        rows = ObjectTableModel()
        super().__init__(rows, "The measured objects", parent)
        self.rows = rows
        self.rows.setParent(self)
        self.setFixedHeight(_HEIGHT)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.position_chosen.connect(self._on_position)

    def show_table(self, table: LocatedTable | None, heading: Callable[[str], str]) -> None:
        """Show another table, in its own order."""
        with self.not_choosing():
            self.rows.show_table(table, heading)
            self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)

    @property
    def current(self) -> int | None:
        """The row (of the table of objects) that is selected."""
        at = self.currentIndex().row()
        return int(self.rows.order[at]) if 0 <= at < self.rows.order.size else None

    def select(self, row: int | None) -> None:
        """Select a row of the table of objects without choosing it."""
        self.select_position(None if row is None else self.rows.position_of(row))

    def _on_position(self, position: int) -> None:
        self.row_chosen.emit(int(self.rows.order[position]))
