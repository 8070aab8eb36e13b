"""The one sentence on what would help most, always in sight: before a run, while it learns, and after it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from qtpy.QtCore import QEvent, Qt, Signal
from qtpy.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QPushButton, QWidget

from napari_unet.corrections.comparison import Counts
from napari_unet.events import Failed
from napari_unet.finetuning.forecast import Forecast, curve_of, forecast
from napari_unet.finetuning.guidance import (
    advise_amount,
    advise_classes,
    advise_kind,
    advise_place,
    advise_truth,
    describe_cost,
)
from napari_unet.models.running.engine import Engine
from napari_unet.ui.session.running.threads import run_errand
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.models.library import ModelEntry
    from napari_unet.models.record import ModelRecord
    from napari_unet.ui.finetune.material import MaterialView
    from napari_unet.ui.session.session import Session

_UNKNOWN = "this computer"


BEGIN = "Correct what is wrong, or accept what is right: Q goes to the next doubtful object, A accepts it."


@dataclass(frozen=True)
class Advice:
    """Sentences from the worker thread: what is wrong with the labels, or (`final`) what to do after the run."""

    sentences: tuple[str, ...]
    final: bool = False


class GuidanceView(QWidget):
    """What matters most, the rest of it on hover, and a button that goes there. Hidden if that is nothing."""

    where_next = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._problems: tuple[str, ...] = ()
        self._after: tuple[str, ...] = ()
        self._sentences: tuple[str, ...] = ()
        self._label, self.where_button = QLabel(wordWrap=True), QPushButton("Show me where")
        self._curves: dict[str, tuple[Forecast | None, int]] = {}  # by the hash of a model: and of how many objects
        self._engines: dict[Engine, str] = {}  # in plain words
        self._shown: tuple[MaterialView, float, Engine] | None = None
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.where_button.setToolTip("Go to the part of the open images where the model is least sure")
        self.where_button.clicked.connect(self.where_next)
        self.where_button.setStyleSheet("QPushButton { padding: 3px 8px; }")
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.addWidget(self._label, 1)
        self._layout.addWidget(self.where_button)
        self.hide()

    def resizeEvent(self, event: QEvent) -> None:
        """The button goes below the sentence where it would squeeze it: with large letters."""
        narrow = self.where_button.sizeHint().width() > 0.45 * self.width()
        ways = QBoxLayout.Direction
        self._layout.setDirection(ways.TopToBottom if narrow else ways.LeftToRight)
        super().resizeEvent(event)

    @property
    def text(self) -> str:
        """All that there is to say."""
        return " ".join(self._sentences)

    def begin(self) -> None:
        """A run starts: what was said before it is over."""
        self._shown = None
        self._problems = self._after = ()
        self._write(())

    def take(self, advice: Advice) -> None:
        """What the worker found, shown until `forget`."""
        if advice.final:
            self._after = advice.sentences
            self._write((*self._problems, *self._after))
        else:
            self._problems = advice.sentences
            self._write(self._problems)

    def forget(self) -> None:
        """The result of the run is settled: the next one is what counts."""
        self._problems = self._after = ()

    def show_after(self) -> None:
        """A choice between two models waits: what is to be said of it, and of nothing else."""
        self._write((*self._problems, *self._after))

    def show_before(self, material: MaterialView, seconds: float, engine: Engine) -> None:
        """What would help the next run, and what it will cost; unless the last one's advice is still to be read."""
        if self._after:
            return
        self._shown = material, seconds, engine
        if not material.has_labels:  # they were removed: Fine-tune cannot be clicked
            self._write(())
            return
        cost = describe_cost(seconds, self._describe(engine))
        names, pixels = material.classes
        if names:
            self._write(sentence for sentence in (advise_classes(names, pixels), cost) if sentence)
        else:
            self._write((*self._advise_objects(material), cost) if material.counts.anything else self._begin(material))

    def _begin(self, material: MaterialView) -> tuple[str, ...]:
        """What to do once the image that is worked on has labels of objects, and nothing was corrected yet; where
        nothing was found, or is not yet, there is nothing to accept.
        """
        work = self._session.current
        if work is None or work.labels_layer is None or work.n_objects == 0:
            return ()
        awaited = work.n_objects is None and self._session.job is not None
        return (BEGIN,) if material.has_objects and not awaited else ()

    def _advise_objects(self, material: MaterialView) -> list[str]:
        counts = material.counts
        changed = {work.name: get_trackers(self._session).of(work).counts for work in self._session.works}
        total = sum(changed.values(), Counts())
        amount = advise_amount(counts.n_corrected, counts.n_corrected + counts.n_confirmed - total.removed)
        said = (
            advise_truth(material.n_given) or self._forecast(counts.n_corrected + counts.n_confirmed) or amount,
            advise_kind({"missed": total.added, "false": total.removed, "wrong": total.corrected}),
            advise_place({name: one.total for name, one in changed.items()} | material.corrected_elsewhere),
        )
        return [sentence for sentence in said if sentence]

    def _forecast(self, n_objects: int) -> str:
        """What the scores of the model in use say of more objects than the `n_objects` reviewed by now; else empty."""
        entry = self._session.model_entry
        if entry is None or not entry.record.training.n_objects:
            return ""
        if entry.sha256 not in self._curves:
            self._curves[entry.sha256] = None, 0
            entries = self._session.model_entries()
            run_errand(partial(_forecast_of, entry.record, entries), self._on_forecast, entry.sha256)
        said, before = self._curves[entry.sha256]
        left = None if said is None else said.after(n_objects - before)
        return "" if left is None else left.sentence

    def _on_forecast(self, found: tuple[Forecast | None, int] | Failed, model: str) -> None:
        if not isinstance(found, Failed):
            self._curves[model] = found
            if found[0] is not None and self._shown is not None and not self._problems:
                self.show_before(*self._shown)

    def show_place(self, known: bool) -> None:
        """Offer to go to where the model is least sure, which is known of objects only."""
        self.where_button.setVisible(known)

    def _write(self, sentences: Iterable[str]) -> None:
        self._sentences = tuple(sentences)
        self._label.setText(self._sentences[0] if self._sentences else "")
        self._label.setToolTip("\n".join(self._sentences))
        self.setVisible(bool(self.text))

    def _describe(self, engine: Engine) -> str:
        """In plain words once torch is there, which is not loaded for the sake of a sentence.

        It is asked in a thread: an accelerator is tried first, and while torch is being loaded everybody waits for it.
        """
        if engine not in self._engines:
            if "torch" not in sys.modules:
                return _UNKNOWN
            self._engines[engine] = _UNKNOWN
            run_errand(engine.describe, self._on_described, engine)
        return self._engines[engine]

    def _on_described(self, words: str | Failed, engine: Engine) -> None:
        if not isinstance(words, Failed):
            self._engines[engine] = words
            if self._shown is not None and self._shown[-1] == engine and not self._problems:
                self.show_before(*self._shown)


def _forecast_of(record: ModelRecord, entries: Sequence[ModelEntry]) -> tuple[Forecast | None, int]:
    """The forecast of a model, and after how many objects it was made."""
    points = curve_of(record, {entry.sha256: entry.record for entry in entries})
    return forecast(points), max((one.n_objects for one in points), default=0)
