"""A z-stack from the front and from the side, at the cursor: seen, gone through, and corrected with any tool."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_unet.corrections.operations.turning import Turn
from napari_unet.images.channels import grey_input
from napari_unet.segmentation.volumes.choice import measure_flatness
from napari_unet.ui.canvas.strokes import place_of
from napari_unet.ui.correct.plane_marks import Pointed
from napari_unet.ui.correct.sides.composition import compose_side
from napari_unet.ui.correct.sides.picture import SidePicture
from napari_unet.ui.correct.sides.strokes import BRUSHES, SideStrokes
from napari_unet.ui.correct.tools.hand import REVIEW_BOX
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.running.pacing import Debounced
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.labels.types import Place
    from napari_unet.ui.correct.toolbox import CorrectionTools
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

_WAIT_MS = 30
NOT_IN_MEMORY = "Side views are shown of stacks that are in memory: this one is read from disk as it is needed."


class SideViews(QWidget):
    """Two pictures that follow the cursor, if they are in view.

    With a tool in the hand the mouse does there what it does on the canvas; without one, and with Shift, it goes to a
    place: its slice on the canvas, its column in the other picture.
    """

    def __init__(self, session: Session, tools: CorrectionTools, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._tools = session, tools
        self.strokes = SideStrokes(session, tools)
        self.place: Place | None = None
        self._goes = False  # the mouse that is down goes to places
        self.front, self.side = (SidePicture(lambda: self.strokes.brush_size) for _ in range(2))
        self.note = QLabel(NOT_IN_MEMORY, wordWrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for words, picture, axis in (("Front (z, x)", self.front, -2), ("Side (z, y)", self.side, -1)):
            picture.setAccessibleName(words)
            picture.setToolTip(
                f"{words}, at the cursor. With a tool: works here, too.\n"
                "Without one, or with Shift: goes to that place. Ctrl and wheel: zoom."
            )
            picture.pressed.connect(partial(self._on_pressed, axis))
            picture.dragged.connect(partial(self._on_dragged, axis))
            picture.released.connect(self._on_released)
            picture.hovered.connect(partial(self._on_hovered, axis))
            picture.left.connect(self._on_left)
            layout.addWidget(picture)
        layout.addWidget(self.note)
        self._soon = Debounced(self, self.draw, _WAIT_MS)
        session.viewer.mouse_move_callbacks.append(_asking(self))
        listen(self, session.viewer.dims.events.current_step, self._on_step)
        for signal in (session.labels_changed, session.current_changed, get_trackers(session).changed):
            listen(self, signal, self._on_changed)

    def follow(self, position: Any) -> None:
        """The cursor is at a place of the world; outside of the image the pictures stay."""
        work = self._session.current
        if work is None or work.labels_layer is None or not self.isVisible():
            return
        place = place_of(work, position)
        if all(0 <= at < size for at, size in zip(place, work.shape, strict=True)) and place != self.place:
            self.place = place
            self._soon.ask()

    def draw(self) -> None:
        """Draw both pictures at the place."""
        work = self._session.current
        if work is None or work.labels is None or "Z" not in work.axes or not self.isVisible():
            return
        pixels = grey_input(work.seen).data
        in_memory = isinstance(pixels, np.ndarray)
        self.note.setVisible(not in_memory)
        place = self.place
        if place is None or not self._is_inside(work):
            self.place = place = (
                *work.plane_at(self._session.viewer.dims.point),
                work.shape[-2] // 2,
                work.shape[-1] // 2,
            )
        for picture, axis in ((self.front, -2), (self.side, -1)):
            picture.setVisible(in_memory)
            if in_memory:
                flatness, _ = measure_flatness(work.image)
                picture.show_view(compose_side(work, pixels, place, axis), flatness, self._cross(axis))

    def _is_inside(self, work: ImageWork) -> bool:
        """Whether the place is one of this image: it may have been another one's, or its axes were others."""
        place, shape = self.place or (), work.shape
        return len(place) == len(shape) and all(0 <= at < size for at, size in zip(place, shape, strict=True))

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        self._soon.ask()

    def hideEvent(self, event: Any) -> None:
        self.strokes.end(wanted=False)
        self._tools.point_at(None)
        super().hideEvent(event)

    def _cross(self, axis: int) -> tuple[int, int]:
        """Slice and column of the place in the picture along `axis`."""
        place = self.place or (0, 0, 0)
        return place[-3], place[-1 if axis == -2 else -2]

    def _on_changed(self) -> None:
        self._soon.ask()

    def _on_step(self) -> None:
        work = self._session.current
        if work is not None and self.place is not None and len(self.place) == len(work.shape):
            self.place = (*work.plane_at(self._session.viewer.dims.point), *self.place[-2:])
            self._soon.ask()

    # -- mouse in a picture --------------------------------------------------------------------------------------------

    def _place_at(self, axis: int, row: int, column: int) -> Place:
        """The place of the labels at a pixel (slice, column) of the picture across `axis`."""
        place = list(self.place or ())
        place[-3], place[-1 if axis == -2 else -2] = row, column
        return tuple(place)

    def _on_pressed(self, axis: int, row: int, column: int, shifted: bool) -> None:
        if self.place is None:
            return
        place = self._place_at(axis, row, column)
        self._goes = shifted or self.strokes.tool is None
        if self._goes:
            self._go_to(place)
        else:
            self.strokes.begin(place, axis)
            self._soon.ask()

    def _on_dragged(self, axis: int, row: int, column: int) -> None:
        if self.place is None:
            return
        place = self._place_at(axis, row, column)
        if self._goes:
            self._go_to(place)
            return
        self.strokes.go_on(place)
        stroke = self.strokes.stroke
        if stroke is not None and stroke.tool in BRUSHES:
            self._soon.ask()
        elif stroke is not None:
            picture, across = (self.front, -1) if axis == -2 else (self.side, -2)
            pixels = [(place[-3], place[across]) for place in stroke.places]
            picture.show_stroke(_box(pixels[0], pixels[-1]) if stroke.tool == REVIEW_BOX else pixels)

    def _on_released(self) -> None:
        self._goes = False
        for picture in (self.front, self.side):
            picture.show_stroke([])
        self.strokes.end()
        self._soon.ask()

    def _on_hovered(self, axis: int, row: int, column: int) -> None:
        work = self._session.current
        if self.place is not None and work is not None:
            picture, turn = self.front if axis == -2 else self.side, Turn.across(axis, len(work.shape))
            self._tools.point_at(Pointed(self._place_at(axis, row, column), turn, picture.seen))

    def _on_left(self) -> None:
        self._tools.point_at(None)

    def _go_to(self, place: Place) -> None:
        work = self._session.current
        if work is None or "Z" not in work.axes:
            return
        self.place = tuple(min(max(at, 0), size - 1) for at, size in zip(place, work.shape, strict=True))
        axes, dims = work.geometry.layer_axes, self._session.viewer.dims
        dims.set_current_step(dims.ndim - len(axes) + axes.index("Z"), self.place[-3])
        self._soon.ask()


def _box(first: tuple[int, int], last: tuple[int, int]) -> list[tuple[int, int]]:
    """The corners of a box; the last is the first."""
    return [first, (first[0], last[1]), last, (last[0], first[1]), first]


def _asking(views: SideViews) -> Any:
    """A mouse callback that keeps nothing of the widget alive."""
    from weakref import ref

    from qtpy.compat import isalive

    known = ref(views)

    def call(_viewer: Any, event: Any) -> None:
        alive = known()
        if alive is not None and isalive(alive):
            alive.follow(event.position)

    return call
