"""Small signs over an image, such as a cross on what would be removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_unet.ui.canvas.marks.board import Board, Marks

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


class CanvasMarks:
    """White signs on places of one image, `pixels` of the screen large at any zoom."""

    def __init__(self, session: Session, work: ImageWork, role: str, symbol: str, pixels: float) -> None:
        self._board, self._work, self._role = session.service(Board), work, role
        self._symbol, self._pixels = symbol, pixels

    @property
    def places(self) -> npt.NDArray[np.float64]:
        """What is marked, in the axes of the labels layer."""
        marks = self._board.of(self._work, self._role)
        return np.zeros((0, len(self._work.geometry.layer_axes))) if marks is None else marks.places

    def show(self, places: npt.NDArray[np.float64]) -> None:
        """Mark these places (n, axes of the labels layer), and no others."""
        marks = Marks(places=places, symbol=self._symbol, size=self._pixels) if len(places) else None
        self._board.put(self._work, self._role, marks)

    def clear(self) -> None:
        """Mark nothing."""
        self._board.put(self._work, self._role, None)

    def remove(self) -> None:
        """The image is gone."""
        self.clear()


def marks_of(session: Session, work: ImageWork, role: str, symbol: str, pixels: float) -> CanvasMarks:
    """The signs of one role on an image."""
    known = work.signs.get(role)
    if not isinstance(known, CanvasMarks):
        known = work.signs[role] = CanvasMarks(session, work, role, symbol, pixels)
    return known
