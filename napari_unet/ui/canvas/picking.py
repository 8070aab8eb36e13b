"""Clicks on the canvas: which object of the labels was meant, for the list to show its row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QObject, Signal

from napari_unet.corrections.operations.extent import id_at
from napari_unet.labels.types import PlaneIndex
from napari_unet.ui.canvas.strokes import place_of
from napari_unet.ui.session.listening import listen, weakly
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.ui.session.session import Session


class ObjectPicker(QObject):
    """Tells with `clicked` at which place of the world; `free` says whether clicks have no other meaning just now."""

    clicked = Signal(object)

    def __init__(self, session: Session, free: Callable[[], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._free = session, free
        self._bound: list[Labels] = []
        listen(self, session.current_changed, self._bind)
        listen(self, session.labels_changed, self._bind)
        self._bind()

    def object_at(self, position: Any) -> tuple[PlaneIndex, int] | None:
        """The plane and the id of the object at a place of the world; None if there is none."""
        work = self._session.current
        if work is None or work.labels_layer is None:
            return None
        at = place_of(work, position)
        object_id = id_at(present(work.labels), at)
        return (at[:-2], object_id) if object_id else None

    def _bind(self) -> None:
        work = self._session.current
        layer = None if work is None else work.labels_layer
        if layer is not None and not any(layer is bound for bound in self._bound):
            self._bound.append(layer)
            layer.mouse_drag_callbacks.append(weakly(self._on_mouse))
        present = self._session.viewer.layers
        self._bound = [layer for layer in self._bound if layer in present]

    def _on_mouse(self, layer: Labels, event: Any) -> Iterator[None]:
        if event.button == 1 and self._free():
            yield
            if event.type == "mouse_release":  # not after a drag, which moves the camera
                self.clicked.emit(np.asarray(event.position))
