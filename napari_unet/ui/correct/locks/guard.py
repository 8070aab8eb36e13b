"""Keeps locked objects as they are while napari's own brush, eraser or bucket goes over them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_unet.corrections.operations.extent import along, hull, id_at, object_box
from napari_unet.ui.canvas.strokes import place_of
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork

STAY = "Locked objects stay as they are. Click them with Lock to unlock them."


class LockGuard:
    """Puts back what a stroke takes of locked objects, while it goes on.

    It runs before napari's own drag callback: at each event it puts back what the last dab took of a locked object (or
    gave to one), and remembers what is where the next dab falls. napari groups everything from press to release into
    one step of undo, so that what was put back belongs to the same step.
    """

    MODES = ("paint", "erase", "fill")

    def __init__(self, work: ImageWork) -> None:
        self._work = work
        self.held_back = 0  # pixels in this stroke

    def guard(self, event: Any) -> Iterator[None]:
        """A napari drag callback, from press to release."""
        last = event.position
        remembered = self._remember(last, last)
        yield
        while event.type == "mouse_move":
            self._put_back(remembered)
            remembered, last = self._remember(last, event.position), event.position
            yield
        self._put_back(remembered)

    def _remember(self, start: Any, end: Any) -> tuple[Any, Any] | None:
        """Where napari is about to draw, and what is there now."""
        fills = present(self._work.labels_layer).mode == "fill"
        box = self._box_of_fill(start, end) if fills else self._box_of_dab(start, end)
        return None if box is None else (box, present(self._work.labels)[box].copy())

    def _box_of_dab(self, start: Any, end: Any) -> tuple[slice, ...] | None:
        layer, work = present(self._work.labels_layer), self._work
        scale = np.abs(layer.scale)
        reach = int(np.ceil(layer.brush_size / 2 * scale[-2:].max() / scale[-2:].min())) + 2
        places = np.array([place_of(work, start), place_of(work, end)])
        low, high = places.min(axis=0), places.max(axis=0) + 1
        spread = np.zeros(len(work.shape), int)
        spread[-max(2, layer.n_edit_dimensions) :] = reach
        low, high = np.maximum(low - spread, 0), np.minimum(high + spread, work.shape)
        if (low >= high).any():
            return None
        return tuple(slice(int(first), int(last)) for first, last in zip(low, high, strict=True))

    def _box_of_fill(self, start: Any, end: Any) -> tuple[slice, ...] | None:
        """Around the objects that the bucket is about to fill."""
        work, labels = self._work, present(self._work.labels)
        through = tuple(range(max(0, present(work.labels_layer).n_edit_dimensions - 2)))
        boxes = {}
        for place in along([place_of(work, start), place_of(work, end)]):
            object_id = id_at(labels, place)
            if object_id and object_id not in boxes:
                boxes[object_id] = object_box(labels, place, through)
        return hull(boxes.values()) if boxes else None

    def _put_back(self, remembered: tuple[Any, Any] | None) -> None:
        if remembered is None or self._work.labels is None:
            return
        box, before = remembered
        now = self._work.labels[box]
        changed = now != before
        if not changed.any():
            return
        ids = np.fromiter(self._work.locked, np.int64)
        wrong = np.nonzero(changed & (np.isin(before, ids) | np.isin(now, ids)))
        if wrong[0].size:
            index = tuple(at + part.start for at, part in zip(wrong, box, strict=True))
            present(self._work.labels_layer).data_setitem(self._work.geometry.layer_index(index), before[wrong])
            self.held_back += wrong[0].size
