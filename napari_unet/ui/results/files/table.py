"""The table of many files: one line each, with a small picture."""

from __future__ import annotations

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from napari_unet.ui.results.files.rows import FileRow, FileRows

_PICTURE = QSize(56, 42)
_WIDTHS = (230, 70, 80, 70)  # of the columns but the last


class FilesTable(QTableView):
    """Shows `rows`; one line at a time is chosen."""

    def __init__(self, rows: FileRows) -> None:
        super().__init__()
        self._rows = rows
        self.setModel(rows)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setCornerButtonEnabled(False)
        self.setTabKeyNavigation(False)  # Tab goes on to the next control
        self.setAccessibleName("Files")
        self.setIconSize(_PICTURE)
        lines, header = self.verticalHeader(), self.horizontalHeader()
        lines.hide()
        lines.setDefaultSectionSize(max(self.fontMetrics().height() + 6, _PICTURE.height() + 4))
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        for column, width in enumerate(_WIDTHS):
            header.resizeSection(column, width)
        header.setStretchLastSection(True)

    @property
    def chosen(self) -> FileRow | None:
        """The file that is chosen."""
        at = self.currentIndex().row()
        return self._rows.rows[at] if 0 <= at < len(self._rows.rows) else None

    def choose(self, at: int) -> None:
        """Choose a line, and show it."""
        self.selectRow(at)
        self.scroll_to(at)

    def scroll_to(self, at: int) -> None:
        """Show a line."""
        self.scrollTo(self._rows.index(at, 0))
