"""*Plot...*: how values are spread, one against another, and by group; a clicked point is its object."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyqtgraph
from napari.utils.theme import get_theme
from qtpy.QtCore import QSignalBlocker, Qt, Signal
from qtpy.QtWidgets import QComboBox, QDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

if TYPE_CHECKING:
    import pandas as pd

    from napari_unet.labels.types import Doubles, Ints
    from napari_unet.results.measurements.groups import BoxSummary

COUNT = "how many objects"
ALL = "all together"
_MOST_BARS = 60


class PlotWindow(QDialog):
    """A histogram of one column, boxes of it by group, or one column over another with a frame to choose points by.

    `row_chosen`: a point was clicked (its row in the table). `limits_chosen`: column, lowest and highest value.
    """

    row_chosen = Signal(int)
    limits_chosen = Signal(str, float, float)

    def __init__(self, theme: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Values of objects")
        self._table: pd.DataFrame | None = None
        self._heading: Callable[[str], str] = str
        self.across, self.up = (QComboBox(toolTip=tip) for tip in ("What is drawn across", "What is drawn upwards"))
        self.by = QComboBox(toolTip="Boxes for each group: a column of the sample sheet, the folder, the image")
        self.boxes: list[BoxSummary] = []
        self.plot = pyqtgraph.PlotWidget()
        self.plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.points = pyqtgraph.ScatterPlotItem(size=7, pxMode=True, hoverable=True)
        self.bars: Any = None
        self.range = pyqtgraph.LinearRegionItem()
        # A frame that can be moved as a whole would keep clicks from the points in it: it is moved by its corners.
        self.frame = pyqtgraph.RectROI((0, 0), (1, 1), sideScalers=True, movable=False)
        self.frame.addScaleHandle((0, 0), (1, 1))
        for box, name in ((self.across, "Across"), (self.up, "Up"), (self.by, "Groups")):
            box.setAccessibleName(name)
        self.limits_button = QPushButton(
            "Use as limits", toolTip="Keep the objects between the two lines, or in the frame, as in Limits"
        )
        self._lay_out()
        self._dress(theme)
        self.across.currentIndexChanged.connect(self._draw)
        self.up.currentIndexChanged.connect(self._draw)
        self.by.currentIndexChanged.connect(self._draw)
        self.points.sigClicked.connect(self._on_clicked)
        self.limits_button.clicked.connect(self._on_limits)

    def _lay_out(self) -> None:
        row, layout = QHBoxLayout(), QVBoxLayout(self)
        row.addWidget(self.up, 1)
        row.addWidget(QLabel("over"))
        row.addWidget(self.across, 1)
        row.addWidget(self.by, 1)
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
        self.frame.setPen(self._text)

    def show_table(self, table: pd.DataFrame | None, heading: Callable[[str], str]) -> None:
        """Show another table of objects; the columns stay chosen as far as it has them."""
        from napari_unet.results.measurements.groups import list_groupings, list_values

        self._table, self._heading = table, heading
        choices: dict[QComboBox, list[tuple[str, str | None]]] = {box: [] for box in (self.across, self.up, self.by)}
        if table is not None:
            values: list[tuple[str, str | None]] = [(heading(name), name) for name in list_values(table)]
            groups = [(f"by {heading(name).lower()}", name) for name in list_groupings(table)]
            choices = {self.across: values, self.up: [(COUNT, None), *values], self.by: [(ALL, None), *groups]}
        for box, found in choices.items():
            _fill(box, found)
        self.by.setVisible(self.by.count() > 1)
        self._draw()

    def _draw(self) -> None:
        self.plot.clear()
        table, across, up, by = self._table, *(box.currentData() for box in (self.across, self.up, self.by))
        self.limits_button.setVisible(up is not None or by is None)
        self.by.setEnabled(up is None)
        self.plot.getPlotItem().getAxis("bottom").setTicks(None)
        if table is None or across is None:
            return
        if up is None and by is not None:
            self._draw_boxes(table, across, by)
            return
        x = table[across].to_numpy(float)
        self._name_axes(self._heading(across), COUNT if up is None else self._heading(up))
        if up is None:
            self._draw_bars(x[np.isfinite(x)])
        else:
            self._draw_points(x, table[up].to_numpy(float))
        self.plot.enableAutoRange()

    def _name_axes(self, bottom: str, left: str) -> None:
        self.plot.setLabel("bottom", bottom, color=self._text)
        self.plot.setLabel("left", left, color=self._text)

    def _draw_boxes(self, table: pd.DataFrame, value: str, by: str) -> None:
        from napari_unet.results.measurements.groups import make_boxes

        self.boxes = boxes = make_boxes(table, value, by)
        self._name_axes(self._heading(by), self._heading(value))
        places = np.arange(len(boxes))
        lower, middle, upper, low, high = (
            np.array([getattr(box, name) for box in boxes]) for name in ("lower", "middle", "upper", "low", "high")
        )
        style = {"brush": self._ink, "pen": self._text}
        self.plot.addItem(pyqtgraph.BarGraphItem(x=places, width=0.6, y0=lower, height=upper - lower, **style))
        left, right, pen = places - 0.3, places + 0.3, pyqtgraph.mkPen(self._text, width=2)
        lines = (((left, right), (middle, middle)), ((places, places), (low, lower)), ((places, places), (upper, high)))
        for x, y in lines:
            ends = (np.stack(pair, axis=1).ravel() for pair in (x, y))
            self.plot.addItem(pyqtgraph.PlotCurveItem(*ends, connect="pairs", pen=pen))
        ticks = [(place, f"{box.name}\n{box.count} in {box.n_images}") for place, box in enumerate(boxes)]
        self.plot.getPlotItem().getAxis("bottom").setTicks([ticks])
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

    def _draw_points(self, x: Doubles, y: Doubles) -> None:
        known = np.flatnonzero(np.isfinite(x) & np.isfinite(y))
        self.points.setData(x=x[known], y=y[known], data=known)
        self.plot.addItem(self.points)
        if known.size and self.limits_button.isEnabled():
            lowest, sides = zip(*(_padded(values[known]) for values in (x, y)), strict=True)
            self.frame.setPos(lowest)
            self.frame.setSize(sides)
            self.plot.addItem(self.frame)

    def _on_clicked(self, item: Any, points: Any, event: Any = None) -> None:
        if len(points):
            self.row_chosen.emit(int(points[0].data()))

    def _on_limits(self) -> None:
        across, up = self.across.currentData(), self.up.currentData()
        if up is None:
            low, high = self.range.getRegion()
            self.limits_chosen.emit(across, float(low), float(high))
            return
        lowest, sides = self.frame.pos(), self.frame.size()
        for name, low, side in zip((across, up), lowest, sides, strict=True):
            self.limits_chosen.emit(name, float(low), float(low + side))


def _fill(box: QComboBox, choices: list[tuple[str, str | None]]) -> None:
    """Offer `choices` (words, data); what was chosen stays so, as far as it is among them."""
    chosen, blocked = box.currentData(), QSignalBlocker(box)
    box.clear()
    for words, data in choices:
        box.addItem(words, data)
    box.setCurrentIndex(max(0, box.findData(chosen)) if chosen else 0)
    blocked.unblock()


def _padded(values: Doubles) -> tuple[float, float]:
    """Where a frame begins that holds all values with a little room, and how long its side is."""
    low, high = float(values.min()), float(values.max())
    room = 0.02 * (high - low) or 0.5
    return low - room, high - low + 2 * room


def histogram(values: Doubles) -> tuple[Ints, Doubles]:
    """Counts (n) and edges (n + 1) of bars that are as wide as the values deserve, at most 60."""
    edges = np.histogram_bin_edges(values, "auto")
    if edges.size - 1 > _MOST_BARS:
        edges = np.linspace(values.min(), values.max(), _MOST_BARS + 1)
    counts, edges = np.histogram(values, edges)
    return counts.astype(np.int64), edges
