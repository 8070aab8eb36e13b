"""The images that get a class each, as a table: what was given, what was found, and how likely it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QModelIndex, QSortFilterProxyModel, Qt, Signal
from qtpy.QtGui import QColor, QKeyEvent
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from napari_unet.ui.widgets.row_table import RowModel

if TYPE_CHECKING:
    from napari_unet.classification.marked import MarkedObjects
    from napari_unet.ui.classify.whole_images.learning import ImagesFound

GIVEN, FOUND, PROBABILITY = 1, 2, 3
_SORTED = Qt.ItemDataRole.UserRole
_LAST = "\uffff"


@dataclass
class ImageRow:
    """One image: `given` and `found` are names of classes, `told` is why nothing is known of it."""

    path: Path
    given: str = ""
    found: str = ""
    probability: float | None = None
    told: str = ""


class ImageRows(RowModel):
    """Rows in the order in which they came; `colors` of the classes, by their names."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.headings = [
            ("Image", "The whole path on hover. Double-click an image to open it."),
            ("Given", "The class that you gave it, with the keys 1 to 9"),
            ("Found", "The class that it is taken for, or what is wrong with it"),
            ("Probability", "How likely that class is. Sort by it to have the least sure at the top; images that you "
             "gave a class come last."),
        ]  # fmt: skip
        self.rows: list[ImageRow] = []
        self.colors: dict[str, str] = {}

    @property
    def n_rows(self) -> int:
        return len(self.rows)

    def add(self, paths: list[Path]) -> None:
        """Rows for more images, at the end; those that are there already are left out."""
        new = list(dict.fromkeys(path for path in paths if path not in {row.path for row in self.rows}))
        if new:
            self.beginInsertRows(QModelIndex(), len(self.rows), len(self.rows) + len(new) - 1)
            self.rows += [ImageRow(path) for path in new]
            self.endInsertRows()

    def take_out(self, numbers: list[int]) -> list[Path]:
        """Without some of the rows; returns the images that these were of."""
        gone = {self.rows[number].path for number in numbers}
        self.beginResetModel()
        self.rows = [row for row in self.rows if row.path not in gone]
        self.endResetModel()
        return list(gone)

    def fill(
        self, marked: MarkedObjects, given: Mapping[Path, int], found: ImagesFound | None, failed: Mapping[Path, str]
    ) -> None:
        """Show what images were given, what they are taken for, and why nothing is known of those that `failed`."""
        self.colors = dict(zip(marked.names, marked.colors, strict=True))
        for row in self.rows:
            row.given = marked.names[given[row.path]] if row.path in given else ""
            known = None if found is None else found.classes.get(row.path)
            row.found, row.probability = known or ("", None)
            row.told = failed.get(row.path) or ("" if found is None else found.left.get(row.path, ""))
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, PROBABILITY))

    def text(self, row: int, column: int) -> str:
        one = self.rows[row]
        likely = "" if one.probability is None else f"{one.probability:.2f}"
        return (one.path.name, one.given, one.told or one.found, likely)[column]

    def tip(self, row: int, column: int) -> str | None:
        return str(self.rows[row].path) if column == 0 else self.rows[row].told or None

    def is_number(self, column: int) -> bool:
        return column == PROBABILITY

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if index.isValid() and role == _SORTED:
            return self._order(self.rows[index.row()], index.column())
        if index.isValid() and role == Qt.ItemDataRole.DecorationRole and index.column() in (GIVEN, FOUND):
            one = self.rows[index.row()]
            color = self.colors.get(one.given if index.column() == GIVEN else one.found)
            return None if color is None else QColor(color)
        return super().data(index, role)

    def _order(self, one: ImageRow, column: int) -> Any:
        """What a column is sorted by: who looks for the least sure has seen what was given a class."""
        likely = 3.0 if one.probability is None else one.probability + bool(one.given)
        return (one.path.name.casefold(), one.given or _LAST, one.found or _LAST, likely)[column]


class ImagesTable(QTableView):
    """Shows `rows`, sorted by the column whose head is clicked; several may be selected.

    `key_pressed`: the class (from 0) of a key 1 to 9, or -1 for the key 0. `opened`: the row of a double click.
    `removed`: the key Delete.
    """

    key_pressed = Signal(int)
    removed = Signal()
    opened = Signal(int)

    def __init__(self, rows: ImageRows) -> None:
        super().__init__()
        self._sorted = QSortFilterProxyModel(self)
        self._sorted.setSortRole(_SORTED)
        self._sorted.setSourceModel(rows)
        self.setModel(self._sorted)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)  # Tab goes on to the next control
        self.setAccessibleName("Images")
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + 6)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in enumerate((260, 120, 180)):
            header.resizeSection(column, width)
        header.setStretchLastSection(True)
        self.setSortingEnabled(True)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.doubleClicked.connect(lambda index: self.opened.emit(self._sorted.mapToSource(index).row()))

    @property
    def selected(self) -> list[int]:
        """The rows (as in the model) that are selected."""
        return [self._sorted.mapToSource(index).row() for index in self.selectionModel().selectedRows()]

    def keyPressEvent(self, event: QKeyEvent) -> None:
        digit = event.text()
        if len(digit) == 1 and digit in "0123456789":
            self.key_pressed.emit(int(digit) - 1)
        elif event.key() == Qt.Key.Key_Delete:
            self.removed.emit()
        else:
            super().keyPressEvent(event)
