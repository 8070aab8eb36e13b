"""What the buttons and keys of the Correct step do: napari's own tools on our layers, and a few of ours.

Our tools write through the layer's own edit path, so that napari's undo covers them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_unet.corrections.operations.extent import id_at
from napari_unet.corrections.operations.turning import Turn
from napari_unet.errors import UserError
from napari_unet.labels.types import Place
from napari_unet.ui.canvas.sight import bring_to_front, why_not_seen
from napari_unet.ui.canvas.strokes import place_of
from napari_unet.ui.correct.layer_input import LayerInput
from napari_unet.ui.correct.locks.marks import LockMarks
from napari_unet.ui.correct.look import LabelLook
from napari_unet.ui.correct.plane_marks import Pointed
from napari_unet.ui.correct.reviewed import ReviewMarks
from napari_unet.ui.correct.tools.actions import OBJECT_ACTIONS, QUEUE_ACTIONS, TOOLS
from napari_unet.ui.correct.tools.hand import ToolHand
from napari_unet.ui.correct.tools.object_tools import ObjectTools
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


NO_IMAGE, NO_LABELS = "Open an image first.", "Segment the image first."
UNSEEN = ("show_reviewed", "show_filled", "live", *QUEUE_ACTIONS)
"""Actions that may begin out of view: they change nothing, or go to what they are about."""
OBJECT_TOOLS = {"new_object", *(action.name for action in OBJECT_ACTIONS), *QUEUE_ACTIONS}


class CorrectionTools(QObject):
    """Carries out actions on the current image.

    `tool_changed`: another tool is in the hand, or it will do something else; `failed`: a sentence; `edited`: the name
    of a tool that was carried out; `small_asked`: the objects that are too small are to be shown; `queue_asked`: the
    name of an action that the review queue carries out.
    """

    tool_changed = Signal()
    failed = Signal(str)
    queue_asked = Signal(str)
    edited = Signal(str)
    cleared = Signal(str)  # a sentence: much went at once, which Undo brings back
    small_asked = Signal()
    live_asked = Signal()  # live mode is to begin, or to end

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.objects, self.look = ObjectTools(session, self.failed.emit), LabelLook(session, self)
        self.hand = ToolHand(session, self)
        self._pointed: Pointed | None = None  # where the mouse is, if it is in a side view
        self.hand.changed.connect(self.tool_changed)
        self.hand.refused.connect(self.failed)
        self.marks = ReviewMarks(session, self.hand, self.run, lambda: self._pointed)
        self._actions: dict[str, Callable[[], None]] = {
            "new_object": self._new_object,
            "clear_border": self._clear_border,
            "show_filled": self.look.toggle,
            "remove_small": self.small_asked.emit,
            "live": self.live_asked.emit,
            "hold_delete": partial(self.hand.take, "delete"),
            **self.marks.actions,
            "clear_reviewed": self._clear_reviewed,
            **{name: partial(self.queue_asked.emit, name) for name in QUEUE_ACTIONS},
        }
        self._input = LayerInput(session, self)
        self.set_keys = self._input.set_keys
        self._lock_marks = LockMarks(session, self)

    @property
    def work(self) -> ImageWork | None:
        return self._session.current

    @property
    def tool(self) -> str | None:
        """The tool in the hand: the name of an action, or None."""
        return self.hand.tool

    @property
    def hint(self) -> str:
        """What a click will do, with what is under the mouse."""
        return self.hand.hint

    def run(self, name: str) -> None:
        """Carry out an action by its name, or say why not."""
        if self._refuses(name):
            return
        if name not in UNSEEN:
            bring_to_front(self._session, present(self.work))
        try:
            self._actions.get(name, partial(self.hand.take, name))()
        except UserError as error:
            self.failed.emit(str(error))

    def use_at_cursor(self, name: str) -> None:
        """Use a tool of `TOOLS` at once where the mouse is; without an object there, `delete` does nothing."""
        if self._refuses(name) or self.must_ask():
            return
        work = present(self.work)
        pointed, turn = self._pointed, None
        if pointed is None:
            at = place_of(work, self._session.viewer.cursor.position)
        else:
            at, turn = pointed.place, pointed.turn
        if name != "delete" or id_at(present(work.labels), at):
            self._apply(name, [at], turn)

    def point_at(self, pointed: Pointed | None) -> None:
        """The mouse is at a place in a side view; None: not in one."""
        self._pointed = pointed
        if pointed is not None:
            self.hand.point_at(pointed.place)

    def may_use(self, name: str) -> bool:
        """Whether a tool can be used; if not, `failed` says why."""
        return not self._refuses(name)

    def _refuses(self, name: str) -> bool:
        """Say why an action cannot be carried out, if so: there is nothing to work on, or it would not be seen."""
        work = self.work
        if work is None or work.labels_layer is None:
            reason: str | None = NO_IMAGE if work is None else NO_LABELS
        elif name in OBJECT_TOOLS and not work.head.draws_objects:
            reason = "This tool is for objects, and here values are classes: choose a class, and paint it."
        else:
            reason = None if name in UNSEEN else why_not_seen(self._session, work)
        if reason is not None:
            self.failed.emit(reason)
        return reason is not None

    def must_ask(self) -> bool:
        """Bring the image to the front; True if it was not there, so that nobody meant what they could not see."""
        work = present(self.work)
        covered = bring_to_front(self._session, work)
        if covered:
            self.failed.emit(f"{work.name} was hidden or behind another image, and is in front now: once more.")
        return covered

    def use_stroke(self, stroke: list[Place], turn: Turn | None = None) -> None:
        """A click or a stroke with one of our tools; `turn`: in a plane seen from the front or from the side."""
        hand, tool = self.hand, present(self.hand.special)
        if self._refuses(tool):
            return
        if len(stroke) == 1 and TOOLS[tool].gesture in ("pair", "line"):
            if hand.first is None:
                self._take_first(stroke[0])
                return
            stroke, hand.first = [hand.first, stroke[0]], None
        self._apply(tool, stroke, turn)
        self.tool_changed.emit()

    def show_line(self, points: list[Any]) -> None:
        """Show the line of a stroke along world positions; none: take it away."""
        self.hand.show_line(points)

    def note_ids(self) -> None:
        """Labels were written by other means than the tools: ids are counted anew when next needed."""
        self.objects.forget_ids()

    def _take_first(self, at: Place) -> None:
        """Remember the first of two clicks, if it is on an object."""
        if id_at(present(present(self.work).labels), at):
            self.hand.first = at
            self.tool_changed.emit()
        else:
            self.failed.emit("There is no object here: click one, or drag.")

    def _apply(self, name: str, stroke: list[Place], turn: Turn | None = None) -> None:
        work = self.work
        try:
            self.objects.apply(name, present(work), stroke, turn)
            if name == "copy_next":
                self.objects.next_slice(present(work))
        except UserError as error:
            self.failed.emit(str(error))
        else:
            self.edited.emit(name)

    def _new_object(self) -> None:
        present(present(self.work).labels_layer).selected_label = self.objects.begin_new()
        self.hand.take("paint")

    def _clear_border(self) -> None:
        n = self.objects.clear_border(present(self.work))
        self.edited.emit("clear_border")
        if n:
            self.cleared.emit(f"Deleted {n} object{'s' * (n > 1)} at the edge.")

    def _clear_reviewed(self) -> None:
        if self.marks.clear():
            seen = "slice" if self._pointed is None else "plane"
            self.cleared.emit(f"Cleared the reviewed marks of this {seen}.")
