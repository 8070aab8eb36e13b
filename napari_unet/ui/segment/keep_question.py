"""The question that comes before an image with corrections is segmented again."""

from __future__ import annotations

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QRadioButton, QVBoxLayout


class KeepQuestion(QFrame):
    """Asks, in the step itself, what becomes of corrections when an image is segmented again."""

    answered = Signal(bool)  # whether corrections are kept

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        text = QLabel("You corrected or reviewed objects in this image. What should happen to them?", wordWrap=True)
        self.keep = QRadioButton("Keep them and replace the rest", checked=True)
        self.replace = QRadioButton("Replace everything")
        self.replace.setToolTip("The labels change as one step, which Ctrl+Z takes back")
        self.go, cancel = QPushButton("Segment"), QPushButton("Cancel")
        buttons = QHBoxLayout()
        buttons.addWidget(self.go, 1)
        buttons.addWidget(cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        for widget in (text, self.keep, self.replace):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        cancel.clicked.connect(self.hide)
        self.go.clicked.connect(lambda: self.answered.emit(self.keep.isChecked()))
        self.hide()
