"""Writing what was segmented into labels that a person may be painting on: strokes always win."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import PlaneIndex
from napari_unet.ui.session.image_work import ImageWork
from napari_unet.ui.session.napari_private import redraw_all, redraw_part, redraw_thumbnail
from napari_unet.workflows.replacement import Replacement

REFRESH_SECONDS = 0.25
DRAWING_SHARE = 20
"""Where only all of a plane can be drawn anew, which for a large one takes long, it rests so many times as long."""
_PROBES = 64


class LiveLabels:
    """Shows labels in a layer as they are finished. `written` is all that came from the model so far.

    A pixel that is not what was written there before was painted in the meantime, and stays.
    """

    def __init__(self, work: ImageWork, role: str, written: npt.NDArray[np.int32], offset: int) -> None:
        self.layer = work.layers[role]
        self.written = written
        self.anything = False
        self._work, self._role, self._offset = work, role, offset
        self._undrawn = False  # whether something could not be drawn by itself
        self._drawn = self._took = 0.0

    @property
    def alive(self) -> bool:
        """Whether the layer is still there and still has the image's shape."""
        return self._work.layers.get(self._role) is self.layer and self._target() is not None

    def write(self, plane: PlaneIndex, region: tuple[slice, ...], labels: npt.NDArray[np.int32]) -> None:
        """Put `labels` (Y, X) of a region of a plane in place."""
        target = self._target()
        if target is None:
            return
        at: Any = (*plane, *region)
        new = np.where(labels > 0, labels + self._offset, 0).astype(np.int32) if self._offset else labels
        now, before = target[at], self.written[at]
        np.copyto(now, new, where=now == before)
        before[...] = new
        self.anything = True
        if redraw_part(self.layer, self._work.geometry.layer_box(at)):
            return
        self._undrawn = True
        if time.monotonic() - self._drawn > max(REFRESH_SECONDS, DRAWING_SHARE * self._took):
            self._redraw()

    def finish(self) -> None:
        """Show all that was written, in the list of layers too."""
        if self.alive:
            if self._undrawn:
                self._redraw()
            redraw_thumbnail(self.layer)

    def _redraw(self) -> None:
        start = time.monotonic()
        if self.alive:
            redraw_all(self.layer)
        self._undrawn, self._drawn = False, time.monotonic()
        self._took = self._drawn - start

    def _target(self) -> npt.NDArray[Any] | None:
        return self._work.geometry.from_layer(self.layer.data)


def apply_replacement(work: ImageWork, replacement: Replacement) -> None:
    """Write the changes through the layer's own history, as one step that can be undone; newer strokes stay."""
    layer, labels = work.labels_layer, work.labels
    if layer is None or labels is None:
        return
    with layer.block_history():
        for plane, (rows, columns), before, after in replacement.changes:
            same = labels[plane][rows, columns] == before
            rows, columns, after = rows[same], columns[same], after[same]
            if not rows.size:
                continue
            index = (*(np.full_like(rows, position) for position in plane), rows, columns)
            layer.data_setitem(work.geometry.layer_index(index), after, refresh=False)
    layer.refresh()


class PredictionUndo:
    """Takes the prediction along when the user undoes or redoes segmenting again.

    Otherwise the labels of before would be compared with the prediction of after, and all would look corrected.
    """

    def __init__(self, work: ImageWork, replacement: Replacement) -> None:
        self._work = work
        self._versions = (work.prediction, replacement.prediction)
        self._state = 1
        self._probes = _probe(replacement)
        self._layer = work.labels_layer
        if self._layer is not None:
            self._layer.events.set_data.connect(self._on_drawn)

    def close(self) -> None:
        if self._layer is not None:
            self._layer.events.set_data.disconnect(self._on_drawn)
        self._layer = None

    def _on_drawn(self, event: Any = None) -> None:
        labels = self._work.labels
        if labels is None or not self._probes or self._work.prediction is not self._versions[self._state]:
            return
        index, *values = self._probes
        agreement = [np.mean(labels[index] == value) for value in values]
        state = int(agreement[1] >= agreement[0])
        if state != self._state and agreement[state] > 0.9:
            self._state = state
            self._work.prediction = self._versions[state]


def _probe(replacement: Replacement) -> tuple[Any, ...]:
    """Some of the changed pixels: (index arrays, values before, values after)."""
    index, before, after = [], [], []
    step = max(1, len(replacement.changes) // _PROBES)
    for plane, (rows, columns), old, new in replacement.changes[::step]:
        pick = np.linspace(0, rows.size - 1, min(rows.size, _PROBES)).astype(int)
        index += [(*plane, row, column) for row, column in zip(rows[pick], columns[pick], strict=True)]
        before += old[pick].tolist()
        after += new[pick].tolist()
    return (tuple(np.array(index).T), np.array(before), np.array(after)) if index else ()
