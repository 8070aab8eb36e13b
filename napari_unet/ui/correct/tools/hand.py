"""Which tool is in the hand: one of napari's on our layers, one of ours, or none; and what it will do next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Labels
from qtpy.QtCore import QObject, Signal

from napari_unet.corrections.operations.extent import id_at
from napari_unet.labels.types import Place
from napari_unet.ui.canvas.sight import IN_3D
from napari_unet.ui.canvas.strokes import StrokeLine, follow_stroke, place_of
from napari_unet.ui.correct.tools.actions import HINTS, LAYER_MODES, TOOLS
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

REVIEW_BOX = "review_box"
_HARMLESS = ("pan_zoom", "transform", "pick")


class ToolHand(QObject):
    """Takes tools and puts them away. `changed`: another tool is in the hand, or it will do something else.

    napari's own tools are modes of a layer, and remembered there; `special` is one of `TOOLS` or the box for what is
    reviewed, which napari has not. `first` is the first of two clicks.
    """

    changed = Signal()
    refused = Signal(str)  # why a tool was put away, or not taken

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.special: str | None = None
        self._first: tuple[ImageWork, Place] | None = None
        self._line: StrokeLine | None = None
        self._under: tuple[ImageWork, Place] | None = None  # the image, and the pixel of it, under the mouse
        self._changing = False
        listen(self, session.viewer.layers.selection.events.active, self.on_layer)
        listen(self, session.viewer.dims.events.ndisplay, self._on_ndisplay)

    @property
    def first(self) -> Place | None:
        """The first of two clicks, as long as the image is the same."""
        return self._here(self._first)

    @first.setter
    def first(self, place: Place | None) -> None:
        self._first = None if place is None else (present(self.work), place)

    def _here(self, known: tuple[ImageWork, Place] | None) -> Place | None:
        """A place, unless it was in another image, or in this one before its axes were corrected."""
        return known[1] if known is not None and known[0] is self.work and len(known[1]) == len(known[0].axes) else None

    @property
    def work(self) -> ImageWork | None:
        return self._session.current

    @property
    def tool(self) -> str | None:
        """The tool in the hand: the name of an action, or None."""
        active: Any = self._session.viewer.layers.selection.active
        if self.work is None or active is None:
            return None
        mode = str(active.mode)
        if active is self.work.labels_layer:
            return self.special if self.special in TOOLS else LAYER_MODES.get(mode)
        if active is self.work.reviewed_layer:
            return REVIEW_BOX if self.special == REVIEW_BOX else "review_brush" if mode == "paint" else None
        return None

    def take(self, name: str) -> None:
        """Take one of napari's tools for the labels, or one of ours; ours again: put it away."""
        layer = present(present(self.work).labels_layer)
        if name in LAYER_MODES:
            self.hold(layer, LAYER_MODES[name], None)
        else:
            self.hold(layer, "pan_zoom", None if self.tool == name and self.first is None else name)

    def hold(self, layer: Labels, mode: str, special: str | None) -> None:
        """Have a mode of a layer in the hand, or (`special`) a tool that napari has not."""
        self._changing = True
        try:
            self._session.viewer.layers.selection.active = layer
            self.special = special
            layer.mode = mode
            layer.mouse_pan = mode == "pan_zoom" and special is None
        finally:
            self._changing = False
        self.first = None
        self.show_tool()

    def show_tool(self) -> None:
        """Have the line of a stroke once a tool that draws one is in the hand."""
        if self._line is not None:
            self._line.clear()
        self._line = StrokeLine(self._session, present(self.work)) if self.tool in TOOLS else None
        self.changed.emit()

    def on_mode(self, event: Any = None) -> None:
        """A tool was taken, by our means or napari's own."""
        if self._session.viewer.dims.ndisplay == 3 and event is not None and str(event.source.mode) not in _HARMLESS:
            event.source.mode = "pan_zoom"
            self.refused.emit(IN_3D)
            return
        self._prepare_overlay()
        if not self._changing:
            self.special = self.first = None
            self.show_tool()

    def _prepare_overlay(self) -> None:
        """Make the overlay before the first stroke: a new layer takes napari longer than a stroke may take."""
        layer = None if self.work is None else self.work.labels_layer
        if layer is not None and layer.mode != "pan_zoom":
            tracker = get_trackers(self._session).of(present(self.work))
            if tracker.marks_corrections:
                tracker.overlay.ensure_layer()

    def put_away(self) -> None:
        """Have no tool in the hand that could change something unseen."""
        work = self.work
        for layer in () if work is None else (work.labels_layer, work.reviewed_layer):
            if layer is not None and str(layer.mode) not in _HARMLESS:
                layer.mode = "pan_zoom"
        self.special = self.first = None
        self.show_tool()

    def _on_ndisplay(self, event: Any = None) -> None:
        if self._session.viewer.dims.ndisplay == 3 and self.tool is not None:
            self.put_away()
            self.refused.emit(IN_3D)

    def on_layer(self, event: Any = None) -> None:
        """Another layer is selected, or one was shown or hidden."""
        if not self._changing:
            work = self.work
            hidden = work is not None and work.labels_layer is not None and not work.labels_layer.visible
            if hidden and self.tool in (*LAYER_MODES, *TOOLS):
                self.put_away()
            self.changed.emit()

    # -- strokes and what the hint says of them --------------------------------------------------------------------

    def follow(self, event: Any, use_stroke: Any) -> Any:
        """Follow the mouse with one of our tools: a drag callback of napari's."""
        return follow_stroke(self._session, present(self.work), event, self._line, use_stroke)

    def show_line(self, points: list[Any]) -> None:
        """Show the line of a stroke along world positions; none: take it away."""
        if self._line is not None and points:
            self._line.show(points)
        elif self._line is not None:
            self._line.clear()

    def hover(self, position: Any) -> None:
        """The mouse is over a place of the world: the hint says what is there."""
        if self.special in TOOLS and self.work is not None:
            self.point_at(place_of(self.work, position))

    def point_at(self, place: Place) -> None:
        """The mouse is over a pixel of the labels."""
        if self.special in TOOLS and self.work is not None:
            before, self._under = self._note_under(), (self.work, place)
            if self._note_under() != before:
                self.changed.emit()

    @property
    def hint(self) -> str:
        """What a click will do, with what is under the mouse."""
        text = HINTS.get(self.tool or "", "Choose a tool, then work on the image.")
        if self.first is not None:
            text = "Now click the second place, or the tool's key to begin anew."
        return text + self._note_under()

    def _note_under(self) -> str:
        work = self.work
        if self.tool not in TOOLS or self._under is None or work is None or work.labels is None:
            return ""
        place = self._here(self._under)
        object_id = 0 if place is None else id_at(work.labels, place)
        return f" Here: object {object_id}{', locked' * (object_id in work.locked)}." if object_id else ""
