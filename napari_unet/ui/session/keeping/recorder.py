"""Hands every change of one labels layer to the project: what a stroke costs depends on the stroke.

Strokes and tools tell where they write; undo and redo are looked for where the last steps were. Whatever else was
written is found by a comparison in a thread of its own, a moment after the layer was drawn anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from napari.layers import Labels
from qtpy.QtCore import QObject, Signal

from napari_unet.events import Failed
from napari_unet.project.storage.journal import Edit, History, Kind
from napari_unet.project.storage.tiles import (
    TILE,
    TileChange,
    TileKey,
    all_tiles,
    apply_changes,
    copy_array,
    find_changes,
    scan,
    tiles_in_box,
)
from napari_unet.ui.session.napari_private import atom_place, is_known_empty
from napari_unet.ui.session.running.pacing import Debounced
from napari_unet.ui.session.running.threads import run_errand

if TYPE_CHECKING:
    from napari_unet.ui.session.history.label_stores import LabelStores
    from napari_unet.ui.session.image_work import ImageWork

_QUIET_MS = 250
_MOST_TILES = 64
"""If more tiles were written past the history, all of the array is saved anew: a model drew it."""


class Recorder(QObject):
    """Follows the layer of one `role` of an image. `edited` tells of an edit, `rewritten` that all of it is new."""

    edited = Signal(object)  # Edit
    rewritten = Signal()

    def __init__(self, work: ImageWork, role: str, stores: LabelStores, history: History | None = None) -> None:
        super().__init__()
        self.work, self.role = work, role
        self.layer: Labels = work.layers[role]
        self.history = history or History()
        self.paused = False
        """While a model writes: strokes are still recorded."""
        array = self._array()
        # Even to read memory that was never written takes a second for a plane of 20,000 pixels a side; `zeros_like`,
        # unlike `zeros`, writes to all of it.
        empty = is_known_empty(self.layer)
        self._stores = stores
        self.saved: npt.NDArray[Any] = self._make() if empty else copy_array(array, self._make())
        self._painted: set[TileKey] = set()
        self._scanning = self._stroking = False
        self._n_edits = 0
        self._last: Edit | None = None
        self._spare: npt.NDArray[Any] | None = None
        self._soon = Debounced(self, self._record_painted, 0)
        self._quiet = Debounced(self, self._scan, _QUIET_MS)
        self.layer.events.paint.connect(self._on_paint)
        self.layer.events.set_data.connect(self._on_drawn)
        # Before napari's own, which paint as soon as the button is down.
        self.layer.mouse_drag_callbacks.insert(0, self._on_mouse)

    def _make(self) -> npt.NDArray[Any]:
        """Room for all that is recorded: on the disk, where it is too large for memory."""
        return self._stores.empty(self.work, "recorded", self._array().dtype)

    @property
    def alive(self) -> bool:
        """Whether the layer is still that of its role, and of the same shape and type."""
        array = self._array()
        return (
            self.work.layers.get(self.role) is self.layer
            and array is not None
            and (array.shape, array.dtype) == (self.saved.shape, self.saved.dtype)
        )

    def look_again(self) -> None:
        """Something may have been written past the layer's own history."""
        self._quiet.ask()

    @property
    def stroking(self) -> bool:
        """Whether a stroke is being made."""
        return self._stroking

    def settle(self) -> None:
        """Record what was painted as it is, because a model is about to write."""
        self._soon.cancel()
        self._record_painted()

    def record_write(self, box: tuple[slice, ...]) -> Edit | None:
        """Record what a model wrote in `box` (a slice for each of our axes), past the history; None if nothing."""
        n_before = self._n_edits
        if self.alive:
            self._record(find_changes(self.saved, self._array(), tiles_in_box(self.saved.shape, box)), Kind.WRITE)
        return self._last if self._n_edits > n_before else None

    def finish(self) -> None:
        """Record at once whatever was done."""
        self._soon.cancel()
        self._record_painted()
        if (self._quiet.waiting or self._scanning) and not self.paused and self.alive:
            self._quiet.cancel()  # what a thread is still looking for is found here, too
            self._stroking = False
            self._on_scanned(_scan_and_copy(self.saved, self._array(), self._make), self._n_edits)

    def close(self) -> None:
        """Listen no more."""
        self._soon.cancel()
        self._quiet.cancel()
        self.layer.events.paint.disconnect(self._on_paint)
        self.layer.events.set_data.disconnect(self._on_drawn)
        if self._on_mouse in self.layer.mouse_drag_callbacks:
            self.layer.mouse_drag_callbacks.remove(self._on_mouse)

    def _array(self) -> Any:
        return self.work.geometry.from_layer(self.layer.data)

    def _on_mouse(self, layer: Labels, event: Any) -> Iterator[None]:
        """Half a stroke is not looked for: it is recorded as the one edit that it is, when it ends."""
        self._record_painted()
        self._stroking = True
        yield
        while event.type == "mouse_move":
            yield
        self._stroking = False

    # -- strokes and tools ----------------------------------------------------------------------------------------

    def _on_paint(self, event: Any) -> None:
        # Some of napari's edits tell of themselves before they write, so this only takes a note.
        self._record_painted()
        self._painted |= self._tiles_of(getattr(event, "value", None))
        self._soon.ask()

    def _record_painted(self) -> None:
        keys, self._painted = self._painted, set()
        if keys and self.alive:
            self._record(find_changes(self.saved, self._array(), keys), Kind.EDIT)

    def _tiles_of(self, atoms: Any) -> set[TileKey]:
        """The tiles that a history item of napari writes to; all of them if it cannot be understood."""
        found: set[TileKey] = set()
        try:
            for atom in atoms:
                box, pixels = atom_place(atom)
                if box is not None:
                    found.update(tiles_in_box(self.saved.shape, self._in_our_axes(box)))
                else:
                    found.update(_tiles_at(self._in_our_axes(pixels), self.saved.shape))
        except (TypeError, ValueError, IndexError, AttributeError):
            return set(all_tiles(self.saved.shape))
        return found

    def _in_our_axes(self, index: Iterable[Any]) -> tuple[Any, ...]:
        geometry = self.work.geometry
        at = dict(zip(geometry.layer_axes, index, strict=True))
        return tuple(at[letter] for letter in geometry.axes)

    # -- undo, redo and the rest ----------------------------------------------------------------------------------

    def _on_drawn(self, event: Any = None) -> None:
        """The layer was drawn anew: it may have been undo, or a write of ours; or another slice is in view."""
        if not self.alive or self._painted:
            return
        if self._stroking:
            self._quiet.ask()
            return
        steps = [*self.history.done[-1:], *self.history.undone[-1:]]
        keys = {change.key for edit in steps for change in edit.changes}
        changes = find_changes(self.saved, self._array(), keys)
        kind = self.history.recognize(changes) if changes else None
        if kind is not None:
            self._record(changes, kind)
        else:
            self._quiet.ask()

    def _scan(self) -> None:
        if not self.alive:
            return
        if self._scanning or self.paused or self._stroking:
            self._quiet.ask()
            return
        self._scanning = True
        before, after = self.saved, self._array()
        run_errand(lambda: _scan_and_copy(before, after, self._make), self._on_scanned, self._n_edits)

    def _on_scanned(self, found: _Scanned | Failed, n_edits: int) -> None:
        self._scanning = False
        if isinstance(found, Failed) or not found.keys or not self.alive:
            return
        # A copy that was made while somebody painted may hold half a stroke.
        if self.paused or self._stroking or self._painted or (found.copies and n_edits != self._n_edits):
            self._quiet.ask()
            return
        if found.copies:
            self._stores.remove(self.saved)
            self.saved, self._spare = found.copies
            self.history.add(Edit(Kind.BASE, ()))
            self.rewritten.emit()
            self._spare = None
            return
        changes = find_changes(self.saved, self._array(), found.keys)
        self._record(changes, self.history.recognize(changes) or Kind.WRITE)

    def copy(self) -> npt.NDArray[Any]:
        """All that is recorded, for whoever keeps it. Where all of it is new, a copy was made beside the window.

        What lies on the disk is handed over as it is: who keeps it hears of each edit after that, and an edit that is
        in it already changes nothing.
        """
        spare, self._spare = self._spare, None
        if spare is None:
            return self.saved if isinstance(self.saved, np.memmap) else copy_array(self.saved)
        return spare

    def _record(self, changes: list[TileChange], kind: Kind) -> None:
        if changes:
            self._n_edits += 1
            apply_changes(self.saved, changes)
            self._last = edit = Edit(kind, tuple(changes))
            self.history.add(edit)
            self.edited.emit(edit)


