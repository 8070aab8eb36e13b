"""Goes to a place of an image: the right slice, zoomed and centred, with a frame round what is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Shapes

from napari_unet.labels.types import PlaneIndex, Rectangle
from napari_unet.ui.session.layers import KEY
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


CONTEXT = 5.0
"""Shown, in sizes of the object: enough to see its neighbours, near enough to see its outline."""
_LEAST_PIXELS = 48  # of the image, across the view
_GAP = 2  # pixels of the image between an object and its frame


class ReviewCamera:
    """Moves the view of a session, and keeps the zoom that the user chose on the way. A service: one a session."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._zoom: float | None = None  # that we set last
        self._by_hand: float | None = None  # that the user set since, if it suits
        self._frame: Shapes | None = None

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
        shown = [axis - viewer.dims.ndim for axis in viewer.dims.displayed[-2:]]
        viewer.scene.camera.center = (0.0, *world[shown])
        viewer.scene.camera.zoom = zoom

    def close(self) -> None:
        """The window closes, and its layers with it."""
        self._frame = None

    # -- the frame --------------------------------------------------------------------------------------------------

    def frame(self, work: ImageWork, plane: PlaneIndex, box: Rectangle) -> None:
        """Put the frame round `box`."""
        session, camera = self._session, self._session.viewer.scene.camera
        layer = self._frame_layer(work)
        width = 2.0 / max(camera.zoom * self._pixel(work), 1e-6)  # two pixels of the screen
        layer.data = []
        layer.add_rectangles([_corners(work, plane, box)], edge_width=width, face_color="transparent")
        if not layer.visible:
            layer.visible = True
        active = work.labels_layer
        if session.viewer.layers.selection.active is layer:
            session.viewer.layers.selection.active = active

    def hide(self) -> None:
        """Take the frame away."""
        if self._frame is not None and self._frame in self._session.viewer.layers:
            with self._session.keep_selection():
                self._session.viewer.layers.remove(self._frame)
        self._frame = None

    def _frame_layer(self, work: ImageWork) -> Shapes:
        """The layer of the frame, over the image; another one for each image, since these lie elsewhere."""
        layer = self._frame
        if layer is not None and layer in self._session.viewer.layers and layer.metadata[KEY]["image"] == work.key:
            return layer
        self.hide()
        options: dict[str, Any] = work.layer_options("frame")
        options["name"] = f"{work.name} frame round the object"
        self._frame = Shapes(
            ndim=len(work.geometry.layer_axes), face_color="transparent", edge_color="white", **options
        )
        with self._session.keep_selection():
            self._session.viewer.add_layer(self._frame)
        self._frame.editable = False
        return self._frame


def _corners(work: ImageWork, plane: PlaneIndex, box: Rectangle) -> npt.NDArray[np.float64]:
    """The frame's corners in the layer's axes."""
    top, bottom = box[0] - 0.5 - _GAP, box[1] - 0.5 + _GAP
    left, right = box[2] - 0.5 - _GAP, box[3] - 0.5 + _GAP
    places = [(top, left), (top, right), (bottom, right), (bottom, left)]
    return np.array([work.geometry.layer_index((*plane, *place)) for place in places], float)
