"""One key that leads from the image into a panel, and back: by Tab alone the way there goes through all of napari."""

from __future__ import annotations

from collections.abc import Callable

from qtpy.compat import isalive
from qtpy.QtCore import QObject, Qt
from qtpy.QtGui import QKeySequence, QShortcut
from qtpy.QtWidgets import QWidget

from napari_unet.ui.widgets.access.focus_ring import go_by_keys

WAY_IN_KEY = "F6"


class WayIn(QObject):
    """Goes to where the keys were in `panel` before, or to `first()`; from there back to the image."""

    def __init__(self, panel: QWidget, first: Callable[[], QWidget]) -> None:
        super().__init__(panel)
        self._panel, self._first = panel, first
        self._last: QWidget | None = None
        self._shortcut = QShortcut(QKeySequence(WAY_IN_KEY), panel)
        self._shortcut.setContext(Qt.ShortcutContext.WindowShortcut)
        self._shortcut.activated.connect(self.go)

    def go(self) -> None:
        """Into the panel, or out of it."""
        focused = self._panel.window().focusWidget()
        if focused is not None and focused.hasFocus() and self._panel.isAncestorOf(focused):
            self._last = focused
            focused.clearFocus()  # without a control that has them, keys go to the canvas
            return
        known = self._last
        there = known is not None and isalive(known) and known.isVisible() and known.isEnabled()
        go_by_keys(known if known is not None and there else self._first())
