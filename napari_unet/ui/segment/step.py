"""The Segment step: model, object diameter, how much of the image, and the labels appear as they are finished."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import (
    QComboBox,
    QGridLayout,
    QLabel,
    QPushButton,
)

from napari_unet.errors import UserError
from napari_unet.events import Failed, Finished, StopFlag
from napari_unet.heads.registry import find_head
from napari_unet.heads.semantic.shares import describe_shares
from napari_unet.review.suitability import Doubt
from napari_unet.segmentation.blocks.events import BlockDone, StageStep, told_of
from napari_unet.segmentation.config import Scope, SegmentConfig
from napari_unet.segmentation.events import Estimated, PlaneDone, TileDone
from napari_unet.segmentation.volumes.events import SideDone
from napari_unet.ui.canvas.classes import class_names_of, describe_classes
from napari_unet.ui.segment.background import estimate_in_background
from napari_unet.ui.segment.diameter import DiameterField
from napari_unet.ui.segment.keep_question import KeepQuestion
from napari_unet.ui.segment.kind_row import KindRow
from napari_unet.ui.segment.place_line import PlaceLine
from napari_unet.ui.segment.run import OWNER, SegmentRun
from napari_unet.ui.segment.scope import ScopeRow
from napari_unet.ui.segment.sentences.doubts import Doubts
from napari_unet.ui.segment.stack_row import StackRow
from napari_unet.ui.session.image_work import ImageWork
from napari_unet.ui.session.keeping.notices import Notice, get_notices
from napari_unet.ui.session.keeping.preferences import preference
from napari_unet.ui.session.keeping.undo import get_undo
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.running.threads import run_soon
from napari_unet.ui.session.session import Session
from napari_unet.ui.widgets.access.caption import caption
from napari_unet.ui.widgets.fold import Fold
from napari_unet.ui.widgets.parameters import ParameterForm
from napari_unet.ui.widgets.progress import ProgressLine, format_seconds
from napari_unet.ui.widgets.step import Step, enable

ADVANCED = (
    "quality", "foreground_threshold", "seed_threshold", "object_threshold", "min_diameter", "link_overlap", "tile",
    "invert", "dim_objects", "device", "keep_probability",
)  # fmt: skip
_FOR_GOOD = "So much has changed that Undo does not go back to the labels of before."
_UNITS = {"": "image", "Z": "slices", "T": "frames", "TZ": "slices"}


class SegmentStep(Step):
    """Find the objects in the current image."""

    title = "Segment"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.run: SegmentRun | None = None
        self.model_box = QComboBox(toolTip="The model that finds the objects")
        self.diameter = DiameterField(session, self)
        self.kinds = KindRow(session)
        self.scope, self.stacks = ScopeRow(), StackRow(session)
        self.segment_button, self.place = QPushButton("Segment"), PlaceLine(session)
        self.classes = QLabel(wordWrap=True, toolTip="Which value of the labels stands for which class")
        self.progress = ProgressLine()
        self.question = KeepQuestion()
        self.doubts = Doubts(self, self._on_doubt, self._on_better, self._on_other_size)
        self.advanced = Fold("Advanced", ParameterForm(SegmentConfig, ADVANCED))
        self.advanced.content.set_values(
            {**self.advanced.content.values(), "device": preference("segmenting", "device")}
        )  # fmt: skip
        self._lay_out_body()
        self._connect()
        self._on_models_changed()
        self._on_current_changed()

    # -- building -------------------------------------------------------------------------------------------------

    def _lay_out_body(self) -> None:
        self.model_box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.model_box.setMinimumContentsLength(10)
        self.segment_button.setToolTip("Find the objects; labels appear as they are finished")
        form = QGridLayout()
        form.setColumnStretch(1, 1)
        form.addWidget(caption("Model", self.model_box), 0, 0)
        form.addWidget(self.model_box, 0, 1)
        form.addWidget(caption("Diameter", self.diameter.number), 1, 0)
        form.addLayout(self.diameter.row, 1, 1)
        form.addLayout(self.diameter.buttons, 2, 1)
        self.body_layout.addLayout(form)
        above = self.kinds, self.classes, self.scope, self.stacks
        for widget in (*above, self.segment_button, self.place, self.question, self.advanced):
            self.body_layout.addWidget(widget)
        self.pin(self.progress)

    def _connect(self) -> None:
        session = self.session
        listen(self, session.current_changed, self._on_current_changed)
        listen(self, session.image_changed, self._on_current_changed)
        listen(self, session.prediction_changed, self._on_prediction_changed)
        listen(self, session.models_changed, self._on_models_changed)
        listen(self, session.model_changed, self._on_models_changed)
        listen(self, session.jobs.changed, self._on_job_changed)
        self.model_box.activated.connect(self._on_model_chosen)
        self.scope.buttons.buttonClicked.connect(lambda _button: self._on_job_changed())
        self.diameter.estimate_wanted.connect(self._on_estimate)
        self.segment_button.clicked.connect(self.request)
        self.progress.stop_clicked.connect(lambda: session.jobs.stop(OWNER))
        self.diameter.refused.connect(self._on_refused)
        self.question.answered.connect(self._on_answered)

    # -- showing the session's state ------------------------------------------------------------------------------

    def _on_models_changed(self) -> None:
        entries, entry = self.session.model_entries(), self.session.model_entry
        blocked = QSignalBlocker(self.model_box)
        self.model_box.clear()
        for known in entries:
            self.model_box.addItem(known.name, known.name)
            tip = "Comes with the program" if known.shipped else "One of yours"
            self.model_box.setItemData(self.model_box.count() - 1, f"{known.name}\n{tip}", Qt.ItemDataRole.ToolTipRole)
        self.model_box.setCurrentIndex(-1 if entry is None else self.model_box.findData(entry.name))
        blocked.unblock()
        names = class_names_of(None if entry is None else entry.record)
        self.classes.setText(describe_classes(names))
        self.classes.setVisible(bool(names))
        self._on_job_changed()

    def _on_current_changed(self, work: object = None) -> None:
        self.clear_message()
        self.question.hide()
        self.diameter.hide_ring()
        self.scope.offer("YX" if self.session.current is None else self.session.current.axes)
        current = self.session.current
        self.advanced.content.show_row("link_overlap", current is None or "Z" in current.axes)
        self.diameter.refresh()
        self._on_job_changed()

    def _on_prediction_changed(self, work: ImageWork) -> None:
        if work is self.session.current:
            if work.prediction is None:
                self.doubts.forget()
            self._on_job_changed()

    def _on_job_changed(self) -> None:
        """Which controls can be used follows from the session alone."""
        session, job = self.session, self.session.job
        ours = job is not None and job.owner == OWNER
        reason = self._reason()
        entry = session.model_entry
        sizeless = None if entry is None or find_head(entry.record).has_size else "Classes have no size of their own."
        enable(self.segment_button, reason)
        enable(self.model_box, f"{job.title}: wait until it has ended." if ours else self._reason_without_model())
        closed = None if session.current is not None else "Open an image first."
        enable(self.scope, closed)
        enable(self.stacks, closed or ("A slice alone is no volume." if self.scope.kind == "plane" else None))
        self.diameter.allow(closed or sizeless, reason or sizeless)
        enable(self.question.go, reason)
        self.segment_button.setText("Segment again" if self._has_labels() else "Segment")
        self.progress.follow(job, OWNER)
        if not ours:
            self._say_state()

    def _has_labels(self) -> bool:
        return self.session.current is not None and self.session.current.prediction is not None

    def _reason_without_model(self) -> str | None:
        has_model = self.model_box.count() > 0
        return None if has_model else "There is no model yet: open Models and import one."

    def _reason(self) -> str | None:
        """Why nothing can be segmented now."""
        if self.session.current is None:
            return "Open an image first."
        if self.session.job is not None:
            return f"{self.session.job.title}: wait until it has ended, or stop it."
        return self._reason_without_model()

    def _say_state(self) -> None:
        work = self.session.current
        if work is None:
            self.set_state("open an image first")
        elif work.prediction is None:
            self.set_state("ready")
        elif work.class_shares:
            self.set_state(describe_shares(work.class_shares))
        elif work.n_objects is None:  # it came from a project
            self.set_state("segmented before")
        else:
            took = "" if work.seconds is None else f", {format_seconds(work.seconds)}"
            self.set_state(f"{work.n_objects} {'object' if work.n_objects == 1 else 'objects'}{took}")

    def _on_estimate(self) -> None:
        work = self.session.current
        if work is None or self._reason() is not None:
            return
        self.clear_message()
        plane = work.plane_at(self.session.viewer.dims.point)
        config = SegmentConfig(**self.advanced.content.values())

        def on_finished(outcome: Any) -> None:
            if work not in self.session.works:
                return  # the user removed it meanwhile
            if isinstance(outcome, Finished):
                self._show_estimate(work, outcome.result)
            elif isinstance(outcome, Failed):
                self.show_message(outcome.message, self.diameter.number)

        events = estimate_in_background(self.session.model_loader(), work.seen, plane, config)
        self.progress.begin("Measuring the object diameter")
        self.session.jobs.start(events, StopFlag(), None, on_finished, "Measuring the diameter", OWNER, [work])

    def _show_estimate(self, work: ImageWork, found: Estimated) -> None:
        """As a ring; where another size is convincing too as two, now and when it was segmented."""
        work.set_diameter(round(found.diameter, 1), estimated=True)
        told = replace(found, view=found.view.with_diameter(work.diameter, estimated=True))
        self.doubts.sizes.note(work, told)
        if work is self.session.current and self.doubts.sizes.offer(work):
            self.doubts.sizes.note(work, told)
        else:
            self.diameter.show_estimate()

    # -- segmenting -----------------------------------------------------------------------------------------------

    def _on_model_chosen(self, index: int) -> None:
        self.session.use_model(self.model_box.itemData(index))

    def request(self) -> None:
        """Segment the current image; ask first what becomes of corrections, if there are any."""
        work = self.session.current
        if work is None or self._reason() is not None or not self.diameter.settle():
            return
        run_soon(int(np.prod(work.shape)), lambda: work.has_corrections, self._on_compared, work)

    def _on_compared(self, corrected: bool | Failed, work: ImageWork) -> None:
        if work is not self.session.current or self._reason() is not None:
            return
        if corrected:  # or nobody knows
            self.question.show()
        else:
            self.start(keep=None)

    def _on_doubt(self, doubt: Doubt) -> None:
        """Do what a sentence about the result offers, and segment again."""
        work = self.session.current
        if doubt.remedy == "invert":
            self.advanced.content.set_values({**self.advanced.content.values(), "invert": "yes"})
        elif doubt.diameter is not None and work is not None:
            work.set_diameter(doubt.diameter)
        self.request()

    def _on_other_size(self, diameter: float) -> None:
        """Segment at the other of two sizes at which the image is convincing."""
        present(self.session.current).set_diameter(diameter)
        self.request()

    def _on_better(self, name: str) -> None:
        """Segment with another model, which is surer of this image."""
        self.session.use_model(name)
        self.request()

    def _on_refused(self, sentence: str) -> None:
        if sentence:
            self.show_message(sentence, self.diameter.number)
        elif self.message.field is self.diameter.number:
            self.clear_message()

    def _on_answered(self, keep: bool) -> None:
        reason = self._reason()
        if reason is not None:
            self.show_message(reason, self.segment_button)
            return
        self.question.hide()
        self.start(keep)

    def start(self, keep: bool | None = None) -> None:
        """Segment the current image; `keep` says what becomes of corrections (None: there are none)."""
        work = self.session.current
        self.clear_message()
        self.diameter.hide_ring()
        scope = Scope(self.scope.kind, present(work).plane_at(self.session.viewer.dims.point))
        values = self.advanced.content.values()
        config = SegmentConfig(
            diameter=present(work).diameter, kind=self.kinds.wanted, stack=self.stacks.wanted, **values
        )
        self.session.engine = config.engine
        self.run = SegmentRun(self.session, present(work))
        listen(self, self.run.advanced, self._on_advanced)
        listen(self, self.run.ended, self._on_ended)
        self.progress.begin("Getting the model ready")
        try:
            self.run.start(config, scope, keep)
        except UserError as error:
            self.show_message(str(error), self.model_box)
        self._on_job_changed()  # also if another job was quicker: nothing here is about that one
        if self.session.job is not None and self.session.job.owner == OWNER:
            self.set_state("segmenting")

    def _on_advanced(self, event: Any) -> None:
        if isinstance(event, Estimated):
            if event.note:
                self.show_message(event.note, self.segment_button)
            if not present(self.run).work.head.has_size:
                return
            self.doubts.sizes.note(present(self.run).work, event)
            noisy = event.stack is not None and event.stack.averaged > 0
            averaged = "; noisy, so neighbouring voxels are averaged" if noisy else ""
            self.progress.begin(f"Objects of about {event.diameter:.0f} px{averaged}")
        elif isinstance(event, PlaneDone):
            words = _UNITS[present(self.run).work.axes[:-2]]
            text = f"{event.done} of {event.total} {words}" if event.total > 1 else "Drawing labels"
            self._show_progress(event, text)
        elif isinstance(event, TileDone) and present(self.run).work.axes == "YX":
            again = ", again for dim objects" if event.again else ""
            self._show_progress(event, f"{event.done} of {event.total} tiles{again}")
        elif isinstance(event, BlockDone | StageStep):
            left = event.seconds_left if isinstance(event, BlockDone) else None
            self.progress.advance(event.done, event.total, told_of(event), left)
        elif isinstance(event, SideDone):
            self._show_progress(event, f"{event.done} of {event.total} side views")

    def _show_progress(self, event: PlaneDone | TileDone | SideDone, text: str) -> None:
        self.progress.advance(event.done, event.total, text, event.seconds_left)

    def _on_ended(self, failed: Failed | None) -> None:
        run = self.run
        if failed is not None:
            self.show_message(failed.message, self.segment_button)
        elif run is not None and run.for_good:
            self.show_message(_FOR_GOOD, self.segment_button)
        elif run is not None and run.replaced:
            undo, sentence = get_undo(self.session), "All labels were replaced, corrected ones too."
            get_notices(self.session).show(Notice(sentence, "Undo", lambda: undo.undo(run.work)), run.work)
        elif run is not None and run.work is self.session.current and not self.message.text:
            self.doubts.look(run.work)
        self._on_job_changed()
