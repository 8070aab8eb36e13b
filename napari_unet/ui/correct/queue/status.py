"""The head of the review queue: where one is in it, how much is reviewed, and what is known of what is in the frame."""

from __future__ import annotations

from collections.abc import Mapping

from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_unet.review.queue import ReviewQueue
from napari_unet.ui.correct.queue.table import MISSED, name_of, reason_of
from napari_unet.ui.correct.tools.actions import ACTIONS
from napari_unet.ui.correct.tools.keys import key_table
from napari_unet.ui.session.present import present
from napari_unet.ui.widgets.fitting_label import FittingLabel

BUTTONS = ("previous_suspicious", "next_suspicious", "accept_object")


class ReviewStatus(QWidget):
    """`buttons` are those of the step, by action."""

    def __init__(self, buttons: Mapping[str, QPushButton]) -> None:
        super().__init__()
        self.position_label, self.reason_label = FittingLabel(), QLabel(wordWrap=True)
        self.bar = QProgressBar(textVisible=False, maximumHeight=6)
        self.bar.setToolTip("Reviewed of those listed")
        self._just_done = ""
        head, walk, layout = QHBoxLayout(), QHBoxLayout(), QVBoxLayout(self)
        head.addWidget(self.position_label, 1)
        walk.setSpacing(4)
        for name in BUTTONS:
            walk.addWidget(buttons[name])
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addLayout(walk)
        layout.addWidget(self.bar)
        layout.addWidget(self.reason_label)

    def show_queue(self, queue: ReviewQueue | None, position: int | None, measuring: bool) -> None:
        """Show the place in the queue, and how much of it is done."""
        total = 0 if queue is None else len(queue)
        done = 0 if queue is None else queue.n_reviewed
        if queue is None:
            told = "measuring" if measuring else ""
        elif not total:
            told = "none"
        else:
            place = f"{position + 1} of {total}" if position is not None else f"{total}"
            told = f"{place}, {done} reviewed"
        fuller = (f"Suspicious objects: {told}", f"Suspicious: {told}") if told else ()
        self.position_label.set_wordings((*fuller, told))
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(done)
        self.bar.setVisible(total > 0)

    def show_object(self, queue: ReviewQueue | None, row: int | None, problem: str | None) -> None:
        """Show why the object of a row is suspicious, or why the model could not look again."""
        if row is not None:
            self.say(describe_row(present(queue), row) + self._just_done)
        elif problem is not None:
            self.say(f"The model could not look again: {problem}")
        else:
            self.reason_label.hide()

    def say(self, text: str) -> None:
        """Show a sentence until there is another one."""
        self.reason_label.setText(text)
        self.reason_label.show()

    def note_accepted(self, name: str, n_slices: int, axes: str) -> None:
        """Say with the next object what was accepted of the last one, in an image with `axes`."""
        where = f" in {n_slices} slices" if n_slices > 1 else " in this frame" if axes.startswith("T") else ""
        self._just_done = f"\n({'Nothing there' if name == MISSED else f'Object {name}'}: accepted{where}.)"

    def forget_accepted(self) -> None:
        self._just_done = ""


def describe_row(queue: ReviewQueue, row: int) -> str:
    """What is in the frame, and what to do about it if it is no object."""
    name = name_of(queue, row)
    if name != MISSED:
        return f"Object {name}{reason_of(queue, row)}"
    keys = {action.name: key_table().key_of(action) for action in ACTIONS}
    return (
        f"{MISSED} The model sees an object here. Key {keys['add']} with the mouse on it draws it, "
        f"key {keys['accept_object']} says that nothing is there."
    )
