"""The frequent tools as small drawings, in the colour of the theme's text, each with its key in the corner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QPainter, QPalette, QPen, QPolygonF
from qtpy.QtWidgets import QPushButton

_SIZE = 24.0  # units that the drawings are made in


class IconButton(QPushButton):
    """A button with the drawing of a tool; `key` is shown in the corner, and the name is read by screen readers."""

    def __init__(self, name: str, title: str) -> None:
        super().__init__()
        self._draw, self.key = DRAWINGS[name], ""
        self.setAccessibleName(title)
        self.setMinimumSize(QSize(28, 32))

    def show_key(self, key: str) -> None:
        """Have this key in the corner."""
        self.key = key
        self.update()

    def paintEvent(self, event: Any) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        group = QPalette.ColorGroup.Active if self.isEnabled() else QPalette.ColorGroup.Disabled
        colour = QColor(self.palette().color(group, QPalette.ColorRole.ButtonText))
        if not self.isEnabled():
            colour.setAlphaF(0.45)
        self._draw_key(painter, colour)
        side = min(self.width(), self.height()) - 10
        painter.translate((self.width() - side) / 2 - 2, (self.height() - side) / 2 - 1)
        painter.scale(side / _SIZE, side / _SIZE)
        painter.setPen(_pen(colour))
        self._draw(painter, colour)

    def _draw_key(self, painter: QPainter, colour: QColor) -> None:
        font = painter.font()
        font.setPointSizeF(max(6.0, 0.7 * font.pointSizeF()))
        painter.setFont(font)
        painter.setPen(colour)
        corner = self.rect().adjusted(2, 2, -3, -1)
        painter.drawText(corner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom, self.key)


def _pen(colour: QColor, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    pen = QPen(colour, 1.8, style)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    return pen


def _line(painter: QPainter, x1: float, y1: float, x2: float, y2: float) -> None:
    painter.drawLine(QPointF(x1, y1), QPointF(x2, y2))


def _circle(painter: QPainter, x: float, y: float, radius: float) -> None:
    painter.drawEllipse(QPointF(x, y), radius, radius)


def _plus(painter: QPainter, x: float, y: float, reach: float) -> None:
    _line(painter, x - reach, y, x + reach, y)
    _line(painter, x, y - reach, x, y + reach)


def _paint(painter: QPainter, colour: QColor) -> None:
    _line(painter, 20, 4, 11, 13)
    painter.setBrush(colour)
    painter.drawEllipse(QRectF(4, 13, 7, 7))


def _erase(painter: QPainter, colour: QColor) -> None:
    painter.drawPolygon(QPolygonF([QPointF(3, 14), QPointF(12, 5), QPointF(20, 13), QPointF(12, 20), QPointF(8, 20)]))
    _line(painter, 8, 9.5, 15.5, 17)


def _new_object(painter: QPainter, colour: QColor) -> None:
    _circle(painter, 9, 14, 7)
    _plus(painter, 19, 6, 3.5)


def _outline(painter: QPainter, colour: QColor) -> None:
    painter.setPen(_pen(colour, Qt.PenStyle.DotLine))
    points = [(5, 9), (11, 4), (19, 7), (20, 15), (13, 20), (6, 17)]
    painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in points]))


def _add(painter: QPainter, colour: QColor) -> None:
    _plus(painter, 12, 12, 4)
    painter.setPen(_pen(colour, Qt.PenStyle.DashLine))
    _circle(painter, 12, 12, 9)


def _delete(painter: QPainter, colour: QColor) -> None:
    _circle(painter, 12, 12, 9)
    _line(painter, 8.5, 8.5, 15.5, 15.5)
    _line(painter, 8.5, 15.5, 15.5, 8.5)


def _split(painter: QPainter, colour: QColor) -> None:
    painter.drawEllipse(QRectF(2, 6, 20, 12))
    _line(painter, 14, 2, 10, 22)


def _merge(painter: QPainter, colour: QColor) -> None:
    _circle(painter, 7.5, 12, 5.5)
    _circle(painter, 16.5, 12, 5.5)
    _line(painter, 7.5, 12, 16.5, 12)


DRAWINGS: dict[str, Callable[[QPainter, QColor], None]] = {
    "paint": _paint, "erase": _erase, "new_object": _new_object, "outline": _outline, "add": _add, "delete": _delete,
    "split": _split, "merge": _merge,
}  # fmt: skip
