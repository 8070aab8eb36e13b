"""The Fine-tune step: the model learns from what was reviewed, in the background, and the user chooses what to keep."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QPushButton

from napari_unet.errors import UserError
from napari_unet.events import Failed, Finished
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import FinetuneResult, Prepared, ScoreDone
from napari_unet.labels.evidence import Score
from napari_unet.learning.events import StepDone
from napari_unet.models.recorded.foreign import FOREIGN
from napari_unet.ui.finetune.guidance import Advice, GuidanceView
from napari_unet.ui.finetune.live.switch import LiveSwitch
from napari_unet.ui.finetune.material import MaterialView
from napari_unet.ui.finetune.progress import TrainingView
from napari_unet.ui.finetune.result import ResultView
from napari_unet.ui.finetune.run import OWNER, FinetuneRun
from napari_unet.ui.session.image_work import ImageWork
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.keeping.preferences import preference
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.review_counter import ReviewCounter
from napari_unet.ui.session.session import Session
from napari_unet.ui.session.trackers import collect_corrections
from napari_unet.ui.widgets.step import Step, enable

TIMES = {"10 seconds": 10.0, "30 seconds": 30.0, "1 minute": 60.0, "2 minutes": 120.0, "5 minutes": 300.0}
NOTHING_REVIEWED = (
    "Nothing is marked as reviewed yet. Correct an object, or mark at least one object with its surroundings as "
    "reviewed in the step above."
)

DISCARDED = "Discarded: the model in use is the same as before."
TOO_SOON = "Stopped before the first step: nothing was learned, and the model in use is the same as before."


class FinetuneStep(Step):
    """Adapt the model to what was reviewed in all open images, and earlier in those of the project."""

    title = "Fine-tune"
    segment_again = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.counter = ReviewCounter(session, self)
        self.run: FinetuneRun | None = None
        self._keeper = get_keeper(session)
        self._refused: Any = None  # what there was to learn from when nothing could be learned
        self.curves: Any = None
        self.start_button = QPushButton("Fine-tune")
        self.time_box = QComboBox()
        self.preview_box = QCheckBox("Show preview", checked=bool(preference("fine_tuning", "live_preview")))
        self.deep_box = QCheckBox("Learn in 3D")
        self.live = LiveSwitch(session, self)
        self.guidance = GuidanceView(session)
        self.material = MaterialView(session, self.counter)
        self.training = TrainingView()
        self.result_view = ResultView(session)
        self._fill_body()
        self._connect()
        self.refresh()

    # -- building -------------------------------------------------------------------------------------------------

    def _fill_body(self) -> None:
        self.start_button.setToolTip("Teach a copy of the model what you reviewed; go on painting meanwhile")
        self.preview_box.setToolTip("Show, as outlines, what the model in training says of the current view")
        self.deep_box.setToolTip(
            "Make a model that looks at stacks as volumes; the measurements that we have favour the model of slices"
        )
        self.time_box.setAccessibleName("Time")
        self.time_box.setToolTip(FinetuneConfig.model_fields["seconds"].description or "")
        for words, seconds in TIMES.items():
            self.time_box.addItem(f"about {words}", seconds)
        self.time_box.setCurrentIndex(self.time_box.findData(FinetuneConfig.model_fields["seconds"].default))
        row = QHBoxLayout()
        row.addWidget(self.start_button, 1)
        row.addWidget(self.time_box)
        row.addWidget(self.live.button)
        self.body_layout.addLayout(row)
        self.body_layout.addWidget(self.material.earlier_box)
        self.body_layout.addWidget(self.preview_box)
        self.body_layout.addWidget(self.deep_box)
        self.body_layout.addWidget(self.material)
        for widget in (self.live.status, self.training, self.result_view, self.guidance):
            self.pin(widget)

    def _connect(self) -> None:
        session = self.session
        listen(self, session.current_changed, self.refresh)
        listen(self, session.labels_changed, self.refresh)
        listen(self, session.prediction_changed, self._on_prediction)
        listen(self, session.classes_changed, self.refresh)
        listen(self, session.models_changed, self.refresh)
        listen(self, session.model_changed, self.refresh)
        listen(self, session.jobs.changed, self.refresh)
        listen(self, session.viewer.events.theme, self._on_theme)
        listen(self, session.closing, self._on_closing)
        self._keeper.training_lost.connect(self._on_training_lost)
        self.material.changed.connect(self.refresh)
        self.counter.changed.connect(self.refresh)
        self.start_button.clicked.connect(self._on_start)
        self.time_box.activated.connect(self.refresh)  # not as the window goes, which empties it
        self.preview_box.toggled.connect(self._on_preview_toggled)
        self.training.stop_button.clicked.connect(self._on_stop)
        self.training.discard_button.clicked.connect(self._on_discard)
        self.result_view.decided.connect(self._on_decided)
        self.result_view.segment_again.connect(self.segment_again)
        self.live.asked.connect(self._on_live)
        self.live.ended.connect(self._on_live_ended)
        self.live.refused.connect(lambda why: self.show_message(why, self.live.button))

    # -- showing the session's state ------------------------------------------------------------------------------

    def refresh(self, work: object = None) -> None:
        """Which controls can be used, and what the header says, follow from the session."""
        if not vars(self) or self.session.background.closed:
            return  # the window is gone, Python is clearing it away, and Qt still tells of it
        job = self.session.job
        ours = job is not None and job.owner == OWNER
        enable(self.start_button, self._reason())
        self.live.refresh(self._reason())
        self.deep_box.setVisible(self._can_go_deep)
        for choice in (self.time_box, self.deep_box, self.material.earlier_box):
            enable(choice, "Wait until the training has ended." if ours else None)
        self.material.refresh()
        self.training.setVisible(ours)
        if ours and job.stopping:
            self.training.stopping()
        self.guidance.show_place(all(work.head.draws_objects for work in self.session.works))
        if self._refused is not None and self._refused != self._amount:
            self._refused = None
            self.clear_message()
        if not ours:
            summary = self.result_view.summary
            ready = ("not started: see below", "not started") if self._refused is not None else self.material.describe()
            self.set_state(*(("learning live",) if self.live.on else (summary,) if summary else ready))
            if self.live.on:
                return
            if self.result_view.result is not None:
                self.guidance.show_after()
                return
            self.guidance.show_before(self.material, self.config.seconds, self.config.engine)

    def _on_prediction(self, work: ImageWork) -> None:
        self.result_view.note_segmented(work)
        self.refresh()

    @property
    def _amount(self) -> tuple[Any, ...]:
        """What there is to learn from: another amount makes old news of a message that it was not enough."""
        return self.material.counts, self.material.classes

    def _refuse(self, sentence: str) -> None:
        """Say why nothing can be learned, in place of that all is ready, until there is something else to learn."""
        self._refused = self._amount
        self.show_message(sentence, self.start_button)
        self.refresh()

    def _reason(self) -> str | None:
        """Why nothing can be learned now."""
        if self.session.job is not None:
            return f"{self.session.job.title}: wait until it has ended, or stop it."
        if self.result_view.result is not None:
            return "Choose first: use the new model, or keep the old one."
        if not self.material.has_labels:
            return "Segment the image first."
        if self.session.model_entry is None:
            return "There is no model yet: open Models and import one."
        if self.session.model_entry.record.foreign is not None:
            return FOREIGN.format(name=self.session.model_entry.name)
        return None

    def _on_theme(self, event: Any = None) -> None:
        if self.curves is not None:
            self.curves.set_theme(self.session.viewer.theme)

    # -- training -------------------------------------------------------------------------------------------------

    @property
    def config(self) -> FinetuneConfig:
        deep = self._can_go_deep and self.deep_box.isChecked()
        return FinetuneConfig(seconds=self.time_box.currentData(), dimensions="3" if deep else "2")

    @property
    def _can_go_deep(self) -> bool:
        """Whether a model of slices can be made one of volumes: all that is open are z-stacks with objects."""
        works, entry = self.session.works, self.session.model_entry
        flat = entry is not None and entry.record.architecture.ndim == 2
        return flat and bool(works) and all("Z" in work.axes and work.head.draws_objects for work in works)

    def _on_start(self) -> None:
        self.clear_message()
        self._refused = None
        self.result_view.reset()
        try:
            images = collect_corrections(self.session, self.config.channels)
        except UserError as error:
            self._refuse(str(error))
            return
        earlier = self.material.earlier.reader(self.config.channels) if self.material.wanted_earlier else None
        if not images and earlier is None:
            self._refuse(NOTHING_REVIEWED)
            return
        self.run = FinetuneRun(self.session)
        self.run.shows_preview = self.preview_box.isChecked()
        listen(self, self.run.advanced, self._on_advanced)
        listen(self, self.run.ended, self._on_ended)
        self._prepare_curves()
        self.training.begin()
        self.guidance.begin()
        self.material.show_uses(())
        self.set_state("getting ready")
        try:
            self.run.start(self.config, images, earlier)
            self._keeper.note_training({"started": time.time()})
        except UserError as error:
            self.show_message(str(error), self.start_button)
        self.refresh()

    # -- live mode --------------------------------------------------------------------------------------------------

    def _on_live(self) -> None:
        """Learn from every correction from now on; what waits to be read is over."""
        self.clear_message()
        self._refused = None
        self.result_view.reset()
        self.guidance.begin()
        try:
            self.live.start(self.config)
        except UserError as error:
            self.show_message(str(error), self.live.button)
        self.refresh()

    def _on_live_ended(self, outcome: Any) -> None:
        """What was learned live showed itself, and is gone: a fine-tuning on the same corrections is to be judged."""
        if isinstance(outcome, Failed):
            self._refuse(outcome.message)
        elif isinstance(outcome, Finished) and outcome.result.n_objects and self._reason() is None:
            self._on_start()
        self.refresh()

    def _prepare_curves(self) -> None:
        if self.curves is None:  # made when it is first needed: the panel opens without the plotting library
            from napari_unet.ui.widgets.curves import Curves

            self.curves = Curves(self.session.viewer.theme)
            self.body_layout.insertWidget(self.body_layout.indexOf(self.material), self.curves)
        self.curves.clear_curves(self.config.seconds)

    def _on_advanced(self, event: Any) -> None:
        if isinstance(event, Prepared):
            self.training.say(describe_prepared(event))
            self.material.show_uses(present(self.run).uses)
            if event.before is not None:
                self._add_score(event.seconds, event.before)
        elif isinstance(event, StepDone):
            self.curves.add_loss(event.seconds, event.loss)
            self.training.advance(event.seconds, event.seconds_left)
            self.set_state("learning")
        elif isinstance(event, ScoreDone):
            self._add_score(event.seconds, event.score)
        elif isinstance(event, Advice):
            self.guidance.take(event)

    def _add_score(self, seconds: float, score: Score) -> None:
        self.curves.add_score(seconds, score.main)
        self.training.show_score(score.main, score.title, score.n_objects)

    def _on_preview_toggled(self, shown: bool) -> None:
        if self.run is not None:
            self.run.set_preview(shown)

    def _on_stop(self) -> None:
        self.session.jobs.stop(OWNER)

    def _on_discard(self) -> None:
        if self.run is not None:
            self.run.discard()

    def _on_ended(self, outcome: Any) -> None:
        run, self.run = self.run, None
        discarded = present(run).discarded or not isinstance(outcome, Finished)
        nothing = discarded or outcome.result.steps == 0
        if nothing:
            self._keeper.note_training(None)
            self.material.show_uses(())
        if isinstance(outcome, Failed):
            self._refuse(outcome.message)
        elif nothing:
            self.guidance.forget()
            self.show_message(DISCARDED if discarded else TOO_SOON, kind="info")
        else:
            self.result_view.show_result(outcome.result, present(run))
            self.set_open(True)
        self.refresh()

    # -- what the window's end leaves -----------------------------------------------------------------------------

    def _on_closing(self) -> None:
        """A new model that nobody decided on is saved, unless it is not better: it is not in use yet."""
        name = self.result_view.save_undecided()
        if name is not None:
            self._keeper.note_training({"model": name})

    def _on_training_lost(self, notes: dict[str, Any]) -> None:
        """The project that was opened notes a training of which nothing came, or of which nobody saw what came."""
        self.show_message(describe_lost(notes), self.start_button, kind="info")

    def _on_decided(self, result: FinetuneResult, use: bool) -> None:
        self.clear_message()
        try:
            self.result_view.settle(use)
            self.guidance.forget()
            self._keeper.note_training(None)
        except UserError as error:
            self.show_message(str(error), self.result_view.use_button)
        self.refresh()


def describe_lost(notes: dict[str, Any]) -> str:
    """What became of the training that was running when the window ended, and what to do."""
    if "model" in notes:
        return (
            f"The last fine-tuning had ended, and its model was saved as “{notes['model']}”. It is not in use yet: to "
            "use it, choose it in the step Segment."
        )
    began = datetime.fromtimestamp(notes["started"]).strftime("%d %b, %H:%M")
    return (
        f"The fine-tuning that began on {began} was cut short, so nothing came of it. All corrections are here: click "
        "Fine-tune to train again."
    )


def describe_prepared(event: Prepared) -> str:
    learned = f"Learning from {event.n_objects} {event.noun}s"
    held = f", tested on {event.n_held_out} others" if event.n_held_out else "; too few to test it on others"
    return learned + held
