"""Letters as large as the user wants them: napari's setting reaches labels and buttons, here it reaches all else."""

from __future__ import annotations

from napari.settings import get_settings
from qtpy.QtCore import QObject
from qtpy.QtWidgets import QApplication, QWidget

from napari_unet.ui.session.listening import listen

_LEFT_OUT = (
    "QToolButton",
    "QHeaderView",
    "QTableView",
    "QTreeView",
    "QRadioButton",
    "QLineEdit",
    "QTabBar",
    "QTextBrowser",
)
"""Kinds of widgets for which napari's theme gives no size of letters, so that they stay small."""


class Lettering(QObject):
    """Gives a widget and all in it the size of letters that is set in napari's preferences, now and when it changes."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        listen(self, get_settings().appearance.events.font_size, self._apply)
        self._apply()

    def _apply(self) -> None:
        size = get_settings().appearance.font_size
        # Where they are of that size anyhow a style sheet would only take time, as the window opens.
        usual = size == QApplication.font().pointSize()
        sheet = "" if usual else f"{', '.join(_LEFT_OUT)} {{ font-size: {size}pt; }}"
        if sheet != self._widget.styleSheet():
            self._widget.setStyleSheet(sheet)
