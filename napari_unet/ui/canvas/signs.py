"""Small signs over an image, such as a cross on what would be removed: a layer that is made once, and then kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from napari.layers import Points

from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


_SIZE = 20
"""Of a sign, in pixels of the image, before it is held to its size on the screen: small ones are drawn paler."""


class CanvasMarks:
    """White signs on places of one image, `pixels` (at least, at most) of the screen large at any zoom.

    Making a layer costs napari a tenth of a second and removing one three times that, whatever is in it; another list
    of places costs a few milliseconds. So the layer stays, empty, until the image goes.
    """

    def __init__(self, session: Session, work: ImageWork, role: str, symbol: str, pixels: tuple[int, int]) -> None:
        self._session, self._work = session, work
        self._role, self._symbol, self._pixels = role, symbol, pixels
        self._layer: Points | None = None

    @property
    def alive(self) -> bool:
        return self._layer is not None and self._layer in self._session.viewer.layers

    @property
    def places(self) -> npt.NDArray[np.float64]:
        """What is marked, in the axes of the labels layer."""
        none = np.zeros((0, len(self._work.geometry.layer_axes)))
        return np.asarray(present(self._layer).data) if self.alive else none

    def prepare(self) -> None:
        """Make the layer before it is needed in a hurry."""
        if not self.alive:
            self._layer = Points(
                ndim=len(self._work.geometry.layer_axes), symbol=self._symbol, size=_SIZE, face_color="white",
                border_width=0, border_color="white", canvas_size_limits=self._pixels,
                **self._work.layer_options(self._role),
            )  # fmt: skip
            with self._session.keep_selection():
                self._session.viewer.add_layer(self._layer)
            self._layer.editable = False

    def show(self, places: npt.NDArray[np.float64]) -> None:
        """Mark these places (n, axes of the labels layer), and no others."""
        if len(places):
            self.prepare()
            present(self._layer).data = places
            if not present(self._layer).visible:
                present(self._layer).visible = True
        else:
            self.clear()

    def clear(self) -> None:
        """Mark nothing."""
        if self.alive and len(present(self._layer).data):
            present(self._layer).data = np.zeros((0, present(self._layer).ndim))

    def remove(self) -> None:
        """The image is gone."""
        if self.alive:
            with self._session.keep_selection():
                self._session.viewer.layers.remove(self._layer)
        self._layer = None


def marks_of(session: Session, work: ImageWork, role: str, symbol: str, pixels: tuple[int, int]) -> CanvasMarks:
    """The signs of one role on an image, made when first asked for."""
    known = work.signs.get(role)
    if not isinstance(known, CanvasMarks):
        known = work.signs[role] = CanvasMarks(session, work, role, symbol, pixels)
    return known
