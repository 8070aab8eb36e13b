"""Settings that most people never need, folded away behind one word."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QToolButton, QVBoxLayout, QWidget


class Fold(QWidget):
    """`content` under a heading that opens and folds it; folded at first."""

    # superqt's QCollapsible was tried. It folds by a height of 0, so that the Tab key goes on into fields that nobody
    # sees; it fixes the height as it opens, so that sentences that come later are cut off; its arrows keep the colour
    # of before the theme (black on dark), and its heading is a filled button, blue while it is open.

    def __init__(self, title: str, content: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.content = content
        self.heading = QToolButton(text=title, checkable=True, autoRaise=True)
        self.heading.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.heading.toggled.connect(self._on_toggled)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.heading)
        layout.addWidget(content)
        self._on_toggled(False)

    def _on_toggled(self, opened: bool) -> None:
        self.heading.setArrowType(Qt.ArrowType.DownArrow if opened else Qt.ArrowType.RightArrow)
        self.content.setVisible(opened)
