"""How labels lie over the image: as outlines, so that what they are about is seen, and filled while a key is held."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from napari.layers import Labels
from qtpy.QtCore import QObject, Signal

from napari_unet.ui.session.jobs import SEGMENT
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.running.pacing import Debounced

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

CONTOUR_PIXELS = 2
_QUICK, _MOST = 1_000_000, 4_500_000
"""Pixels of a plane: outlines cost time whenever all of it is drawn. Above the first, only once nothing is written."""


class LabelLook(QObject):
    """Gives each layer of labels its look once; what the user chooses for it later stays. `changed`: `filled` is."""

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        # napari fills objects in 3D by itself; that it does is seen, and a warning for every slice helps nobody.
        warnings.filterwarnings("ignore", "Contours are not displayed during 3D rendering", UserWarning)
        self._session = session
        self._dressed: WeakSet[Labels] = WeakSet()
        self.filled = False
        self._soon = Debounced(self, self._dress, 0)
        for signal in (session.labels_changed, session.prediction_changed, session.jobs.changed):
            listen(self, signal, self._on_changed)
        self._on_changed()

    def toggle(self) -> None:
        """Fill the objects of all images, or show their outlines."""
        self.filled = not self.filled
        for work in self._session.works:
            if work.labels_layer in self._dressed:
                self._show(work, self.filled)
        self.changed.emit()

    def hold(self, layer: Any = None) -> Iterator[None]:
        """The other look, for as long as a key is held (a key callback of napari's)."""
        work = self._session.current
        if work is None or work.labels_layer is None:
            return
        before = work.labels_layer.contour
        held = work.labels_layer
        held.contour = 0 if before else CONTOUR_PIXELS
        yield
        held.contour = before

    def _on_changed(self) -> None:
        self._soon.ask()

    def _dress(self) -> None:
        job = self._session.job
        for work in self._session.works:
            layer, pixels = work.labels_layer, work.shape[-2] * work.shape[-1]
            busy = job is not None and job.owner == SEGMENT and pixels > _QUICK
            if layer is None or layer in self._dressed or busy:
                continue
            self._dressed.add(layer)
            if work.head.draws_objects and pixels <= _MOST:
                self._show(work, self.filled)

    def _show(self, work: ImageWork, filled: bool) -> None:
        layer = work.labels_layer
        if layer is not None and work.head.draws_objects:
            layer.contour = 0 if filled else CONTOUR_PIXELS
