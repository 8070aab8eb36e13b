"""A hand on the mouse and the keys: Qt events to napari's canvas, at places given in pixels of a layer.

Nothing here calls a layer, so what it does goes the way that a person's strokes go.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
from qtpy.QtCore import QEvent, QEventLoop, QPointF, Qt, QTimer
from qtpy.QtGui import QKeyEvent, QMouseEvent
from qtpy.QtWidgets import QApplication, QWidget

Place = tuple[float, ...]
LEFT = Qt.MouseButton.LeftButton
NO_BUTTON = Qt.MouseButton.NoButton
FRAME_SECONDS = 1 / 60


LEAST_PATIENCE = 300.0
"""Seconds that anything is waited for, whatever a test says: a busy machine is no error."""


def let_run(seconds: float = 0.0) -> None:
    """Let the window's own event loop run, asleep while nothing happens."""
    loop = QEventLoop()
    QTimer.singleShot(max(1, round(1000 * seconds)), Qt.TimerType.PreciseTimer, loop.quit)
    loop.exec()


def wait_for(condition: Callable[[], Any], seconds: float = 60.0, what: str = "") -> None:
    """Let the window run until `condition()`; raises `TimeoutError` after `seconds`."""
    until = time.monotonic() + max(seconds, LEAST_PATIENCE)
    while not condition():
        if time.monotonic() > until:
            raise TimeoutError(what or "what was waited for did not happen")
        let_run(0.02)


class Hand:
    """Mouse and keys over the canvas of `viewer`. Places are data coordinates of `layer`, in the view from the top."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self._buttons = NO_BUTTON
        self.modifiers = Qt.KeyboardModifier.NoModifier  # held down while the mouse moves and clicks

    @property
    def canvas(self) -> QWidget:
        """The widget that the layers are drawn in."""
        return self._viewer.window._qt_viewer.canvas.native

    def place(self, layer: Any, at: Place) -> QPointF:
        """Where on the canvas the pixel `at` (row, column last) of `layer` is, in the slice in view."""
        displayed = list(self._viewer.dims.displayed[-2:])
        point = [*layer.world_to_data(self._viewer.dims.point)]
        point[-2:] = at[-2:]
        world = np.asarray(layer.data_to_world(point))[[axis - self._viewer.dims.ndim for axis in displayed]]
        camera = self._viewer.scene.camera
        y, x = (world - np.asarray(camera.center)[-2:]) * camera.zoom
        return QPointF(x + self.canvas.width() / 2, y + self.canvas.height() / 2)

    def show_all(self) -> None:
        """Have all of the image in view."""
        self._viewer.reset_view()
        let_run(0.05)

    # -- mouse ----------------------------------------------------------------------------------------------------

    def move(self, place: QPointF) -> None:
        self._send(QEvent.Type.MouseMove, place, NO_BUTTON)

    def press(self, place: QPointF) -> None:
        self._buttons = LEFT
        self._send(QEvent.Type.MouseButtonPress, place, LEFT)

    def release(self, place: QPointF) -> None:
        self._buttons = NO_BUTTON
        self._send(QEvent.Type.MouseButtonRelease, place, LEFT)

    def click(self, layer: Any, at: Place) -> None:
        """Move to a pixel and click it."""
        place = self.place(layer, at)
        self.move(place)
        let_run(0.01)
        self.press(place)
        let_run(0.01)
        self.release(place)
        let_run(0.01)

    def double_click(self, layer: Any, at: Place) -> None:
        """Click a pixel, and once more at once."""
        self.click(layer, at)
        place = self.place(layer, at)
        self._buttons = LEFT
        self._send(QEvent.Type.MouseButtonDblClick, place, LEFT)
        let_run(0.01)
        self.release(place)
        let_run(0.01)

    def hover(self, layer: Any, at: Place) -> None:
        self.move(self.place(layer, at))
        let_run(0.01)

    def stroke(self, layer: Any, places: Iterable[Place], frame_seconds: float = FRAME_SECONDS) -> None:
        """Drag with the left button down over `places`, one a frame, while the window runs."""
        for _ in self.dragging(layer, places):
            let_run(frame_seconds)

    def dragging(self, layer: Any, places: Iterable[Place]) -> Iterator[None]:
        """The events of a stroke, one at each `next`, for who keeps the time."""
        place = None
        for at in places:
            begins, place = place is None, self.place(layer, at)
            self.move(place)
            if begins:
                self.press(place)
            yield
        if place is not None:
            self.release(place)

    def _send(self, kind: QEvent.Type, place: QPointF, button: Qt.MouseButton) -> None:
        on_screen = QPointF(self.canvas.mapToGlobal(place.toPoint()))
        event = QMouseEvent(kind, place, on_screen, button, self._buttons, self.modifiers)
        QApplication.sendEvent(self.canvas, event)

    # -- keys -----------------------------------------------------------------------------------------------------

    def key(self, key: Qt.Key, text: str = "", modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press and release a key over the canvas."""
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            QApplication.sendEvent(self.canvas, QKeyEvent(kind, key, modifiers, text))
            let_run(0.01)

    def undo(self) -> None:
        self.key(Qt.Key.Key_Z, modifiers=Qt.KeyboardModifier.ControlModifier)


def line(start: Place, end: Place, n: int = 12) -> list[Place]:
    """Places along a straight line."""
    return [tuple(place) for place in np.linspace(start, end, n)]
