"""Dragging a box on the canvas, with its outline shown while the mouse is down."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import PlaneBox
from napari_unet.ui.canvas.marks.board import Board, Marks
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

_ROLE = "box"


def drag_box(session: Session, work: ImageWork, event: Any, on_box: Callable[[PlaneBox], None]) -> Iterator[None]:
    """Follow the mouse from press to release (a napari drag callback), then call `on_box` with rows and columns."""
    board, start = session.service(Board), _row_column(work, event.position)
    yield
    try:
        while event.type == "mouse_move":
            board.put(work, _ROLE, Marks(paths=(_rectangle(start, _row_column(work, event.position)),)))
            yield
        end = _row_column(work, event.position)
    finally:
        board.put(work, _ROLE, None)
    region = _region(start, end, work.shape[-2:])
    if region is not None:
        on_box(region)


def _row_column(work: ImageWork, position: Any) -> npt.NDArray[np.float64]:
    layer = present(work.labels_layer)
    data = np.asarray(layer.world_to_data(position))[-layer.ndim :]
    axes = work.geometry.layer_axes
    return np.array([data[axes.index("Y")], data[axes.index("X")]])


def _rectangle(start: npt.NDArray[np.float64], end: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Its corners (5, 2) in rows and columns; the last is the first."""
    (top, left), (bottom, right) = start, end
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left], [top, left]])


def _region(start: Any, end: Any, shape: tuple[int, ...]) -> PlaneBox | None:
    """Rows and columns of the pixels that the box touches; None if it has no extent inside the image."""
    low = np.maximum(np.rint(np.minimum(start, end)), 0).astype(int)
    high = np.minimum(np.rint(np.maximum(start, end)).astype(int) + 1, shape)
    if np.any(high - low < 2):
        return None
    return slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))
