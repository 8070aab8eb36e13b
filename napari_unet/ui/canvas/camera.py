"""Goes to a place of an image: the right slice, zoomed and centred, with a frame round what is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import PlaneIndex, Rectangle
from napari_unet.ui.canvas.marks.board import Board, Marks
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


CONTEXT = 5.0
"""Shown, in sizes of the object: enough to see its neighbours, near enough to see its outline."""
_LEAST_PIXELS = 48  # of the image, across the view
_ROLE = "frame"
_GAP = 2  # pixels of the image between an object and its frame


class ReviewCamera:
    """Moves the view of a session, and keeps the zoom that the user chose on the way. A service: one a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._zoom: float | None = None  # that we set last
        self._by_hand: float | None = None  # that the user set since, if it suits
        self._framed: ImageWork | None = None
        self._board = session.service(Board)

    def go_to(self, work: ImageWork, plane: PlaneIndex, box: Rectangle) -> None:
        """Show an object: `box` (row, row stop, column, column stop) of a plane. A zoom by hand stays if it suits."""
        zoom = self._session.viewer.scene.camera.zoom
        if self._zoom is not None and not np.isclose(zoom, self._zoom):
            self._by_hand = zoom
        size = max(box[1] - box[0], box[3] - box[2])
        if self._by_hand is not None and self._suits(work, self._by_hand, size):
            self._zoom = self._by_hand
        else:
            self._zoom, self._by_hand = self._zoom_for(work, max(_LEAST_PIXELS, CONTEXT * size)), None
        self._look(work, plane, box, self._zoom)
        self.frame(work, plane, box)

    def _suits(self, work: ImageWork, zoom: float, size: int) -> bool:
        """Whether an object of `size` pixels is wholly in view, and not lost in it."""
        most, least = self._zoom_for(work, 1.2 * size), self._zoom_for(work, max(2 * _LEAST_PIXELS, 3 * CONTEXT * size))
        return least <= zoom <= most

    def show(self, work: ImageWork, plane: PlaneIndex, box: Rectangle) -> None:
        """Show a part of a plane as large as the canvas allows."""
        rows, columns = box[1] - box[0], box[3] - box[2]
        height, width = self._canvas
        zoom = min(height / rows, width / columns) * 0.95 / self._pixel(work)
        self._look(work, plane, box, zoom)
        self._zoom = zoom
        self.frame(work, plane, box)

    @property
    def _canvas(self) -> tuple[int, int]:
        """Height and width of the canvas in pixels of the screen."""
        height, width = self._session.viewer.canvas.size
        return max(int(height), 1), max(int(width), 1)

    def _zoom_for(self, work: ImageWork, pixels: float) -> float:
        """The zoom at which the shorter side of the canvas shows so many pixels of the image."""
        return min(self._canvas) / (pixels * self._pixel(work))

    @staticmethod
    def _pixel(work: ImageWork) -> float:
        """Size of a pixel of the image in the viewer's units."""
        return float(np.max(np.abs(work.layer.scale[-2:]))) or 1.0

    def _look(self, work: ImageWork, plane: PlaneIndex, box: Rectangle, zoom: float) -> None:
        viewer = self._session.viewer
        viewer.dims.ndisplay = 2
        axes = work.geometry.layer_axes
        for letter, position in zip(work.axes, plane, strict=False):
            viewer.dims.set_current_step(viewer.dims.ndim - len(axes) + axes.index(letter), position)
        centre = (*plane, (box[0] + box[1] - 1) / 2, (box[2] + box[3] - 1) / 2)
        world = np.asarray(present(work.labels_layer).data_to_world(work.geometry.layer_index(centre)))
        first = viewer.dims.ndim - len(world)  # other images may have more axes
        for axis in set(range(first, viewer.dims.ndim)) - set(viewer.dims.displayed):
            viewer.dims.set_point(axis, world[axis - first])  # rows or columns, in a view from the side
        known = dict(enumerate(world, start=first))
        shown = zip(viewer.dims.displayed[-2:], viewer.scene.camera.center[-2:], strict=True)
        viewer.scene.camera.center = (0.0, *(known.get(axis, at) for axis, at in shown))
        viewer.scene.camera.zoom = zoom

    def close(self) -> None:
        """The window closes, and all that is drawn with it."""
        self._framed = None

    # -- the frame --------------------------------------------------------------------------------------------------

    def frame(self, work: ImageWork, plane: PlaneIndex, box: Rectangle) -> None:
        """Put the frame round `box`."""
        if work is not self._framed:
            self.hide()
        self._framed = work
        self._board.put(work, _ROLE, Marks(paths=(_corners(work, plane, box),)))

    def hide(self) -> None:
        """Take the frame away."""
        if self._framed is not None:
            self._board.put(self._framed, _ROLE, None)
        self._framed = None


def _corners(work: ImageWork, plane: PlaneIndex, box: Rectangle) -> npt.NDArray[np.float64]:
    """The frame's corners in the layer's axes; the last is the first."""
    top, bottom = box[0] - 0.5 - _GAP, box[1] - 0.5 + _GAP
    left, right = box[2] - 0.5 - _GAP, box[3] - 0.5 + _GAP
    places = [(top, left), (top, right), (bottom, right), (bottom, left), (top, left)]
    return np.array([work.geometry.layer_index((*plane, *place)) for place in places], float)
