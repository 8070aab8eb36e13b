"""Room for the canvas in a narrow window: napari's own docks become tabs beside the panel, and go back."""

from __future__ import annotations

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

LEAST_CANVAS = 480
"""Pixels that the canvas is to have; napari's own docks on its left side are up to 320 wide."""
_NAPARI_DOCKS = ("layer controls", "layer list")
_BESIDES = 340 + 320 + 20  # the panel, napari's docks, and the borders between them
LEFT = Qt.DockWidgetArea.LeftDockWidgetArea


class CanvasRoom:
    """Tabs only docks that stand where napari put them, and gives back only those that it took."""

    def __init__(self, panel: QWidget) -> None:
        self._panel = panel
        self._moved: list[QDockWidget] = []

    def fit(self) -> None:
        """The window has another width."""
        window, ours = self._panel.window(), self._dock()
        if not isinstance(window, QMainWindow) or ours is None or ours.isFloating():
            return
        narrow = window.width() < _BESIDES + LEAST_CANVAS
        if narrow and not self._moved and window.dockWidgetArea(ours) != LEFT:
            self._take(window, ours)
        elif not narrow:
            self.give_back()

    def give_back(self) -> None:
        """Have napari's docks where they were: also before the window closes, since it remembers their places."""
        window = self._panel.window()
        moved, self._moved = self._moved, []
        for dock in moved if isinstance(window, QMainWindow) else ():
            if not dock.isFloating() and window.dockWidgetArea(dock) != LEFT:
                window.addDockWidget(LEFT, dock)

    def _take(self, window: QMainWindow, ours: QDockWidget) -> None:
        for name in _NAPARI_DOCKS:
            dock = window.findChild(QDockWidget, name)
            if dock is not None and dock.isVisible() and not dock.isFloating() and window.dockWidgetArea(dock) == LEFT:
                window.tabifyDockWidget(ours, dock)
                self._moved.append(dock)
        ours.raise_()
        QTimer.singleShot(0, ours.raise_)  # where the docks were not laid out yet, the last tab would win

    def _dock(self) -> QDockWidget | None:
        widget: QWidget | None = self._panel
        while widget is not None and not isinstance(widget, QDockWidget):
            widget = widget.parentWidget()
        return widget
