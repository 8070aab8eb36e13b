"""Dragging a box on the canvas, with its outline shown while the mouse is down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Shapes

from napari_unet.labels.types import PlaneBox
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


def drag_box(session: Session, work: ImageWork, event: Any, on_box: Callable[[PlaneBox], None]) -> Iterator[None]:
    """Follow the mouse from press to release (a napari drag callback), then call `on_box` with rows and columns."""
    start = _row_column(work, event.position)
    outline = None
    yield
    try:
        while event.type == "mouse_move":
            end = _row_column(work, event.position)
            if outline is None:
                outline = _add_outline(session, work)
            outline.data = [_rectangle(work, event.position, start, end)]
            yield
        end = _row_column(work, event.position)
    finally:
        if outline is not None:
            with session.keep_selection():
                session.viewer.layers.remove(outline)
    region = _region(start, end, work.shape[-2:])
    if region is not None:
        on_box(region)


def _row_column(work: ImageWork, position: Any) -> npt.NDArray[np.float64]:
    layer = present(work.labels_layer)
    data = np.asarray(layer.world_to_data(position))[-layer.ndim :]
    axes = work.geometry.layer_axes
    return np.array([data[axes.index("Y")], data[axes.index("X")]])


def _rectangle(work: ImageWork, position: Any, start: Any, end: Any) -> npt.NDArray[np.float64]:
    layer = present(work.labels_layer)
    axes = work.geometry.layer_axes
    corners = np.tile(np.asarray(layer.world_to_data(position))[-layer.ndim :], (4, 1))
    corners[:, axes.index("Y")] = [start[0], start[0], end[0], end[0]]
    corners[:, axes.index("X")] = [start[1], end[1], end[1], start[1]]
    return corners


def _add_outline(session: Session, work: ImageWork) -> Shapes:
    options = work.layer_options("preview")
    # As thin as a line of the screen, whatever the zoom.
    width = 2.0 / max(session.viewer.scene.camera.zoom * float(np.min(np.abs(options["scale"]))), 1e-6)
    layer = Shapes(
        ndim=len(work.geometry.layer_axes), face_color="transparent", edge_color="white", edge_width=width, **options
    )
    with session.keep_selection():
        session.viewer.add_layer(layer)
    return layer


def _region(start: Any, end: Any, shape: tuple[int, ...]) -> PlaneBox | None:
    """Rows and columns of the pixels that the box touches; None if it has no extent inside the image."""
    low = np.maximum(np.rint(np.minimum(start, end)), 0).astype(int)
    high = np.minimum(np.rint(np.maximum(start, end)).astype(int) + 1, shape)
    if np.any(high - low < 2):
        return None
    return slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))
