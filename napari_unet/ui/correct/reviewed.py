"""Marking what was looked at: the view, a slice, by brush or box; and showing or clearing these marks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_unet.errors import UserError
from napari_unet.labels.types import PlaneIndex
from napari_unet.ui.correct.plane_marks import Pointed, mark_part
from napari_unet.ui.correct.tools.actions import LAYER_MODES, TOOLS
from napari_unet.ui.correct.tools.hand import REVIEW_BOX, ToolHand
from napari_unet.ui.session.present import present
from napari_unet.ui.session.reviewed_layer import WHOLE, ReviewedOverlay
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.ui.session.session import Session


class ReviewMarks:
    """The actions on the overlay of the current image. After brush and box the tool of before is in the hand again.

    `pointed` tells where the mouse is if it is in a side view: keys are about the plane that is seen there, then.
    """

    def __init__(
        self, session: Session, hand: ToolHand, run: Callable[[str], None], pointed: Callable[[], Pointed | None]
    ) -> None:
        self._session, self._hand, self._run, self._pointed = session, hand, run, pointed
        self._before = "paint"
        self.actions: dict[str, Callable[[], None]] = {
            "review_view": self._mark_view,
            "review_slice": self._mark_slice,
            "review_brush": lambda: self._toggle("review_brush", "paint", None),
            "review_box": lambda: self._toggle(REVIEW_BOX, "pan_zoom", REVIEW_BOX),
            "show_reviewed": self._show,
        }

    @property
    def _overlay(self) -> ReviewedOverlay:
        return get_trackers(self._session).of(present(self._session.current)).overlay

    @property
    def _plane(self) -> PlaneIndex:
        return present(self._session.current).plane_at(self._session.viewer.dims.point)

    def mark(self, region: tuple[slice, slice], reviewed: bool = True) -> None:
        """Mark a region of the slice in view."""
        self._overlay.mark(self._plane, region, reviewed)

    def _mark_slice(self) -> None:
        pointed = self._pointed()
        if pointed is None:
            self.mark(WHOLE)
        else:
            mark_part(self._session, present(self._session.current), replace(pointed, part=WHOLE))

    def _mark_view(self) -> None:
        pointed = self._pointed()
        if pointed is not None:
            mark_part(self._session, present(self._session.current), pointed)
            return
        region = present(self._session.current).visible_region() if self._overlay.shows(self._plane) else None
        if region is None:
            raise UserError("Nothing of a slice is in view: show it from the top, in 2D, to mark the view as reviewed.")
        self.mark(region)

    def clear(self) -> bool:
        """Take away all marks of the slice in view; False if there are none."""
        reviewed, pointed = present(self._session.current).reviewed, self._pointed()
        if reviewed is not None and pointed is not None:
            work = present(self._session.current)
            return mark_part(self._session, work, replace(pointed, part=WHOLE), reviewed=False)
        if reviewed is None or not reviewed[self._plane].any():
            return False
        self.mark(WHOLE, reviewed=False)
        return True

    def _toggle(self, name: str, mode: str, special: str | None) -> None:
        """Take a tool for the marks; again: the one for labels that was in the hand before."""
        if self._hand.tool == name:
            self._run(self._before)
            return
        if self._hand.tool in (*LAYER_MODES, *TOOLS):
            self._before = self._hand.tool
        layer = self._overlay.ensure_layer()
        layer.visible = True
        layer.selected_label = 1
        layer.brush_size = max(layer.brush_size, 2 * present(present(self._session.current).labels_layer).brush_size)
        self._hand.hold(layer, mode, special)

    def _show(self) -> None:
        layer = present(self._session.current).reviewed_layer
        if layer is not None:
            layer.visible = not layer.visible
            if not layer.visible and self._session.viewer.layers.selection.active is layer:
                self._run(self._before)
            self._hand.changed.emit()
