"""The switch of live mode, and the line below the steps that says how it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget
from superqt import QElidingLabel

from napari_unet.events import Failed
from napari_unet.finetuning.live.events import Learned, LeftOut, ViewRefreshed, Waiting
from napari_unet.ui.finetune.live.job import LiveJob
from napari_unet.ui.session.jobs import LIVE
from napari_unet.ui.widgets.step import REASON, enable

if TYPE_CHECKING:
    from napari_unet.finetuning.config import FinetuneConfig
    from napari_unet.ui.session.session import Session

TIP = (
    "Learn from each correction as you make it, and draw anew what you have not looked at. Switched off, the model is "
    "fine-tuned on all of them and tested, and you choose whether to use it."
)
BEGIN = "Live: correct an object, and the rest follows"


class LiveSwitch(QObject):
    """`button` belongs in the step, `status` below all steps. `asked`: live mode is to begin; `ended`: its outcome."""

    asked = Signal()
    refused = Signal(str)  # why it cannot begin now, or cannot learn from something
    ended = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.job: LiveJob | None = None
        self.button = QPushButton("Live", checkable=True, toolTip=TIP)
        self.status = LiveStatus()
        self.button.clicked.connect(self._on_clicked)
        self.status.stop_button.clicked.connect(self.stop)

    @property
    def on(self) -> bool:
        """Whether it learns live."""
        return self.job is not None

    def start(self, config: FinetuneConfig) -> None:
        """Begin; raises `UserError` if there is no model."""
        # Known before it begins, so that whoever hears of the job knows whose it is.
        job = self.job = LiveJob(self._session, self)
        job.advanced.connect(self._on_event)
        job.refreshed.connect(self._on_event)
        job.ended.connect(self._on_ended)
        started = False
        try:
            started = job.start(config)
        finally:
            if not started:
                self.job = None
                job.deleteLater()
        self.status.begin()

    def stop(self) -> None:
        """End it after the step at hand."""
        self._session.jobs.stop(LIVE)

    def toggle(self) -> None:
        """As a click on the button; or say why not."""
        if self.button.isEnabled():
            self.button.click()
        else:
            self.refused.emit(self.button.toolTip())

    def show_key(self, key: str) -> None:
        """Tell the key that does the same."""
        self.button.setProperty(REASON, None)
        self.button.setToolTip(f"{TIP}\nKey: {key}")

    def refresh(self, reason: str | None) -> None:
        """`reason`: why nothing can be learned now, if something else than live mode itself is the reason."""
        stopping = self.on and self._session.job is not None and self._session.job.stopping
        enable(self.button, "Live mode is about to end." if stopping else None if self.on else reason)
        self.button.setChecked(self.on and not stopping)
        self.status.setVisible(self.on)
        if stopping:
            self.status.stopping()

    def _on_clicked(self) -> None:
        if self.on:
            self.stop()
        else:
            self.asked.emit()

    def _on_event(self, event: Any) -> None:
        if isinstance(event, LeftOut):
            self.refused.emit(event.sentence)
        self.status.take(event)

    def _on_ended(self, outcome: Any) -> None:
        job, self.job = self.job, None
        if job is not None:
            job.deleteLater()
        self.status.setVisible(False)
        self.ended.emit(outcome if outcome is not None else Failed("Live mode ended by itself.", RuntimeError()))


class LiveStatus(QWidget):
    """What live mode is doing, and the button that ends it."""

    def __init__(self) -> None:
        super().__init__()
        self.label, self.refreshed, self.stop_button = QElidingLabel(), QElidingLabel(), QPushButton("Stop and check")
        self.label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.stop_button.setToolTip("End live mode: fine-tune on all corrections, and test the model on some of them")
        self.stop_button.setStyleSheet("QPushButton { padding: 3px 8px; }")
        self._n_objects, self._awaited = 0, False
        row = QHBoxLayout()
        row.addWidget(self.refreshed, 1)
        row.addWidget(self.stop_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.label)
        layout.addLayout(row)
        self.hide()

    @property
    def text(self) -> str:
        """All that it says."""
        return f"{self.label.text()} {self.refreshed.text()}".strip()

    def begin(self) -> None:
        self._n_objects, self._awaited = 0, False
        self.stop_button.setEnabled(True)
        _write(self.label, BEGIN)
        _write(self.refreshed, "")

    def take(self, event: Any) -> None:
        """Show what an event says."""
        if isinstance(event, Learned):
            self._n_objects, self._awaited = event.n_objects, True
            self._say("learning")
        elif isinstance(event, ViewRefreshed):
            if self._awaited:  # later ones are of the same correction
                _write(self.refreshed, f"view new after {event.seconds:.1f} s")
                self.refreshed.setToolTip("From your last correction to the view drawn anew")
            self._awaited = False
        elif isinstance(event, Waiting) and event.n_objects:
            self._n_objects = event.n_objects
            self._say("ready for the next")

    def stopping(self) -> None:
        """Stop was asked for."""
        self.stop_button.setEnabled(False)
        _write(self.label, "Live: stopping")

    def _say(self, doing: str) -> None:
        if self.stop_button.isEnabled():
            _write(self.label, f"Live: {self._n_objects} {'object' if self._n_objects == 1 else 'objects'}; {doing}")


def _write(label: QElidingLabel, text: str) -> None:
    if label.text() != text:
        label.setText(text)
        label.setToolTip(text)
