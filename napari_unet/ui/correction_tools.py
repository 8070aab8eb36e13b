"""What the buttons and keys of the Correct step do: napari's own tools on our layers, and a few of ours.

Our tools write through the layer's own edit path, so that napari's undo covers them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakMethod

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QObject, Signal

from napari_unet.corrections.editing import FreeIds, object_indices
from napari_unet.errors import UserError
from napari_unet.ui.box_tool import drag_box
from napari_unet.ui.correction_tracker import CorrectionTracker
from napari_unet.ui.listening import listen
from napari_unet.ui.reviewed_layer import WHOLE
from napari_unet.ui.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.ui.image_work import ImageWork
    from napari_unet.ui.session import Session

# Tools of napari's Labels layer, as we call them and as napari does.
LAYER_MODES = {"paint": "paint", "erase": "erase", "fill": "fill", "pick": "pick"}


@dataclass(frozen=True)
class Action:
    """One thing that a button and a key do. An empty `key`: napari's own, `shown_key`, which it keeps."""

    name: str
    title: str
    tip: str
    key: str = ""
    shown_key: str = ""
    is_tool: bool = False


ACTIONS = (
    Action("paint", "Paint", "Paint on with the selected object's id.", shown_key="P", is_tool=True),
    Action("erase", "Erase", "Erase what the brush touches.", shown_key="E", is_tool=True),
    Action("fill", "Fill", "Click an object to give all of it the selected id: merges two objects.",
           shown_key="F", is_tool=True),
    Action("pick", "Pick", "Click an object to paint on with its id.", shown_key="L", is_tool=True),
    Action("new_object", "New object", "Paint an object that was missed: takes the next free id and the brush.", "N"),
    Action("delete", "Delete", "Click objects to delete them, in all slices. The key deletes the one under the cursor.",
           "D", is_tool=True),
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
    "delete": "Click: delete an object. Ctrl+Z: undo.",
    "review_brush": "Drag: mark as reviewed. G: back to labels.",
    "review_box": "Drag: mark a box. T: back to labels.",
}


class CorrectionTools(QObject):
    """Carries out actions on the current image. `tool_changed`: another tool is in the hand; `failed`: a sentence."""

    tool_changed = Signal()
    failed = Signal(str)
    queue_asked = Signal(str)  # the name of an action that the review queue carries out

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._special: str | None = None  # "delete" or "review_box", which napari has not
        self._changing = False
        self._free_ids: tuple[Labels, FreeIds] | None = None
        self._bound: list[Labels] = []
        self._before_review = "paint"
        listen(self, session.labels_changed, self._bind)
        listen(self, session.reviewed_changed, self._bind)
        listen(self, session.current_changed, self._bind)
        listen(self, session.viewer.layers.selection.events.active, self._on_active)
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
            return "delete" if self._special == "delete" else LAYER_MODES.get(str(active.mode))
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
        """Delete the object under the mouse, through all slices that it reaches."""
        if self.work is not None and self.work.labels_layer is not None:
            self._delete_at(self._session.viewer.cursor.position)

    # -- tools ----------------------------------------------------------------------------------------------------

    def _take(self, name: str) -> None:
        """Take one of napari's tools for the labels."""
        self._hold(self.work.labels_layer, LAYER_MODES[name], None)

    def _delete(self) -> None:
        self._hold(self.work.labels_layer, "pan_zoom", None if self.tool == "delete" else "delete")

    def _review_brush(self) -> None:
        self._toggle_review("review_brush", "paint", None)

    def _review_box(self) -> None:
        self._toggle_review("review_box", "pan_zoom", "review_box")

    def _toggle_review(self, name: str, mode: str, special: str | None) -> None:
        if self.tool == name:
            self.run(self._before_review)
            return
        if self.tool in (*LAYER_MODES, "delete"):
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
            layer.mouse_pan = mode == "pan_zoom" and special != "review_box"
        finally:
            self._changing = False
        self.tool_changed.emit()

    def _on_mode(self, event: Any = None) -> None:
        """A tool was taken, by our means or napari's own."""
        self._prepare_overlay()
        if not self._changing:
            self._special = None
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
        layer = self.work.labels_layer
        if self._free_ids is None or self._free_ids[0] is not layer:
            self._free_ids = layer, FreeIds(self.work.labels)
        layer.selected_label = self._free_ids[1].take()
        self._take("paint")

    def note_ids(self) -> None:
        """Labels were written by other means than the tools: ids are counted anew when next needed."""
        self._free_ids = None

    def _delete_at(self, position: Any) -> None:
        work, layer = self.work, self.work.labels_layer
        at = tuple(np.rint(np.asarray(layer.world_to_data(position))[-layer.ndim :]).astype(int).tolist())
        if any(not 0 <= index < size for index, size in zip(at, layer.data.shape, strict=True)):
            return
        object_id = int(layer.data[at])
        if object_id == 0:
            return
        plane = work.plane_at(position)
        through = work.axes.index("Z") if "Z" in work.axes else None
        indices = object_indices(work.labels, object_id, plane, through)
        layer.data_setitem(work.geometry.layer_index(indices), 0)
        planes = (
            {tuple(index) for index in np.unique(np.stack(indices[:-2], axis=1), axis=0).tolist()} if plane else {()}
        )
        self.tracker.note_edit(planes)

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
                layer.mouse_drag_callbacks.append(_weakly(self._on_mouse))
                self._bind_keys(layer)
        present = self._session.viewer.layers
        self._bound = [layer for layer in self._bound if layer in present]
        self.tool_changed.emit()

    def _bind_keys(self, layer: Labels) -> None:
        run, delete = _weakly(self.run), _weakly(self.delete_under_cursor)
        for action in ACTIONS:
            if action.name == "delete":
                layer.bind_key(action.key, lambda _: delete(), overwrite=True)
            elif action.key:
                layer.bind_key(action.key, lambda _, name=action.name: run(name), overwrite=True)

    def _on_paint(self, event: Any) -> None:
        if self._free_ids is not None and event.source is self._free_ids[0]:
            self._free_ids[1].note(int(event.source.selected_label))

    def _on_mouse(self, layer: Labels, event: Any) -> Iterator[None]:
        if self.work is None or event.button != 1:
            return
        if self._special == "delete" and layer is self.work.labels_layer:
            yield
            if event.type == "mouse_release":  # not after a drag, which moves the camera
                self._delete_at(event.position)
        elif self._special == "review_box" and layer is self.work.reviewed_layer:
            yield from drag_box(self._session, self.work, event, self._mark)


def _weakly(method: Callable[..., Any]) -> Callable[..., Any]:
    """`method`, as long as its object lives: layers outlive the panel, which the user may close and open again."""
    reference = WeakMethod(method)

    def call(*args: Any) -> Any:
        alive = reference()
        return None if alive is None else alive(*args)

    return call
