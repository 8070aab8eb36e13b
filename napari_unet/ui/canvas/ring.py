"""A ring on the canvas that shows how large the object diameter is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from napari.layers import Shapes

from napari_unet.ui.session.image_work import ImageWork
from napari_unet.ui.session.layers import KEY
from napari_unet.ui.session.present import present
from napari_unet.ui.session.session import Session

NAME = "object diameter"


class DiameterRing:
    """Shows and hides a circle of the current diameter in the middle of the view."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._layer: Shapes | None = None

    @property
    def shown(self) -> bool:
        return self._layer is not None and self._layer in self._session.viewer.layers

    def show(self, work: ImageWork, diameter: float) -> None:
        """Draw the ring, or change its size."""
        ring = _ellipse(self._centre(work), diameter)
        if self.shown:
            present(self._layer).data = [ring]
            return
        spatial = work.layer_options("preview")
        self._layer = Shapes(
            [ring], ndim=2, shape_type="ellipse", face_color="transparent", edge_color="yellow", name=NAME,
            edge_width=max(1.0, diameter / 20), metadata={KEY: {"role": "preview"}},
            scale=spatial["scale"][-2:], translate=spatial["translate"][-2:], units=spatial["units"][-2:],
        )  # fmt: skip
        with self._session.keep_selection():
            self._session.viewer.add_layer(self._layer)
        self._layer.editable = False

    def hide(self) -> None:
        if self.shown:
            with self._session.keep_selection():
                self._session.viewer.layers.remove(self._layer)
        self._layer = None

    def _centre(self, work: ImageWork) -> tuple[float, float]:
        region = work.visible_region() if self._session.viewer.dims.ndisplay == 2 else None
        rows, columns = region or tuple(slice(0, size) for size in work.shape[-2:])
        return (rows.start + rows.stop) / 2, (columns.start + columns.stop) / 2


def _ellipse(centre: tuple[float, float], diameter: float) -> npt.NDArray[np.float64]:
    """Corners (4, 2) of the square that the circle fills."""
    half = diameter / 2
    return np.array(centre) + half * np.array([[-1, -1], [-1, 1], [1, 1], [1, -1]])
