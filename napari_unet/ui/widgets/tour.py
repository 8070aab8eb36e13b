"""A short tour: bubbles that point at the real controls, one at a time, to be skipped and to be found again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qtpy.QtCore import QObject, QPoint, Qt, QTimer, Signal
from qtpy.QtGui import QKeyEvent
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

WIDTH, _GAP = 300, 6


@dataclass(frozen=True)
class Stop:
    """A control, and one or two sentences on it; `before` is called first, to have it in sight."""

    control: QWidget
    words: str
    before: Callable[[], object] | None = None


class Bubble(QFrame):
    """Lies in the window, left of what it points at."""

    moved = Signal(int)  # to the next stop (1) or the one before (-1)
    left = Signal()

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("bubble")
        # Its ground is that of napari's theme, as its letters are: the palette knows nothing of the theme.
        self.setStyleSheet("#bubble { border: 2px solid palette(highlight); border-radius: 4px; }")
        self.setAccessibleName("Tour")
        self.words, self.place = QLabel(wordWrap=True), QLabel()
        self.skip_button = QPushButton("Skip", toolTip="End the tour; ? shows it again\nKey: Esc")
        self.back_button = QPushButton("Back", toolTip="To the one before\nKey: Left")
        self.next_button = QPushButton("Next", toolTip="To the next\nKey: Return")
        row = QHBoxLayout()
        row.addWidget(self.place, 1)
        for button in (self.skip_button, self.back_button, self.next_button):
            row.addWidget(button)
        self._lines = QVBoxLayout(self)
        self._lines.addWidget(self.words)
        self._lines.addLayout(row)
        self.setFixedWidth(WIDTH)
        self.skip_button.clicked.connect(self.left)
        self.back_button.clicked.connect(lambda: self.moved.emit(-1))
        self.next_button.clicked.connect(lambda: self.moved.emit(1))

    def point_at(self, stop: Stop, number: int, of: int) -> None:
        """Say what there is to say of a control, beside it."""
        self.words.setText(f"{stop.words} \N{BLACK RIGHT-POINTING SMALL TRIANGLE}")
        self.place.setText(f"{number} of {of}")
        self.back_button.setEnabled(number > 1)
        self.next_button.setText("Done" if number == of else "Next")
        self.show()  # before it is measured: napari's theme gives it its letters only then
        self._lines.activate()
        self.setFixedHeight(self._lines.totalHeightForWidth(WIDTH) + 2 * self.frameWidth())
        window = self.parentWidget()
        corner = stop.control.mapTo(window, QPoint(0, 0))
        left = max(0, corner.x() - self.width() - _GAP)
        top = min(max(0, corner.y()), max(0, window.height() - self.height() - _GAP))
        self.move(left, top)
        self.raise_()
        self.next_button.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.left.emit()
        elif event.key() == Qt.Key.Key_Left:
            self.moved.emit(-1)
        elif event.key() in (Qt.Key.Key_Right, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.moved.emit(1)
        else:
            super().keyPressEvent(event)


class Tour(QObject):
    """Goes through `stops`; `ended` tells that it was gone through, or skipped."""

    ended = Signal()

    def __init__(self, parent: QWidget, stops: Sequence[Stop]) -> None:
        super().__init__(parent)
        self._panel, self.stops = parent, tuple(stops)
        self.bubble: Bubble | None = None
        self.at = 0

    @property
    def running(self) -> bool:
        return self.bubble is not None

    def begin(self) -> None:
        """Show the first stop."""
        self.end()
        self.at, self.bubble = 0, Bubble(self._panel.window())
        self.bubble.moved.connect(self._go)
        self.bubble.left.connect(self.end)
        self._show()

    def end(self) -> None:
        """Take the bubble away."""
        if self.bubble is not None:
            bubble, self.bubble = self.bubble, None
            bubble.hide()
            bubble.deleteLater()
            self.ended.emit()

    def follow(self) -> None:
        """The window has another size: a moment later, when docks that became tabs have been put in front."""
        QTimer.singleShot(0, self._follow)

    def _follow(self) -> None:
        if self.bubble is not None:
            self._show()

    def _go(self, by: int) -> None:
        self.at += by
        if 0 <= self.at < len(self.stops):
            self._show()
        else:
            self.end()

    def _show(self) -> None:
        stop = self.stops[self.at]
        if stop.before is not None:
            stop.before()
        if self.bubble is not None:
            self.bubble.point_at(stop, self.at + 1, len(self.stops))
