"""The classes of the current image as buttons, a click on which takes the brush; and what was painted, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Signal
from qtpy.QtGui import QColor, QIcon, QPixmap
from qtpy.QtWidgets import QGridLayout, QLabel, QPushButton, QWidget

from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.widgets.access.order import put_in_order

if TYPE_CHECKING:
    from napari.layers import Labels

    from napari_unet.ui.session.image_work import ImageWork

_COLUMNS = 3
_ICON = 12  # pixels


class ClassPalette(QWidget):
    """Hidden where labels are objects. `chosen`: a class was clicked, and is the layer's selected label now."""

    chosen = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.buttons: list[QPushButton] = []
        self._layer: Labels | None = None
        self._names: tuple[str, ...] = ()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(3)
        self._grid.addWidget(QLabel("Paint as:"), 0, 0, 1, _COLUMNS)
        self.hide()

    def show_work(self, work: ImageWork | None) -> None:
        """The classes of this image, and which of them is selected."""
        names = () if work is None or work.labels_layer is None else work.class_names
        layer = present(work).labels_layer if names else None
        if names != self._names or layer is not self._layer:
            self._watch(layer)
            self._names = names
            self._fill()
        self.setVisible(bool(names))
        self._on_selected()

    def _watch(self, layer: Labels | None) -> None:
        self._layer = layer
        if layer is not None:
            listen(self, layer.events.selected_label, self._on_selected)
            listen(self, layer.events.colormap, self._fill)

    def _fill(self, event: Any = None) -> None:
        for button in self.buttons:
            self._grid.removeWidget(button)
            button.deleteLater()
        self.buttons = [self._make(value, name) for value, name in enumerate(self._names)]
        for number, button in enumerate(self.buttons):
            self._grid.addWidget(button, 1 + number // _COLUMNS, number % _COLUMNS)
        put_in_order(self, *self.buttons)

    def _make(self, value: int, name: str) -> QPushButton:
        button = QPushButton(name, checkable=True)
        button.setIcon(_icon(self._layer, value))
        button.setMinimumWidth(10)
        button.setToolTip(f"{name}: paint with the value {value}" + ("" if value else ", which erases"))
        button.clicked.connect(lambda: self._choose(value))
        return button

    def _choose(self, value: int) -> None:
        if self._layer is not None:
            self._layer.selected_label = value
            self.chosen.emit(value)
        self._on_selected()

    def _on_selected(self, event: Any = None) -> None:
        selected = None if self._layer is None else self._layer.selected_label
        for value, button in enumerate(self.buttons):
            button.setChecked(value == selected)


def _icon(layer: Labels | None, value: int) -> QIcon:
    """The colour of a value on the canvas; none of the background, which has none."""
    colour = None if layer is None or value == 0 else layer.get_color(value)
    if colour is None:
        return QIcon()
    pixmap = QPixmap(_ICON, _ICON)
    pixmap.fill(QColor(*(round(255 * float(part)) for part in colour[:3])))
    return QIcon(pixmap)


def describe_painted(pixels: Mapping[int, int], names: Sequence[str]) -> str:
    """For example "Corrected: 1,240 pixels to tissue, 300 to gland"; `pixels` by the value that they have now."""
    known = [(count, names[value] if value < len(names) else f"value {value}") for value, count in pixels.items()]
    if not known:
        return "No pixels corrected yet"
    parts = [f"{count:,} to {name}" for count, name in sorted(known, reverse=True)]
    first, rest = parts[0].split(" ", 1)
    return "Corrected: " + ", ".join([f"{first} {'pixel' if first == '1' else 'pixels'} {rest}", *parts[1:]])
