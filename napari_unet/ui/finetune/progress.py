"""The part of the Fine-tune step that is shown while a model learns."""

from __future__ import annotations

from qtpy.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget
from superqt import QElidingLabel


class TrainingView(QWidget):
    """How the training goes: a bar, the time left, curves, and two ways to end it."""

    def __init__(self) -> None:
        super().__init__()
        self.bar, self.label = QProgressBar(), QElidingLabel()
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.bar.setTextVisible(False)
        self.bar.setMaximumHeight(14)
        self.stop_button, self.discard_button = QPushButton("Stop and keep"), QPushButton("Discard")
        self.stop_button.setToolTip("End the training now, and choose whether to use what was learned so far")
        self.discard_button.setToolTip("End the training now, and forget what was learned")
        buttons = QHBoxLayout()
        buttons.addWidget(self.stop_button)
        buttons.addWidget(self.discard_button)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self.bar)
        self._layout.addWidget(self.label)
        self._layout.addLayout(buttons)
        self.hide()

    def add_curves(self, curves: QWidget) -> None:
        self._layout.insertWidget(2, curves)

    def begin(self) -> None:
        self.bar.setRange(0, 0)
        self.say("Getting ready")
        for button in (self.stop_button, self.discard_button):
            button.setEnabled(True)

    def say(self, text: str) -> None:
        self.label.setText(text)
        self.label.setToolTip(text)

    def advance(self, seconds: float, seconds_left: float) -> None:
        self.bar.setRange(0, 1000)
        self.bar.setValue(round(1000 * seconds / max(seconds + seconds_left, 1e-3)))

    def stopping(self) -> None:
        """Stop was asked for; what was learned is still scored."""
        for button in (self.stop_button, self.discard_button):
            button.setEnabled(False)
        self.say("Stopping: looking at what was learned")
