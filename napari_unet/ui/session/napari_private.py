"""The one place that relies on what napari does not promise. `test_napari_private` says what breaks when it changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from napari.qt.threading import GeneratorWorker
from qtpy.QtCore import QThreadPool

Box = tuple[slice | int, ...]
"""A slice or an index for each axis of a labels layer."""
Pixels = tuple[npt.NDArray[np.intp], ...]
"""Index arrays over the axes of a labels layer."""


def atom_place(atom: Any) -> tuple[Box | None, Pixels]:
    """Where one atom of a labels layer's history writes: a box, or else (None) pixels.

    `events.paint` carries such atoms. Since napari 0.8 strokes are `_MaskedPaintAtom`s, with a box and a mask in it;
    all other edits are tuples (index, values before, values after). See napari's `Labels._save_history`.
    """
    box = getattr(atom, "slice_key", None)
    if box is not None:
        return tuple(box), ()
    arrays = np.broadcast_arrays(*(np.asarray(part, np.intp).ravel() for part in atom[0]))
    return None, tuple(arrays)


def atom_before(atom: Any) -> tuple[Pixels, npt.NDArray[Any]]:
    """The pixels that one atom writes to, and what was there before."""
    box, pixels = atom_place(atom)
    if box is None:
        return pixels, np.broadcast_to(np.asarray(atom[1]).ravel(), pixels[0].shape)
    starts = [part.start or 0 if isinstance(part, slice) else int(part) for part in box]
    shape = [part.stop - start if isinstance(part, slice) else 1 for part, start in zip(box, starts, strict=True)]
    mask = np.ones(shape, bool) if atom.mask is None else np.asarray(atom.mask).reshape(shape)
    index = tuple(found + start for found, start in zip(np.nonzero(mask), starts, strict=True))
    return index, np.asarray(atom.old_values).ravel()


class PooledWorker(GeneratorWorker):
    """A generator worker that runs in `pool`, and closes its generator when told to quit.

    napari's worker runs in the program's own pool, and leaves the generator suspended after `quit()`, so that its
    `finally` clauses run much later, on the main thread.
    """

    pool: QThreadPool

    def start(self) -> None:
        self._worker_set.add(self)
        self._finished.connect(self._set_discard)
        self.pool.start(self)

    def work(self) -> Any:
        try:
            return super().work()
        finally:
            self._gen.close()
