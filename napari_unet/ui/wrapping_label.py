"""A label of several lines that gets as much height as its text needs."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import QSize
from qtpy.QtWidgets import QLabel


class WrappingLabel(QLabel):
    """Themes pad labels, and Qt forgets that when it asks how high a text is: the last line would be cut off."""

    def __init__(self, text: str = "", **properties: Any) -> None:
        super().__init__(text, wordWrap=True, **properties)

    def heightForWidth(self, width: int) -> int:
        padding = self._padding()
        return super().heightForWidth(max(1, width - padding.width())) + padding.height()

    def _padding(self) -> QSize:
        """About what a theme puts around a text: more than that leaves a little room, less would cut it."""
        return QSize(self.fontMetrics().horizontalAdvance("m"), self.fontMetrics().lineSpacing() // 4)
