"""Refuses at once whatever reached a locked object past the brush's guard: napari's polygon, or a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer, Signal

from napari_unet.ui.correct.locks.guard import STAY
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.napari_private import atom_before
from napari_unet.ui.session.present import present
from napari_unet.ui.session.running.pacing import Debounced

if TYPE_CHECKING:
    from napari_unet.ui.session.session import Session

PixelsBefore = tuple[tuple[npt.NDArray[np.intp], ...], npt.NDArray[Any]]
"""Index arrays over the axes of a labels layer, and what was there before."""


class LockShield(QObject):
    """Refuses what reached a locked object past the guard, as the polygon does, right after it was written.

    The step is undone, and what of it concerned no locked object is written again, so that Ctrl+Z still takes back one
    step. `refused` tells of it in a sentence.
    """

    refused = Signal(str)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._layer: Labels | None = None
        self._steps: list[list[PixelsBefore]] = []  # since the last look, one for each step of undo
        self._taken_back: PixelsBefore | None = None  # what redo would bring again
        self._soon = Debounced(self, self._look, 0)

    def watch(self, layer: Labels) -> None:
        """Look after one more labels layer."""
        listen(self, layer.events.paint, self._on_paint)
        listen(self, layer.events.set_data, self._on_drawn)

    def _locked(self, layer: Labels) -> npt.NDArray[np.int64]:
        work = self._session.find_work(layer)
        ids = work.locked if work is not None and work.labels_layer is layer else ()
        return np.fromiter(ids, np.int64, len(ids))

    def _on_paint(self, event: Any) -> None:
        # napari tells of some edits before it writes them, so this only takes a note.
        self._taken_back = None
        if self._locked(event.source).size:
            if self._layer is not event.source:
                self._layer, self._steps = event.source, []
            self._steps.append([atom_before(atom) for atom in event.value])
            self._soon.ask()

    def _look(self) -> None:
        steps, self._steps = self._steps, []
        layer = present(self._layer)
        ids, written = self._locked(layer), join_written([atom for step in steps for atom in step])
        if not _harms(layer, written, ids):
            return
        index, _ = written
        meant = layer.data[index]
        for _ in steps:
            layer.undo()
        before = layer.data[index]
        free = (meant != before) & ~np.isin(meant, ids) & ~np.isin(before, ids)
        if free.any():
            layer.data_setitem(tuple(axis[free] for axis in index), meant[free])
        else:
            self._taken_back = (index, before)
        self.refused.emit(STAY)

    def _on_drawn(self) -> None:
        """The layer was drawn anew: redo may have brought back what was refused."""
        if self._taken_back is not None and self._layer is not None:
            ids = self._locked(self._layer)
            if ids.size and _harms(self._layer, self._taken_back, ids):
                QTimer.singleShot(0, self._layer.undo)
                self.refused.emit(STAY)


def _harms(layer: Labels, written: PixelsBefore, ids: npt.NDArray[np.int64]) -> bool:
    """Whether what lies there now took something from a locked object, or gave it to one."""
    index, before = written
    now = layer.data[index]
    suspect = np.isin(before, ids) | np.isin(now, ids)
    if not suspect.any():
        return False
    # A stroke passes a pixel more than once, and the guard puts it back: what counts is what was there first.
    codes: npt.NDArray[np.intp] = np.asarray(np.ravel_multi_index(index, layer.data.shape))
    touched = np.flatnonzero(np.isin(codes, np.unique(codes[suspect])))
    _, first = np.unique(codes[touched], return_index=True)
    first = touched[first]
    changed = first[now[first] != before[first]]
    return bool((np.isin(before[changed], ids) | np.isin(now[changed], ids)).any())


def join_written(atoms: list[PixelsBefore]) -> PixelsBefore:
    """All pixels of several atoms, in their order."""
    index = tuple(np.concatenate(axes) for axes in zip(*(index for index, _ in atoms), strict=True))
    return index, np.concatenate([before for _, before in atoms])
