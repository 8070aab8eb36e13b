"""Objects coloured by a value of theirs: from dark to bright, with the scale beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from napari.utils.colormaps import DirectLabelColormap, ensure_colormap
from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtGui import QImage, QPixmap
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_unet.ui.results.object_table import text_of
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.running.threads import run_errand
from napari_unet.ui.widgets.access.caption import caption

if TYPE_CHECKING:
    from collections.abc import Callable

    from napari.layers import Labels

    from napari_unet.events import Failed
    from napari_unet.labels.types import Doubles, Ints
    from napari_unet.ui.results.measuring import Measured
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

NONE = "each in its own colour"
MAP = "viridis"
# So few different colours are drawn from a small table, which is quicker; nobody sees more.
_SHADES = 64
_PERCENTILES = (2, 98)  # a single odd object must not take all the colours
_UNKNOWN = np.array([0.5, 0.5, 0.5, 1.0])
_STRIP = (70, 10)


class ValueColours(QWidget):
    """A choice of the column, and the scale. Colours go back to what they were with the first entry."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._work: ImageWork | None = None
        self._measured: Measured | None = None
        self._usual: dict[str, Any] = {}  # a layer and its own colours, by the image's key
        self._chosen: dict[str, str] = {}
        self._asked = 0
        self.box = QComboBox(toolTip="Colour the objects by one of their values: dark is low, bright is high")
        self.box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.box.setMinimumContentsLength(8)
        self.low_label, self.high_label, self.strip = QLabel(), QLabel(), QLabel()
        self.strip.setPixmap(_strip())
        self.scale = QWidget()
        row, scale, layout = QHBoxLayout(), QHBoxLayout(self.scale), QVBoxLayout(self)
        row.addWidget(caption("Colour by", self.box))
        row.addWidget(self.box, 1)
        for widget in (self.low_label, self.strip, self.high_label):
            scale.addWidget(widget)
        scale.addStretch(1)
        layout.setContentsMargins(0, 0, 0, 0)
        scale.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self.scale)
        self.box.currentIndexChanged.connect(self._on_chosen)
        listen(self, session.viewer.dims.events.current_step, self._on_moved)

    def show_table(self, work: ImageWork | None, measured: Measured | None, heading: Callable[[str], str]) -> None:
        """Offer the columns of another table; what was chosen for this image stays."""
        self._work, self._measured = work, measured
        blocked = QSignalBlocker(self.box)
        self.box.clear()
        self.box.addItem(NONE, None)
        for name in () if measured is None else number_columns(measured):
            self.box.addItem(heading(name), name)
        chosen = None if work is None else self._chosen.get(work.key)
        self.box.setCurrentIndex(max(0, self.box.findData(chosen)))
        blocked.unblock()
        self.setVisible(measured is not None)
        self._paint()

    def _on_chosen(self) -> None:
        name = self.box.currentData()
        key = present(self._work).key
        if name is None:
            self._chosen.pop(key, None)
        else:
            self._chosen[key] = name
        self._paint()

    def _on_moved(self) -> None:
        """Another frame is in view: the same ids may be other objects there."""
        if self._measured is not None and self._measured.located.frames and self.box.currentData() is not None:
            self._paint()

    def _paint(self) -> None:
        work, measured, name = self._work, self._measured, self.box.currentData()
        layer = None if work is None else work.labels_layer
        self.scale.setVisible(name is not None)
        self._asked += 1
        if layer is None:
            return
        if name is None or measured is None:
            self._put_back(present(work), layer)
            return
        values = measured.located.table[name].to_numpy(float)
        low, high = colour_limits(values)
        self.low_label.setText(text_of(low))
        self.high_label.setText(text_of(high))
        rows = measured.located.rows_in(present(work).plane_at(self._session.viewer.dims.point))
        ids = measured.located.table["label"].to_numpy()[rows]
        run_errand(lambda: colours_of(ids, values[rows], low, high), self._on_made, present(work), layer, self._asked)

    def _on_made(self, made: DirectLabelColormap | Failed, work: ImageWork, layer: Labels, asked: int) -> None:
        if asked != self._asked or layer is not work.labels_layer or not isinstance(made, DirectLabelColormap):
            return  # something else was asked for meanwhile
        shown = present(layer)
        if self._usual.get(work.key, (None,))[0] is not shown:
            self._usual[work.key] = shown, shown.colormap
        shown.colormap = made

    def _put_back(self, work: ImageWork, layer: Labels) -> None:
        coloured, usual = self._usual.pop(work.key, (None, None))
        if coloured is layer:
            layer.colormap = usual


def number_columns(measured: Measured) -> list[str]:
    """The columns of a table that are values of objects."""
    table, keys = measured.located.table, {"label", "unit", "t", "z"}
    return [name for name in table.columns if name not in keys and table[name].dtype.kind in "iuf"]


def colour_limits(values: Doubles) -> tuple[float, float]:
    """Between which values colours change: nearly all lie there; (0, 1) if none is known."""
    known = values[np.isfinite(values)]
    if not known.size:
        return 0.0, 1.0
    low, high = np.percentile(known, _PERCENTILES)
    return float(low), float(high)


def colours_of(ids: Ints, values: Doubles, low: float, high: float) -> DirectLabelColormap:
    """Colours of objects by their values; grey for those whose value is not known, and for new ones."""
    palette = ensure_colormap(MAP).map(np.linspace(0, 1, _SHADES))
    share = np.clip((values - low) / max(high - low, 1e-12), 0, 1)
    known = np.isfinite(share)
    shades = np.where(known, np.minimum(np.nan_to_num(share) * _SHADES, _SHADES - 1), 0).astype(int)
    found: dict[int | None, Any] = {None: _UNKNOWN, 0: np.zeros(4)}
    for label, shade, is_known in zip(ids.tolist(), shades.tolist(), known.tolist(), strict=True):
        found[label] = palette[shade] if is_known else _UNKNOWN
    return DirectLabelColormap(color_dict=found)


def _strip() -> QPixmap:
    """The colours from low to high."""
    line = (255 * ensure_colormap(MAP).map(np.linspace(0, 1, _STRIP[0]))[:, :3]).astype(np.uint8)
    pixels = np.ascontiguousarray(np.tile(line, (_STRIP[1], 1, 1)))
    image = QImage(pixels.tobytes(), *_STRIP, 3 * _STRIP[0], QImage.Format.Format_RGB888)
    return QPixmap.fromImage(image.scaled(*_STRIP, Qt.AspectRatioMode.IgnoreAspectRatio))
