"""The part of the Fine-tune step that is always in sight while a model learns."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget
from superqt import QElidingLabel

from napari_unet.ui.widgets.progress import format_seconds


class TrainingView(QWidget):
    """How the training goes: a bar, the time left, the score so far, and two ways to end it."""

    def __init__(self) -> None:
        super().__init__()
        self.bar, self.label, self.left = QProgressBar(), QElidingLabel(), QElidingLabel()
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(14)
        self.stop_button, self.discard_button = QPushButton("Stop and keep"), QPushButton("Discard")
        self.stop_button.setToolTip("End the training now, and choose whether to use what was learned so far")
        self.discard_button.setToolTip("End the training now, and forget what was learned")
        self._scores: list[float] = []
        row = QHBoxLayout()
        row.addWidget(self.left, 1)
        for button in (self.stop_button, self.discard_button):
            button.setStyleSheet("QPushButton { padding: 3px 8px; }")
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.label)
        layout.addWidget(self.bar)
        layout.addLayout(row)
        self.hide()

    def begin(self) -> None:
        # Not the bar that runs to and fro: each of its frames draws the whole window anew, canvas included, and
        # without a graphics card that takes the processor away from the work.
        self.bar.setRange(0, 1)
        self.bar.setValue(0)
        self._scores = []
        self.left.setText("")
        self.say("Getting ready")
        for button in (self.stop_button, self.discard_button):
            button.setEnabled(True)

    def say(self, text: str) -> None:
        self.label.setText(text)
        self.label.setToolTip(text)

    def advance(self, seconds: float, seconds_left: float) -> None:
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(1000 * seconds / max(seconds + seconds_left, 1e-3)))
        self.left.setText(f"{format_seconds(seconds_left)} left")

    def show_score(self, score: float, title: str, n_objects: int) -> None:
        """The score as it was first, and as it is now, on so many objects that were held out."""
        self._scores = [*self._scores[:1], score]
        if len(self._scores) > 1:
            before, now = (f"{one:.2f}" for one in self._scores)
            self.say(f"{title} {before} -> {now} so far, on {n_objects} objects that it does not learn from")

    def stopping(self) -> None:
        """Stop was asked for; what was learned is still scored."""
        for button in (self.stop_button, self.discard_button):
            button.setEnabled(False)
        self.left.setText("")
        self.say("Stopping: looking at what was learned")
