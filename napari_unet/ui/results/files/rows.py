"""The files of a batch as a table: which of them are done, how many objects they have, what went wrong."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QWidget

WAITING, WORKING, DONE, BEFORE, CORRECTED, LEFT, FAILED = (
    "waiting", "working", "done", "done before", "corrected", "has labels", "failed",
)  # fmt: skip
WITH_LABELS = (DONE, BEFORE, CORRECTED, LEFT)
_TITLES = ("File", "Objects", "Suspicious", "Seconds", "State")
_TIPS = (
    "The image; the whole path on hover",
    "How many objects were found; of a model for classes how much of the image each covers",
    "How many of them are of unusual size or form, or touch another: look at files with many first",
    "How long it took",
    "What has become of it. Double-click a file that is done to open it.",
)


@dataclass
class FileRow:
    """One image, and the file for its labels."""

    path: Path
    target: Path
    state: str = WAITING
    objects: str = ""
    suspicious: int | None = None
    seconds: float | None = None
    told: str = ""  # how far it is, or what went wrong
    picture: QPixmap | None = None

    def take(self, row: dict[str, Any]) -> None:
        """Show what a batch says of a file that is done."""
        classes = row.get("classes")
        shares = [f"{name} {100 * share:.0f} %" for name, share in (classes or {}).items()]
        self.objects = ", ".join(shares) if shares else str(row.get("objects", ""))
        self.seconds, self.suspicious, self.told = row.get("seconds"), row.get("suspicious"), ""


class FileRows(QAbstractTableModel):
    """The rows, in the order in which they are worked on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[FileRow] = []
        self._at: dict[Path, int] = {}

    def show_files(self, targets: Iterable[tuple[Path, Path]]) -> None:
        """Show these images (and the files for their labels), and no others; what is known of one stays."""
        known = {row.path: row for row in self.rows}
        self.beginResetModel()
        self.rows = [
            known[path] if path in known and known[path].target == target else FileRow(path, target)
            for path, target in targets
        ]
        self._at = {row.path: number for number, row in enumerate(self.rows)}
        self.endResetModel()

    def row_of(self, path: Path) -> FileRow | None:
        return self.rows[self._at[path]] if path in self._at else None

    def add(self, path: Path, target: Path) -> FileRow:
        """The row of an image, put at the end if there is none: it came into a watched folder."""
        known = self.row_of(path)
        if known is not None:
            return known
        count = len(self.rows)
        self.beginInsertRows(QModelIndex(), count, count)
        self.rows.append(FileRow(path, target))
        self._at[path] = count
        self.endInsertRows()
        return self.rows[-1]

    def tell(self, row: FileRow) -> None:
        """A row has other contents."""
        at = self._at[row.path]
        self.dataChanged.emit(self.index(at, 0), self.index(at, len(_TITLES) - 1))

    def show_picture(self, path: Path, picture: npt.NDArray[np.uint8]) -> None:
        """Show a small picture (Y, X, 3) beside the name of an image."""
        row = self.row_of(path)
        if row is not None:
            height, width, _ = picture.shape
            data = np.ascontiguousarray(picture)
            row.picture = QPixmap.fromImage(QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888))
            self.tell(row)

    def wait_again(self) -> None:
        """All but those that are left alone wait: what an earlier run has done is found in its journal."""
        for row in self.rows:
            if row.state != LEFT:
                row.state, row.told = WAITING, ""
                self.tell(row)

    def count(self, *states: str) -> int:
        return sum(row.state in states for row in self.rows)

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(_TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        return {Qt.ItemDataRole.DisplayRole: _TITLES, Qt.ItemDataRole.ToolTipRole: _TIPS}.get(role, {section: None})[
            section
        ]

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            seconds = "" if row.seconds is None else f"{row.seconds:.1f}"
            state = f"{row.state}: {row.told}" if row.told else row.state
            suspicious = "" if row.suspicious is None else str(row.suspicious)
            return (row.path.name, row.objects, suspicious, seconds, state)[column]
        if role == Qt.ItemDataRole.DecorationRole and column == 0:
            return row.picture
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(row.path) if column == 0 else row.told or None
        if role == Qt.ItemDataRole.TextAlignmentRole and column in (1, 2, 3):
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        return None
