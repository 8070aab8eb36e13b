"""How far a job is: a bar, a few words, the time left, and Stop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget
from superqt import QElidingLabel

if TYPE_CHECKING:
    from napari_unet.ui.session.jobs import Job


def format_seconds(seconds: float) -> str:
    """`seconds` for people: "8 s", "2 min", "1 h 5 min"."""
    whole = max(1, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


class ProgressLine(QWidget):
    """A bar with Stop beside it and what is going on below. Hidden while nothing runs."""

    stop_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar, self.label = QProgressBar(), QElidingLabel()
        self._text = ""
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(14)
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.stop_button = QPushButton("Stop")
        self.stop_button.setToolTip("Stop after the current tile and keep what is done")
        self.stop_button.clicked.connect(self.stop_clicked)
        self.stop_button.setStyleSheet("QPushButton { padding: 3px 8px; }")
        row = QHBoxLayout()
        row.addWidget(self.bar, 1)
        row.addWidget(self.stop_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.label)
        self.hide()

    def begin(self, text: str) -> None:
        """Show that something has begun whose length is not known yet."""
        # Not the bar that runs to and fro: each of its frames draws the whole window anew, canvas included, and
        # without a graphics card that takes the processor away from the work.
        self.bar.setRange(0, 1)
        self.bar.setValue(0)
        self._text = text
        self.label.setText(text)
        self.stop_button.setEnabled(True)
        self.stop_button.setText("Stop")
        self.show()

    def advance(self, done: int, total: int, text: str, seconds_left: float | None = None) -> None:
        self.bar.setRange(0, total)
        self.bar.setValue(done)
        self._text = text
        if seconds_left is not None and self.stop_button.isEnabled():  # not of what will not be done
            text = f"{text}, {format_seconds(seconds_left)} left"
        self.label.setText(text)

    def stopping(self) -> None:
        """Stop was asked for; the work ends at its next step."""
        self.stop_button.setEnabled(False)
        self.stop_button.setText("Stopping")
        self.label.setText(self._text)

    def follow(self, job: Job | None, owner: str) -> None:
        """Show the session's job while it is one of `owner`, also if it began in a panel that was closed since."""
        if job is None or job.owner != owner:
            self.end()
            return
        if self.isHidden():
            self.begin(job.title)
        if job.stopping:
            self.stopping()

    def end(self) -> None:
        self.hide()