@dataclass(frozen=True, eq=False)
class _Scanned:
    """Tiles that differ; where these are many, two `copies` of all that is there now."""

    keys: list[TileKey]
    copies: tuple[npt.NDArray[Any], ...]


def _scan_and_copy(before: npt.NDArray[Any], after: npt.NDArray[Any], make: Callable[[], npt.NDArray[Any]]) -> _Scanned:
    keys = [key for part in scan(before, after) for key in part]
    if len(keys) <= _MOST_TILES:
        return _Scanned(keys, ())
    copied = copy_array(after, make())
    return _Scanned(keys, (copied, copied if isinstance(copied, np.memmap) else copied.copy()))


def _tiles_at(index: tuple[Any, ...], shape: tuple[int, ...]) -> set[TileKey]:
    """The tiles of pixels, given as index arrays."""
    arrays = np.broadcast_arrays(*(np.asarray(part, np.intp).ravel() for part in index))
    rows, columns = arrays[-2] // TILE, arrays[-1] // TILE
    plane = np.ravel_multi_index(arrays[:-2], shape[:-2]) if len(shape) > 2 else np.zeros_like(rows)
    n_rows, n_columns = -(-shape[-2] // TILE), -(-shape[-1] // TILE)
    codes = np.unique((plane * n_rows + rows) * n_columns + columns)
    return {
        TileKey(code // (n_rows * n_columns), code // n_columns % n_rows, code % n_columns) for code in codes.tolist()
    }
