"""What came of a fine-tuning: a sentence, the view before and after, and the choice between two models."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout

from napari_unet.errors import UserError
from napari_unet.finetuning.events import FinetuneResult
from napari_unet.ui.canvas.before_after import BeforeAfter, Side
from napari_unet.ui.finetune.run import Compared, FinetuneRun
from napari_unet.ui.session.image_work import ImageWork
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.session import Session

if TYPE_CHECKING:
    from qtpy.QtWidgets import QAbstractButton

_VIEWS = {"labels": "My labels", "before": "Before", "after": "After"}
_TIPS = {
    "labels": "Your labels, as you painted them",
    "before": "What the old model says of this view",
    "after": "What the new model says of this view; objects that changed are outlined",
}


class ResultView(QFrame):
    """Empty and hidden until there is a result; `decided` tells the user's choice, with the result."""

    decided = Signal(object, bool)
    segment_again = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.result: FinetuneResult | None = None
        self.summary = ""
        self._compared: Compared | None = None
        self._work: ImageWork | None = None
        self._diameters: dict[str, float] = {}
        self.comparison = BeforeAfter(session)
        self.sentence = QLabel(wordWrap=True)
        self.views = {name: QPushButton(words, checkable=True, toolTip=_TIPS[name]) for name, words in _VIEWS.items()}
        self.use_button, self.keep_button = QPushButton("Use new model"), QPushButton("Keep old model")
        self.again_button = QPushButton("Segment again")
        self._group = QButtonGroup(self)
        self._lay_out()
        self._connect()
        self.reset()

    def _lay_out(self) -> None:
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.use_button.setToolTip("Save the new model beside the old one, and use it from now on")
        self.keep_button.setToolTip("Go on with the old model; the new one is forgotten")
        self.again_button.setToolTip("Segment the current image with the new model")
        views, choice = QHBoxLayout(), QHBoxLayout()
        views.setSpacing(2)
        for button in self.views.values():
            self._group.addButton(button)
            views.addWidget(button)
        for button in (self.use_button, self.keep_button):
            choice.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.sentence)
        layout.addLayout(views)
        layout.addLayout(choice)
        layout.addWidget(self.again_button)

    def _connect(self) -> None:
        self._group.buttonClicked.connect(self._on_view)
        self.comparison.changed.connect(self._on_comparison)
        self.use_button.clicked.connect(lambda: self.decided.emit(self.result, True))
        self.keep_button.clicked.connect(lambda: self.decided.emit(self.result, False))
        self.again_button.clicked.connect(self._on_again)
        listen(self, self.session.images_changed, self._on_images)

    def show_result(self, result: FinetuneResult, run: FinetuneRun) -> None:
        """Let the user compare, and choose."""
        compared, work = run.compared, run.work
        self.result, self._compared, self._diameters = result, compared, run.diameters
        key = compared.request.key[0] if compared is not None else None
        self._work = next((known for known in self.session.works if known.key == key), work)
        self.sentence.setText(result.sentence.replace(" -> ", "\u00a0->\u00a0"))  # a score is not torn apart
        self.sentence.setToolTip(explain_score(result))
        self.summary = summarize_result(result)
        self._show_buttons(views=compared is not None, choice=True, again=False)
        self.views["labels"].setChecked(True)
        # The choice that the score speaks for is the one that Return takes.
        self.use_button.setDefault(result.favours_child)
        self.keep_button.setDefault(not result.favours_child)
        self.show()

    def settle(self, use: bool) -> None:
        """Save and use the new model, or forget it; raises UserError if it cannot be saved."""
        if self.result is None:
            return
        if not use:
            self.reset()
            return
        from napari_unet.models.library import save_to_library

        model = save_to_library(self.result.model)
        self.comparison.close()
        self.result = self._compared = None
        self.session.use_model(model.name)
        for work in self.session.works:
            if work.diameter_estimated and work.key in self._diameters:
                # The old model's estimate was of what it took for objects; this is of what the user said they are.
                work.set_diameter(round(self._diameters[work.key], 1), estimated=True)
        self.sentence.setText(f"“{model.name}” is in use now. Segment again to see it at work.")
        self.sentence.setToolTip("")
        self.summary = "new model in use"
        self._show_buttons(views=False, choice=False, again=True)

    def note_segmented(self, work: ImageWork) -> None:
        """A model was at work on an image: if it is the new one, what was offered is done."""
        entry = self.session.model_entry
        if self._offers_again and work.prediction is not None and entry is not None and work.segmented_by == entry.name:
            self.reset()

    @property
    def _offers_again(self) -> bool:
        return self.result is None and not self.again_button.isHidden() and not self.isHidden()

    def _on_images(self) -> None:
        """With no image left there is nothing to segment again."""
        if self._offers_again and not self.session.works:
            self.reset()

    def save_undecided(self) -> str | None:
        """The window closes: save a model that was not decided on; its name, or None if there is none worth it."""
        if self.result is None or self.result.better is False:
            return None
        from napari_unet.models.library import save_to_library

        try:
            return save_to_library(self.result.model).name
        except UserError as error:
            print(f"The new model could not be saved: {error}", file=sys.stderr)
            return None

    def reset(self) -> None:
        """Forget the result, and show nothing."""
        self.comparison.close()
        self.result = self._compared = None
        self.summary = ""
        self.hide()

    def _show_buttons(self, views: bool, choice: bool, again: bool) -> None:
        for button in self.views.values():
            button.setVisible(views)
        for button in (self.use_button, self.keep_button):
            button.setVisible(choice)
        self.again_button.setVisible(again)

    def _on_view(self, button: QAbstractButton) -> None:
        name = next(name for name, known in self.views.items() if known is button)
        side: Side = "before" if name == "before" else "after"
        if name == "labels" or self._compared is None:
            self.comparison.close()
        elif self.comparison.is_shown:
            self.comparison.hold(side)
        else:
            compared = self._compared
            self.comparison.show(compared.before, compared.after, self._work, compared.request.plane, side)

    def _on_comparison(self) -> None:
        self.views[self.comparison.side or "labels"].setChecked(True)

    def _on_again(self) -> None:
        self.reset()
        self.segment_again.emit()


