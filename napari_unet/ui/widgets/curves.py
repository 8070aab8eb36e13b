"""Loss and held-out score while a model learns, in the colours of the window's theme."""

from __future__ import annotations

import numpy as np
import pyqtgraph
from napari.utils.theme import get_theme
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QWidget

_HEIGHT = 130
_SMOOTHING = 0.9
_REDRAW_SECONDS = 0.4  # drawing takes as long as a frame of the canvas


class Curves(pyqtgraph.PlotWidget):
    """Two curves over time in seconds: the loss (left axis, smoothed) and the held-out score (right axis, 0 to 1)."""

    def __init__(self, theme: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(_HEIGHT)
        self.setMenuEnabled(False)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setMouseEnabled(x=False, y=False)
        self.hideButtons()
        self.setToolTip(
            "Loss: how far the model is from your labels on what it learns from; lower is better.\n"
            "Score: share of the objects found that it does not learn from (AP@0.5, or mean IoU), 0 to 1;\n"
            "higher is better."
        )
        self._scores = pyqtgraph.ViewBox(enableMenu=False)
        self._scores.setMouseEnabled(x=False, y=False)
        self._lay_out()
        self.loss_line = self.plot()
        self.score_line = pyqtgraph.PlotDataItem(symbol="o", symbolSize=6)
        self._scores.addItem(self.score_line)
        self._loss: list[tuple[float, float]] = []
        self._score: list[tuple[float, float]] = []
        self._drawn = 0.0
        self.set_theme(theme)

    def _lay_out(self) -> None:
        plot = self.getPlotItem()
        plot.showAxis("right")
        plot.layout.setContentsMargins(0, 8, 0, 0)  # half a line: the highest number of an axis is not cut
        plot.scene().addItem(self._scores)
        plot.getAxis("right").linkToView(self._scores)
        self._scores.setXLink(plot)
        self._scores.setYRange(0, 1, padding=0.05)
        for side in ("left", "right"):
            plot.getAxis(side).enableAutoSIPrefix(False)  # no "loss (x0.001)"
        plot.getAxis("left").setWidth(44)
        plot.getAxis("right").setWidth(38)
        plot.getViewBox().sigResized.connect(self._on_resized)

    def set_theme(self, name: str) -> None:
        """Take the colours of a napari theme."""
        theme = get_theme(name)
        text, score = (colour.as_hex() for colour in (theme.text, theme.current))
        self.setBackground(theme.background.as_hex())
        plot = self.getPlotItem()
        for side in ("left", "bottom", "right"):
            plot.getAxis(side).setPen(text)
            plot.getAxis(side).setTextPen(text)
        plot.setLabel("left", "loss", color=text)
        plot.setLabel("right", "score", color=text)
        plot.setLabel("bottom", "seconds", color=text)
        self.loss_line.setPen(text, width=1)
        self.score_line.setPen(pyqtgraph.mkPen(score, width=2, style=Qt.PenStyle.DashLine))
        self.score_line.setSymbolBrush(score)
        self.score_line.setSymbolPen(score)

    def clear_curves(self, seconds: float) -> None:
        """Begin a new run of at most `seconds`."""
        self._loss, self._score, self._drawn = [], [], 0.0
        self.setXRange(0, seconds, padding=0.02)
        self._draw()

    def add_loss(self, seconds: float, loss: float) -> None:
        last = self._loss[-1][1] if self._loss else loss
        self._loss.append((seconds, _SMOOTHING * last + (1 - _SMOOTHING) * loss))
        if len(self._loss) < 3 or seconds - self._drawn > _REDRAW_SECONDS:
            self._drawn = seconds
            self._draw()

    def add_score(self, seconds: float, score: float) -> None:
        self._score.append((seconds, score))
        self._draw()

    def _draw(self) -> None:
        self.loss_line.setData(np.array(self._loss, float).reshape(-1, 2))
        self.score_line.setData(np.array(self._score, float).reshape(-1, 2))

    def _on_resized(self) -> None:
        self._scores.setGeometry(self.getPlotItem().getViewBox().sceneBoundingRect())
