"""The dock: four steps, one below the other, and a row with the models and the keys."""

import napari
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from napari_unet.ui.correct_step import CorrectStep
from napari_unet.ui.finetune_step import FinetuneStep
from napari_unet.ui.image_step import ImageStep
from napari_unet.ui.segment_step import SegmentStep
from napari_unet.ui.session import get_session


class UNetPanel(QWidget):
    """Segment, correct, fine-tune: the steps of the work on the images of one viewer."""

    def __init__(self, napari_viewer: "napari.viewer.Viewer"):
        super().__init__()
        self.session = get_session(napari_viewer)
        session = self.session
        self.image_step, self.segment_step = ImageStep(session), SegmentStep(session)
        self.correct_step, self.finetune_step = CorrectStep(session), FinetuneStep(session)
        self.steps = (self.image_step, self.segment_step, self.correct_step, self.finetune_step)
        self.models_button, self.keys_button = QPushButton("Models"), QPushButton("?")
        self._lay_out()
        session.current_changed.connect(self._on_progress)
        session.prediction_changed.connect(self._on_progress)
        self._on_progress()

    def _lay_out(self) -> None:
        header = QHBoxLayout()
        header.addWidget(QLabel("Segment, correct, fine-tune"), 1)
        self.keys_button.setFixedWidth(28)
        header.addWidget(self.models_button)
        header.addWidget(self.keys_button)
        inside = QWidget()
        stack = QVBoxLayout(inside)
        stack.setContentsMargins(0, 0, 4, 0)
        for step in self.steps:
            stack.addWidget(step)
        stack.addStretch(1)
        self.scroll = QScrollArea(widgetResizable=True)
        self.scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        self.scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 0, 0)
        layout.addLayout(header)
        layout.addWidget(self.scroll, 1)
        self.setMinimumWidth(300)

    def _on_progress(self, work: object = None) -> None:
        """Open the step that comes next, and fold the ones before, unless the user decided otherwise."""
        current = self.session.current
        following = 0 if current is None else 1 if current.prediction is None else 2
        for index, step in enumerate(self.steps):
            step.suggest_open(index == following)
