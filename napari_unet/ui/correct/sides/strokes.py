"""Strokes in a side view, with the tool that is in the hand: they change the same labels, as one step of undo."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from napari_unet.corrections.operations.brushing import brush
from napari_unet.corrections.operations.extent import id_at
from napari_unet.corrections.operations.joining import give_id
from napari_unet.corrections.operations.turning import Turn
from napari_unet.errors import UserError
from napari_unet.segmentation.volumes.choice import measure_flatness
from napari_unet.ui.canvas.writing import write_change
from napari_unet.ui.correct.locks.guard import STAY
from napari_unet.ui.correct.plane_marks import Pointed, box_between, dab_mark, mark_part
from napari_unet.ui.correct.tools.actions import TOOLS
from napari_unet.ui.correct.tools.hand import REVIEW_BOX
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.labels.types import Place
    from napari_unet.ui.correct.toolbox import CorrectionTools
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

MARK_BRUSH = "review_brush"
BRUSHES = ("paint", "erase", MARK_BRUSH)


@dataclass(eq=False)
class Stroke:
    """One stroke from press to release; `held` keeps a brush's dabs together as one step of undo."""

    work: ImageWork
    tool: str
    turn: Turn
    places: list[Place]
    held: ExitStack = field(default_factory=ExitStack)
    held_back: bool = False


class SideStrokes:
    """Takes a stroke of the mouse, given as places of the labels (over the axes of the image), to the tool."""

    def __init__(self, session: Session, tools: CorrectionTools) -> None:
        self._session, self._tools = session, tools
        self.stroke: Stroke | None = None

    @property
    def tool(self) -> str | None:
        """The tool in the hand, napari's or ours."""
        return self._tools.tool

    @property
    def brush_size(self) -> float:
        """Diameter of the brush in pixels; 0: there is none in the hand."""
        work = self._session.current
        if work is None or self.tool not in BRUSHES:
            return 0.0
        layer = work.reviewed_layer if self.tool == MARK_BRUSH else work.labels_layer
        return 0.0 if layer is None else float(layer.brush_size)

    def begin(self, place: Place, axis: int) -> None:
        """The mouse is pressed with a tool in the hand, in the view across `axis` (-2 or -1)."""
        self.end(wanted=False)
        tool, work = self._tools.tool, self._session.current
        if tool is None or work is None or not self._tools.may_use(tool):
            return
        stroke = Stroke(work, tool, Turn.across(axis, len(work.shape)), [place])
        try:
            self._start(stroke)
        except UserError as error:
            self._tools.failed.emit(str(error))

    def go_on(self, place: Place) -> None:
        """The mouse is dragged."""
        stroke = self.stroke
        if stroke is not None and place != stroke.places[-1]:
            stroke.places.append(place)
            if stroke.tool in BRUSHES:
                self._dab(stroke, *stroke.places[-2:])

    def end(self, wanted: bool = True) -> None:
        """The mouse is released; or it will not be (not `wanted`): what was painted stays, a tool does nothing."""
        stroke, self.stroke = self.stroke, None
        if stroke is None:
            return
        stroke.held.close()
        if stroke.tool in TOOLS and wanted:
            self._tools.use_stroke(stroke.places, stroke.turn)
        elif stroke.tool == REVIEW_BOX and wanted and len(stroke.places) > 1:
            part = box_between(stroke.turn, stroke.places[0], stroke.places[-1])
            mark_part(self._session, stroke.work, Pointed(stroke.places[0], stroke.turn, part))
        elif stroke.held_back:
            self._tools.failed.emit(STAY)

    def _start(self, stroke: Stroke) -> None:
        labels, place = present(stroke.work.labels), stroke.places[0]
        marks = stroke.tool in (MARK_BRUSH, REVIEW_BOX)
        layer = present(stroke.work.reviewed_layer if marks else stroke.work.labels_layer)
        if stroke.tool == "pick":
            layer.selected_label = id_at(labels, place)
        elif stroke.tool == "fill":
            change = give_id(labels, [place], int(layer.selected_label), self._tools.objects.through(stroke.work))
            if write_change(self._session, stroke.work, change) < len(change):
                self._tools.failed.emit(STAY)
        else:
            self.stroke = stroke
            if stroke.tool in BRUSHES:
                stroke.held.enter_context(layer.block_history())
                self._dab(stroke, place, place)

    def _dab(self, stroke: Stroke, start: Place, end: Place) -> None:
        if stroke.tool == MARK_BRUSH:
            dab_mark(self._session, stroke.work, stroke.turn, start, end)
            return
        work, turn, layer = stroke.work, stroke.turn, present(stroke.work.labels_layer)
        selected = int(layer.selected_label)
        value = selected if stroke.tool == "paint" else 0
        over = None if not layer.preserve_labels else [selected if value == 0 else 0]
        flatness, _ = measure_flatness(work.image)
        change = turn.turn_back(
            brush(
                turn.labels(present(work.labels)), turn.place(start), turn.place(end), value, float(layer.brush_size),
                (1.0, flatness, 1.0), layer.n_edit_dimensions > 2, over,
            )
        )  # fmt: skip
        stroke.held_back |= write_change(self._session, work, change) < len(change)
