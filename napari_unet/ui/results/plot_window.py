"""*Plot...*: how the values of objects are spread, and one against another; a clicked point is its object."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph
from napari.utils.theme import get_theme
from qtpy.QtCore import QSignalBlocker, Signal
from qtpy.QtWidgets import QComboBox, QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_unet.ui.results.colouring import number_columns

if TYPE_CHECKING:
    from napari_unet.labels.types import Doubles, Ints
    from napari_unet.ui.results.measuring import Measured

COUNT = "how many objects"
_MOST_BARS = 60


class PlotWindow(QDialog):
    """A histogram of one column, or one column over another.

    `row_chosen`: a point was clicked (its row in the table). `limits_chosen`: column, lowest and highest value.
    """

    row_chosen = Signal(int)
    limits_chosen = Signal(str, float, float)

    def __init__(self, theme: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Values of objects")
        self._measured: Measured | None = None
        self._heading: Callable[[str], str] = str
        self.across, self.up = (QComboBox(toolTip=tip) for tip in ("What is drawn across", "What is drawn upwards"))
        self.plot = pyqtgraph.PlotWidget()
        self.points = pyqtgraph.ScatterPlotItem(size=7, pxMode=True, hoverable=True)
        self.bars: Any = None
        self.range = pyqtgraph.LinearRegionItem()
        self.limits_button = QPushButton(
            "Use as limits", toolTip="Keep the objects between the two lines, as in Limits"
        )
        self._lay_out()
        self._dress(theme)
        self.across.currentIndexChanged.connect(self._draw)
        self.up.currentIndexChanged.connect(self._draw)
        self.points.sigClicked.connect(self._on_clicked)
        self.limits_button.clicked.connect(self._on_limits)

    def _lay_out(self) -> None:
        row, layout = QHBoxLayout(), QVBoxLayout(self)
        row.addWidget(self.up, 1)
        row.addWidget(QLabel("over"))
        row.addWidget(self.across, 1)
        layout.addLayout(row)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.limits_button)
        self.resize(560, 420)

    def _dress(self, name: str) -> None:
        """Take the colours of a napari theme."""
        theme = get_theme(name)
        text = theme.text.as_hex()
        self._ink = theme.current.as_hex()
        self.plot.setBackground(theme.background.as_hex())
        for side in ("left", "bottom"):
            self.plot.getPlotItem().getAxis(side).setPen(text)
            self.plot.getPlotItem().getAxis(side).setTextPen(text)
        self._text = text
        self.plot.setMenuEnabled(False)
        self.points.setBrush(self._ink)
        self.points.setPen(None)

    def show_table(self, measured: Measured | None, heading: Callable[[str], str]) -> None:
        """Show another table; the columns stay chosen as far as it has them."""
        self._measured, self._heading = measured, heading
        chosen = self.across.currentData(), self.up.currentData()
        names = [] if measured is None else number_columns(measured)
        blocked = [QSignalBlocker(box) for box in (self.across, self.up)]
        self.across.clear()
        self.up.clear()
        self.up.addItem(COUNT, None)
        for name in names:
            self.across.addItem(heading(name), name)
            self.up.addItem(heading(name), name)
        self.across.setCurrentIndex(max(0, self.across.findData(chosen[0])))
        self.up.setCurrentIndex(max(0, self.up.findData(chosen[1])) if chosen[1] else 0)
        for blocker in blocked:
            blocker.unblock()
        self._draw()

    def _draw(self) -> None:
        self.plot.clear()
        measured, across, up = self._measured, self.across.currentData(), self.up.currentData()
        self.limits_button.setVisible(up is None)
        if measured is None or across is None:
            return
        table = measured.located.table
        x = table[across].to_numpy(float)
        self.plot.setLabel("bottom", self._heading(across), color=self._text)
        self.plot.setLabel("left", COUNT if up is None else self._heading(up), color=self._text)
        if up is None:
            self._draw_bars(x[np.isfinite(x)])
        else:
            y = table[up].to_numpy(float)
            known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
            self.points.setData(x=x[known], y=y[known], data=known)
            self.plot.addItem(self.points)
        self.plot.enableAutoRange()

    def _draw_bars(self, values: Doubles) -> None:
        if not values.size:
            return
        counts, edges = histogram(values)
        self.bars = pyqtgraph.BarGraphItem(x0=edges[:-1], x1=edges[1:], height=counts, brush=self._ink, pen=self._text)
        self.plot.addItem(self.bars)
        self.range.setBounds((float(edges[0]), float(edges[-1])))
        self.range.setRegion((float(edges[0]), float(edges[-1])))
        self.plot.addItem(self.range)

    def _on_clicked(self, item: Any, points: Any, event: Any = None) -> None:
        if len(points):
            self.row_chosen.emit(int(points[0].data()))

    def _on_limits(self) -> None:
        low, high = self.range.getRegion()
        self.limits_chosen.emit(self.across.currentData(), float(low), float(high))


def histogram(values: Doubles) -> tuple[Ints, Doubles]:
    """Counts (n) and edges (n + 1) of bars that are as wide as the values deserve, at most 60."""
    edges = np.histogram_bin_edges(values, "auto")
    if edges.size - 1 > _MOST_BARS:
        edges = np.linspace(values.min(), values.max(), _MOST_BARS + 1)
    counts, edges = np.histogram(values, edges)
    return counts.astype(np.int64), edges