def summarize_result(result: FinetuneResult) -> str:
    """A few words for the header."""
    if result.better is False and (result.before is None or result.after is None):
        return "not better: the old model stays in use"
    if result.before is None or result.after is None:
        return "finished: compare, then choose"
    verdict = {True: "better", False: "not better", None: "not sure yet"}[result.better]
    return f"{verdict}: {result.before.main:.2f} -> {result.after.main:.2f}"


def explain_score(result: FinetuneResult) -> str:
    """What the numbers of the sentence mean, on how many objects they were measured, and how sure they are."""
    if result.before is None or result.after is None:
        return "A score needs reviewed objects that the model did not learn from; there were too few to hold some back."
    if result.after.title == "mean IoU":
        return (
            "IoU of a class is the area that the model and you both give it, over the area that either of you does; "
            "the mean is over the classes that you painted. Measured on reviewed places that the model did not learn "
            "from."
        )
    lines = [
        "AP@0.5 is the share of objects that are right: found / (found + missed + wrongly found).",
        "An object counts as found if it and yours share at least half of the area that they cover together.",
        f"Measured on {result.after.n_objects} reviewed objects that the model did not learn from, "
        "apart from those that it did.",
    ]
    if (change := result.change) is not None:
        lines.append(
            f"With other objects of the same kind the gain (mean of AP@0.5 and of outlines) would mostly lie between "
            f"{change.low:+.2f} and {change.high:+.2f}; in {100 * change.chance:.0f} of 100 cases it would be one."
        )
    if result.base_before is not None and result.base_after is not None:
        lines.append(
            f"The kinds of image that the model knew before are measured on {result.base_after.n_objects} objects "
            "that ship with it."
        )
    return "\n".join(lines)
