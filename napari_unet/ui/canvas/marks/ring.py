"""A ring on the canvas that shows how large the object diameter is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_unet.ui.canvas.marks.board import Board, Marks
from napari_unet.ui.canvas.marks.drawing import Pen
from napari_unet.ui.session.image_work import ImageWork
from napari_unet.ui.session.session import Session

_CORNERS = 64


class DiameterRing:
    """Shows and hides a circle of a diameter in the middle of the view; those of several roles are seen together."""

    def __init__(self, session: Session, role: str = "object diameter", colour: str = "yellow") -> None:
        self._session, self._board = session, session.service(Board)
        self._role, self._pen = role, Pen(colour, 3.0)
        self._work: ImageWork | None = None

    @property
    def shown(self) -> bool:
        return self._work is not None and self._board.of(self._work, self._role) is not None

    def show(self, work: ImageWork, diameter: float) -> None:
        """Draw the ring, or change its size."""
        if work is not self._work:
            self.hide()
        self._work = work
        circle = _circle(self._centre(work), diameter)
        self._board.put(work, self._role, Marks(paths=(circle,), pen=self._pen))

    def hide(self) -> None:
        if self._work is not None:
            self._board.put(self._work, self._role, None)
        self._work = None

    def _centre(self, work: ImageWork) -> tuple[float, float]:
        region = work.visible_region() if self._session.viewer.dims.ndisplay == 2 else None
        rows, columns = region or tuple(slice(0, size) for size in work.shape[-2:])
        return (rows.start + rows.stop) / 2, (columns.start + columns.stop) / 2


def _circle(centre: tuple[float, float], diameter: float) -> npt.NDArray[np.float64]:
    """Places (n, 2) on the circle, in rows and columns; the last is the first."""
    turn = np.linspace(0, 2 * np.pi, _CORNERS + 1)
    return np.array(centre) + diameter / 2 * np.stack([np.sin(turn), np.cos(turn)], axis=1)
