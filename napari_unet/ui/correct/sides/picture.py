"""One side view on the screen: drawn as high as its voxels are, with what the mouse does there told in pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QPointF, QRectF, Qt, Signal
from qtpy.QtGui import QColor, QImage, QPainter, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

from napari_unet.ui.canvas.strokes import CLICK_PIXELS

_HIGHEST = 180  # pixels of the screen
_ZOOM_STEP, _MOST_ZOOM = 1.25, 16.0
_PLAIN, _MARK = QColor(255, 255, 255, 140), QColor(255, 255, 255, 230)


class SidePicture(QWidget):
    """A plane (Z, other), with the slice in view and the column of the other picture as lines.

    `pressed` (slice, column, and whether with Shift), `dragged` (slice, column) and `released` tell of the left button,
    `hovered` (slice, column) and `left` of the mouse without it. Slice and column may lie outside once the mouse is
    dragged there. The wheel with Ctrl zooms. `brush` gives its diameter in pixels of the image; 0: there is none.
    """

    pressed = Signal(int, int, bool)
    dragged = Signal(int, int)
    released = Signal()
    hovered = Signal(int, int)
    left = Signal()

    def __init__(self, brush: Callable[[], float]) -> None:
        super().__init__()
        self.image: npt.NDArray[np.uint8] | None = None
        self._brush = brush
        self._start: QPointF | None = None  # where the mouse was pressed, until it has moved more than in a click
        self.zoom = 1.0
        self._corner = QPointF()  # what of the zoomed picture lies at the corner of the widget
        self._flatness, self._cross = 1.0, (0, 0)
        self._mouse: QPointF | None = None
        self._stroke: list[tuple[int, int]] = []
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_view(self, image: npt.NDArray[np.uint8], flatness: float, cross: tuple[int, int]) -> None:
        """Show `image` (Z, other, 3) with lines through `cross` (slice, column)."""
        self.image, self._flatness, self._cross = image, flatness, cross
        rows, columns = image.shape[:2]
        self.setFixedHeight(int(np.clip(self.width() * rows * flatness / columns, 12, _HIGHEST)))
        self.update()

    def show_stroke(self, stroke: list[tuple[int, int]]) -> None:
        """Show a line along pixels (slice, column); none: take it away."""
        self._stroke = stroke
        self.update()

    @property
    def area(self) -> QRectF:
        """Where the picture is drawn: as large as fits, in the proportions of the voxels, times the zoom."""
        if self.image is None:
            return QRectF()
        rows, columns = self.image.shape[:2]
        pixel = min(self.width() / columns, self.height() / (rows * self._flatness)) * self.zoom
        return QRectF(-self._corner.x(), -self._corner.y(), columns * pixel, rows * self._flatness * pixel)

    def point_of(self, row: float, column: float) -> QPointF:
        """Where on the widget the middle of a pixel is."""
        area, (rows, columns) = self.area, self._shape
        return QPointF(
            area.left() + (column + 0.5) * area.width() / columns, area.top() + (row + 0.5) * area.height() / rows
        )

    def pixel_at(self, point: Any) -> tuple[int, int]:
        """The pixel (slice, column) at a point of the widget; it may lie outside of the picture."""
        area, (rows, columns) = self.area, self._shape
        row, column = (
            (point.y() - area.top()) * rows / area.height(),
            (point.x() - area.left()) * columns / area.width(),
        )
        return int(np.floor(row)), int(np.floor(column))

    @property
    def seen(self) -> tuple[slice, slice]:
        """Slices and columns that are in view: fewer than there are once it is zoomed."""
        (top, left), (bottom, right) = self.pixel_at(QPointF(0, 0)), self.pixel_at(QPointF(*self._last_point))
        rows, columns = self._shape
        return slice(max(0, top), min(rows, bottom + 1)), slice(max(0, left), min(columns, right + 1))

    @property
    def _last_point(self) -> tuple[int, int]:
        return max(0, self.width() - 1), max(0, self.height() - 1)

    @property
    def _shape(self) -> tuple[int, int]:
        return (1, 1) if self.image is None else (self.image.shape[0], self.image.shape[1])

    # -- drawing ----------------------------------------------------------------------------------------------------

    def paintEvent(self, event: Any) -> None:
        if self.image is None:
            return
        painter, area, (rows, columns) = QPainter(self), self.area, self._shape
        painter.drawImage(area, QImage(self.image.tobytes(), columns, rows, 3 * columns, QImage.Format.Format_RGB888))
        painter.setPen(QPen(_PLAIN, 1, Qt.PenStyle.DotLine))
        cross = self.point_of(*self._cross)
        painter.drawLine(QPointF(area.left(), cross.y()), QPointF(area.right(), cross.y()))
        painter.drawLine(QPointF(cross.x(), area.top()), QPointF(cross.x(), area.bottom()))
        painter.setPen(QPen(_MARK, 1))
        if self._stroke:
            painter.drawPolyline(QPolygonF([self.point_of(*pixel) for pixel in self._stroke]))
        brush = self._brush()
        if brush and self._mouse is not None:
            radius = max(brush, 1.0) / 2 * area.width() / columns
            painter.drawEllipse(self._mouse, radius, radius)
        painter.end()

    # -- mouse ------------------------------------------------------------------------------------------------------

    def mousePressEvent(self, event: Any) -> None:
        point = QPointF(event.pos())
        if event.button() == Qt.MouseButton.LeftButton and self.image is not None and self.area.contains(point):
            self._start = point
            shifted = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.pressed.emit(*self.pixel_at(point), shifted)

    def mouseMoveEvent(self, event: Any) -> None:
        self._mouse = point = QPointF(event.pos())
        if self.image is not None and not event.buttons():
            self.hovered.emit(*self.pixel_at(point))
        elif self.image is not None and event.buttons() & Qt.MouseButton.LeftButton:
            if self._start is not None and (point - self._start).manhattanLength() > CLICK_PIXELS:
                self._start = None
            if self._start is None:
                self.dragged.emit(*self.pixel_at(point))
        self.update()

    def mouseReleaseEvent(self, event: Any) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self.released.emit()

    def leaveEvent(self, event: Any) -> None:
        self._mouse = None
        self.left.emit()
        self.update()

    def wheelEvent(self, event: Any) -> None:
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier or self.image is None:
            event.ignore()  # the panel scrolls
            return
        self.zoom_at(event.position(), _ZOOM_STEP if event.angleDelta().y() > 0 else 1 / _ZOOM_STEP)

    def zoom_at(self, point: Any, factor: float) -> None:
        """Zoom in or out; what is at a point of the widget stays there, as far as the picture goes."""
        zoom = float(np.clip(self.zoom * factor, 1.0, _MOST_ZOOM))
        factor, self.zoom = zoom / self.zoom, zoom
        corner, area = (self._corner + point) * factor - point, self.area
        most = max(0.0, area.width() - self.width()), max(0.0, area.height() - self.height())
        self._corner = QPointF(
            *(min(max(at, 0.0), far) for at, far in zip((corner.x(), corner.y()), most, strict=True))
        )
        self.update()
