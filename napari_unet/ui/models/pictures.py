"""What a model is for, by picture: one of an image of each kind that it knows, with the kind's name below."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import QByteArray, Qt
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QGridLayout, QLabel, QWidget

_LONGEST_NAME = 18  # letters under a picture; the rest is in its tip


class KindPictures(QWidget):
    """A row of small pictures; hidden while there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self.labels: list[QLabel] = []
        self.hide()

    def show_kinds(self, kinds: Sequence[tuple[str, bytes]]) -> None:
        """Show (name, PNG) of each kind in place of what was shown."""
        for label in self.labels:
            self._grid.removeWidget(label)
            label.deleteLater()
        self.labels = []
        for column, (name, png) in enumerate(kinds):
            picture = QPixmap()
            picture.loadFromData(QByteArray(png))
            tip = f"Images like this one are answered by “{name}”; outlines are of its objects."
            self._add(QLabel(pixmap=picture, toolTip=tip, accessibleName=f"Picture of {name}"), 0, column)
            short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
            self._add(QLabel(short, toolTip=name), 1, column)
        self.setVisible(bool(kinds))

    def _add(self, label: QLabel, row: int, column: int) -> None:
        self._grid.addWidget(label, row, column, Qt.AlignmentFlag.AlignCenter)
        self.labels.append(label)
