"""Clicks and keys that give objects a class: while they do, keys 1 to 9 are classes, and not napari's tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari.layers import Layer
from qtpy.QtCore import QObject, Signal

from napari_unet.classification.marked import MOST_CLASSES
from napari_unet.ui.canvas.picking import ObjectPicker
from napari_unet.ui.canvas.strokes import place_of
from napari_unet.ui.session.listening import listen, weakly

if TYPE_CHECKING:
    from napari_unet.labels.types import Place
    from napari_unet.ui.session.session import Session

_KEYS = tuple(str(number) for number in range(10))


class ClassClicks(QObject):
    """`clicked` (place) and `key_pressed` (class or -1 for key 0, place or None), while `on`."""

    clicked = Signal(object)
    key_pressed = Signal(int, object)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self.on = False
        self._bound: list[Layer] = []
        self.picker = ObjectPicker(session, self._is_free, self)
        self.picker.clicked.connect(self._on_click)
        listen(self, session.current_changed, self._bind)
        listen(self, session.labels_changed, self._bind)

    def set_on(self, on: bool) -> None:
        """Let clicks and keys give classes, or be what they were."""
        self.on = on
        self._bind()

    def place_under_mouse(self) -> Place | None:
        """The pixel of the current image's labels under the mouse; None if it is on no object."""
        return self._place(self._session.viewer.cursor.position)

    def _is_free(self) -> bool:
        work = self._session.current
        layer = None if work is None else work.labels_layer
        return self.on and layer is not None and layer.mode in ("pan_zoom", "pick") and layer.mouse_pan

    def _on_click(self, position: Any) -> None:
        place = self._place(position)
        if place is not None:
            self.clicked.emit(place)

    def _place(self, position: Any) -> Place | None:
        work = self._session.current
        return place_of(work, position) if self.picker.object_at(position) is not None and work is not None else None

    def _bind(self) -> None:
        work = self._session.current
        wanted = [] if work is None or not self.on else [layer for layer in (work.layer, work.labels_layer) if layer]
        for layer in self._bound:
            if not any(layer is own for own in wanted):
                for key in _KEYS:
                    layer.keymap.pop(_binding(key), None)
        for layer in wanted:
            for number, key in enumerate(_KEYS[: MOST_CLASSES + 1]):
                layer.bind_key(key, weakly(self._on_key, number - 1), overwrite=True)
        self._bound = wanted

    def _on_key(self, which: int, layer: Layer) -> None:
        self.key_pressed.emit(which, self.place_under_mouse())


def _binding(key: str) -> Any:
    from app_model.types import KeyBinding

    return KeyBinding.from_str(key)
