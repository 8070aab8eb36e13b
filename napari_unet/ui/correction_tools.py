"""What the buttons and keys of the Correct step do: napari's own tools on our layers, and a few of ours.

Our tools write through the layer's own edit path, so that napari's undo covers them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

from napari.layers import Labels
from qtpy.QtCore import QObject, Signal

from napari_unet.corrections.operations.change import Place
from napari_unet.corrections.operations.extent import id_at
from napari_unet.errors import UserError
from napari_unet.ui.box_tool import drag_box
from napari_unet.ui.correction_tracker import CorrectionTracker
from napari_unet.ui.key_table import key_table
from napari_unet.ui.listening import listen
from napari_unet.ui.object_tools import ObjectTools
from napari_unet.ui.reviewed_layer import WHOLE
from napari_unet.ui.tool_actions import OBJECT_ACTIONS, TOOLS, Action
from napari_unet.ui.tool_strokes import StrokeLine, follow_stroke, place_of
from napari_unet.ui.tool_writing import LockGuard
from napari_unet.ui.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.ui.image_work import ImageWork
    from napari_unet.ui.session import Session

# Tools of napari's Labels layer, as we call them and as napari does.
LAYER_MODES = {"paint": "paint", "erase": "erase", "fill": "fill", "pick": "pick"}


ACTIONS = (
    Action("paint", "Paint", "Paint on with the selected object's id.", shown_key="P", is_tool=True),
    Action("erase", "Erase", "Erase what the brush touches.", shown_key="E", is_tool=True),
    Action("fill", "Fill", "Click an object to give all of it the selected id: merges two objects.",
           shown_key="F", is_tool=True),
    Action("pick", "Pick", "Click an object to paint on with its id.", shown_key="L", is_tool=True),
    Action("new_object", "New object", "Paint an object that was missed: takes the next free id and the brush.", "N"),
    *OBJECT_ACTIONS,
    Action("review_view", "This view", "Mark what you see of this slice as reviewed.", "R"),
    Action("review_slice", "This slice", "Mark the whole slice as reviewed.", "S"),
    Action("review_brush", "Brush", "Paint over what you have reviewed; again to go back to the labels.",
           "G", is_tool=True),
    Action("review_box", "Box", "Drag a box round what you have reviewed; again to go back to the labels.",
           "T", is_tool=True),
    Action("clear_reviewed", "Clear", "Mark nothing of this slice as reviewed.", "C"),
    Action("next_suspicious", "Next", "Go to the next suspicious object that is not reviewed.", "Q"),
    Action("previous_suspicious", "Previous", "Go back to the object before, reviewed or not.", "Shift-Q"),
    Action("accept_object", "Accept",
           "The object in the frame is right: mark it and its surroundings in this slice as reviewed, and go on.", "A"),
    Action("unaccept_object", "Take back", "Mark the object in the frame as not reviewed.", "Shift-A"),
    Action("show_reviewed", "Show", "Show or hide the overlay of what is reviewed.", "O"),
)  # fmt: skip
HINTS = {
    "paint": "Drag: paint. Ctrl+Z: undo.",
    "erase": "Drag: erase. Ctrl+Z: undo.",
    "fill": "Click: give an object the selected id.",
    "pick": "Click: paint on with an object's id.",
    **{action.name: action.hint for action in OBJECT_ACTIONS if action.hint},
    "review_brush": "Drag: mark as reviewed. G: back to labels.",
    "review_box": "Drag: mark a box. T: back to labels.",
}


class CorrectionTools(QObject):
    """Carries out actions on the current image.

    `tool_changed`: another tool is in the hand, or it will do something else; `failed`: a sentence; `edited`: the name
    of a tool that was carried out; `small_asked`: the objects that are too small are to be shown.
    """

    tool_changed = Signal()
    failed = Signal(str)
    queue_asked = Signal(str)  # the name of an action that the review queue carries out
    edited = Signal(str)
    small_asked = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.objects = ObjectTools(session, self.failed.emit)
        self._special: str | None = None  # one of TOOLS or "review_box", which napari has not
        self._first: Place | None = None  # of two clicks
        self._line: StrokeLine | None = None
        self._under: Place | None = None  # the pixel under the mouse
        self._changing = False
        self._bound: list[Labels] = []
        self._before_review = "paint"
        listen(self, session.labels_changed, self._bind)
        listen(self, session.reviewed_changed, self._bind)
        listen(self, session.current_changed, self._bind)
        listen(self, session.viewer.layers.selection.events.active, self._on_active)
        listen(self, key_table().changed, self._rebind)
        self._bind()

    @property
    def work(self) -> ImageWork | None:
        return self._session.current

    @property
    def tracker(self) -> CorrectionTracker | None:
        return None if self.work is None else get_trackers(self._session).of(self.work)

    @property
    def tool(self) -> str | None:
        """The tool in the hand: the name of an action, or None."""
        active = self._session.viewer.layers.selection.active
        if self.work is None or active is None:
            return None
        if active is self.work.labels_layer:
            return self._special if self._special in TOOLS else LAYER_MODES.get(str(active.mode))
        if active is self.work.reviewed_layer:
            return "review_box" if self._special == "review_box" else "review_brush" if active.mode == "paint" else None
        return None

    def run(self, name: str) -> None:
        """Carry out an action by its name; nothing happens while there are no labels."""
        if self.work is None or self.work.labels_layer is None:
            return
        action: Callable[[], None] = getattr(self, f"_{name}", lambda: self._take(name))
        try:
            action()
        except UserError as error:
            self.failed.emit(str(error))

    def delete_under_cursor(self) -> None:
        """Delete the object under the mouse, through all slices that the scope takes in."""
        self.use_at_cursor("delete")

    def use_at_cursor(self, name: str) -> None:
        """Use a tool of `TOOLS` at once where the mouse is; without an object there, `delete` does nothing."""
        work = self.work
        if work is None or work.labels_layer is None:
            return
        at = place_of(work, self._session.viewer.cursor.position)
        if name != "delete" or id_at(work.labels, at):
            self._apply(name, [at])

    @property
    def hint(self) -> str:
        """What a click will do, with what is under the mouse."""
        tool = self.tool
        text = HINTS.get(tool or "", "Choose a tool, then work on the image.")
        if self._first is not None:
            text = "Now click the second place, or the tool's key to begin anew."
        return text + self._note_under()

    def _note_under(self) -> str:
        work = self.work
        if self.tool not in TOOLS or self._under is None or work is None or work.labels is None:
            return ""
        object_id = id_at(work.labels, self._under)
        return f" Here: object {object_id}{', locked' * (object_id in work.locked)}." if object_id else ""

    # -- tools ----------------------------------------------------------------------------------------------------

    def _take(self, name: str) -> None:
        """Take one of napari's tools for the labels, or one of ours; again: put it away."""
        if name in LAYER_MODES:
            self._hold(self.work.labels_layer, LAYER_MODES[name], None)
        else:
            self._hold(self.work.labels_layer, "pan_zoom", None if self.tool == name and self._first is None else name)

    def _hold_delete(self) -> None:
        self._take("delete")

    def _review_brush(self) -> None:
        self._toggle_review("review_brush", "paint", None)

    def _review_box(self) -> None:
        self._toggle_review("review_box", "pan_zoom", "review_box")

    def _toggle_review(self, name: str, mode: str, special: str | None) -> None:
        if self.tool == name:
            self.run(self._before_review)
            return
        if self.tool in (*LAYER_MODES, *TOOLS):
            self._before_review = self.tool
        layer = self.tracker.overlay.ensure_layer()
        layer.visible = True
        layer.selected_label = 1
        layer.brush_size = max(layer.brush_size, 2 * self.work.labels_layer.brush_size)
        self._hold(layer, mode, special)

    def _hold(self, layer: Labels, mode: str, special: str | None) -> None:
        self._changing = True
        try:
            self._session.viewer.layers.selection.active = layer
            self._special = special
            layer.mode = mode
            layer.mouse_pan = mode == "pan_zoom" and special is None
        finally:
            self._changing = False
        self._first = None
        self._show_line()
        self.tool_changed.emit()

    def _show_line(self) -> None:
        """Have the layer for the line of a stroke while a tool that draws one is in the hand, and only then."""
        wanted = self.tool in TOOLS
        if self._line is not None and not (wanted and self._line.belongs_to(self.work)):
            self._line.remove()
            self._line = None
        if wanted and self._line is None:
            self._line = StrokeLine(self._session, self.work)

    def _on_mode(self, event: Any = None) -> None:
        """A tool was taken, by our means or napari's own."""
        self._prepare_overlay()
        if not self._changing:
            self._special = self._first = None
            self._show_line()
            self.tool_changed.emit()

    def _prepare_overlay(self) -> None:
        """Make the overlay before the first stroke: a new layer takes napari longer than a stroke may take."""
        layer = None if self.work is None else self.work.labels_layer
        if layer is not None and layer.mode != "pan_zoom" and self.tracker.marks_corrections:
            self.tracker.overlay.ensure_layer()

    def _on_active(self, event: Any = None) -> None:
        """Another layer is selected, or one was shown or hidden."""
        if not self._changing:
            self.tool_changed.emit()

    # -- objects --------------------------------------------------------------------------------------------------

    def _new_object(self) -> None:
        self.work.labels_layer.selected_label = self.objects.next_id()
        self._take("paint")

    def note_ids(self) -> None:
        """Labels were written by other means than the tools: ids are counted anew when next needed."""
        self.objects.forget_ids()

    def _clear_border(self) -> None:
        self.objects.clear_border(self.work)
        self.edited.emit("clear_border")

    def _remove_small(self) -> None:
        self.small_asked.emit()

    def use_stroke(self, stroke: list[Place]) -> None:
        """A click or a stroke with one of our tools."""
        gesture = TOOLS[self._special].gesture
        if len(stroke) == 1 and gesture in ("pair", "line"):
            if self._first is None:
                self._take_first(stroke[0])
                return
            stroke, self._first = [self._first, stroke[0]], None
        self._apply(self._special, stroke)
        self.tool_changed.emit()

    def show_line(self, points: list[Any]) -> None:
        """Show the line of a stroke along world positions; none: take it away."""
        if self._line is not None and points:
            self._line.show(points)
        elif self._line is not None:
            self._line.clear()

    def _take_first(self, at: Place) -> None:
        """Remember the first of two clicks, if it is on an object."""
        if id_at(self.work.labels, at):
            self._first = at
            self.tool_changed.emit()
        else:
            self.failed.emit("There is no object here: click one, or drag.")

    def _apply(self, name: str, stroke: list[Place]) -> None:
        work = self.work
        try:
            self.objects.apply(name, work, stroke)
            if name == "copy_next":
                self.objects.next_slice(work)
        except UserError as error:
            self.failed.emit(str(error))
        else:
            self.edited.emit(name)

    # -- what is reviewed -----------------------------------------------------------------------------------------

    def _review_view(self) -> None:
        plane = self.work.plane_at(self._session.viewer.dims.point)
        region = self.work.visible_region() if self.tracker.overlay.shows(plane) else None
        if region is None:
            raise UserError("Nothing of a slice is in view: show it from the top, in 2D, to mark the view as reviewed.")
        self._mark(region)

    def _review_slice(self) -> None:
        self._mark(WHOLE)

    def _clear_reviewed(self) -> None:
        if self.work.reviewed_layer is not None:
            self._mark(WHOLE, reviewed=False)

    def _mark(self, region: tuple[slice, slice], reviewed: bool = True) -> None:
        plane = self.work.plane_at(self._session.viewer.dims.point)
        self.tracker.overlay.mark(plane, region, reviewed)

    def _show_reviewed(self) -> None:
        layer = self.work.reviewed_layer
        if layer is not None:
            layer.visible = not layer.visible
            if not layer.visible and self._session.viewer.layers.selection.active is layer:
                self.run(self._before_review)
            self.tool_changed.emit()

    def _next_suspicious(self) -> None:
        self.queue_asked.emit("next_suspicious")

    def _previous_suspicious(self) -> None:
        self.queue_asked.emit("previous_suspicious")

    def _accept_object(self) -> None:
        self.queue_asked.emit("accept_object")

    def _unaccept_object(self) -> None:
        self.queue_asked.emit("unaccept_object")

    # -- keys and mouse on our layers -----------------------------------------------------------------------------

    def _bind(self, work: Any = None) -> None:
        """Bind keys and mouse to the layers of the current image, once each."""
        layers = [] if self.work is None else [self.work.labels_layer, self.work.reviewed_layer]
        for layer in layers:
            if layer is not None and not any(layer is bound for bound in self._bound):
                self._bound.append(layer)
                listen(self, layer.events.mode, self._on_mode)
                listen(self, layer.events.visible, self._on_active)
                listen(self, layer.events.paint, self._on_paint)
                # Before napari's own, which follow as a mode is chosen: see LockGuard.
                layer.mouse_drag_callbacks.insert(0, _weakly(self._on_mouse))
                layer.mouse_move_callbacks.append(_weakly(self._on_move))
                self._bind_keys(layer)
        present = self._session.viewer.layers
        self._bound = [layer for layer in self._bound if layer in present]
        self._show_line()
        self.tool_changed.emit()

    def _rebind(self, old_keys: frozenset[str]) -> None:
        """Other keys were chosen."""
        for layer in self._bound:
            for key in old_keys:
                layer.bind_key(key, None, overwrite=True)
            self._bind_keys(layer)
        self.tool_changed.emit()

    def _bind_keys(self, layer: Labels) -> None:
        run, use = _weakly(self.run), _weakly(self.use_at_cursor)
        for action in ACTIONS:
            key = key_table().key_of(action)
            if key:
                act = use if action.gesture in ("object", "point") else run
                layer.bind_key(key, lambda _, act=act, name=action.name: act(name), overwrite=True)

    def _on_paint(self, event: Any) -> None:
        self.objects.note_id(event.source)

    def _on_move(self, layer: Labels, event: Any) -> None:
        """Say what is under the mouse."""
        if self._special in TOOLS and self.work is not None and layer is self.work.labels_layer:
            before, self._under = self._note_under(), place_of(self.work, event.position)
            if self._note_under() != before:
                self.tool_changed.emit()

    def _on_mouse(self, layer: Labels, event: Any) -> Iterator[None]:
        if self.work is None or event.button != 1:
            return
        if layer is self.work.labels_layer:
            if self._special in TOOLS:
                yield from follow_stroke(self._session, self.work, event, self._line, self.use_stroke)
            elif self.work.locked and str(layer.mode) in LockGuard.MODES:
                guard = LockGuard(self.work)
                yield from guard.guard(event)
                if guard.held_back:
                    self.failed.emit("Locked objects stay as they are. Click them with Lock to unlock them.")
        elif self._special == "review_box" and layer is self.work.reviewed_layer:
            yield from drag_box(self._session, self.work, event, self._mark)


def _weakly(method: Callable[..., Any]) -> Callable[..., Any]:
    """`method`, as long as its object lives: layers outlive the panel, which the user may close and open again."""
    reference = WeakMethod(method)

    def call(*args: Any) -> Any:
        alive = reference()
        return None if alive is None else alive(*args)

    return call
