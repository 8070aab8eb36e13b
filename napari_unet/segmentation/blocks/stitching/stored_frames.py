"""Frames of a time-lapse as its blocks have them, with ids of the image: what is changed in them is kept by block."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.events import StopFlag
from napari_unet.labels.types import Box
from napari_unet.models.running.aside import Stopped
from napari_unet.segmentation.blocks.stitching.numbering import Numbering
from napari_unet.segmentation.blocks.stitching.tasks import OWN
from napari_unet.segmentation.blocks.store import BlockStore

PARTED = "parted"
"""What is kept of a block whose objects were parted: pixels (flat) and the ids they have since."""

_HELD = 12  # blocks in memory: one of each frame that is looked at together, and some neighbours
_SMALL_IDS = 2**30  # ids below this, and those of all that is parted, are held as int32


class StoredFrames:
    """Reads and changes labels with ids of `numbering`, block by block; implements `labels.stacks.frames.Frames`.

    A frame may have thousands of blocks: after a `stop` none is read any more, and `Stopped` is raised.
    """

    def __init__(self, store: BlockStore, numbering: Numbering, stop: StopFlag) -> None:
        self._store, self._numbering, self._grid = store, numbering, store.grid
        self._stop = stop
        self._units = {unit: number for number, unit in enumerate(store.units)}
        self._inside = {unit[1:] for unit in store.units}  # planes of a frame, if units are planes of volumes
        self._next = numbering.total + 1
        self._dtype = np.int32 if numbering.total < _SMALL_IDS else np.int64
        self._held: dict[int, npt.NDArray[Any]] = {}

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(map(int, self._store.pieces.shape))

    def parts(self, t: int) -> Iterator[Box]:
        """The blocks of a frame in which something is."""
        tree, tables = self._numbering.tree, self._numbering.tables
        groups = tree.n_groups(1) // self._grid.n_units
        for inside in sorted(self._inside):
            unit = self._units[t, *inside]
            for group in range(unit * groups, (unit + 1) * groups):
                own = tables.read(OWN, 1, group)
                for number in own["blocks"][own["counts"] > 0].tolist() if own else ():
                    yield self._place(number)

    def read(self, t: int, box: Box) -> npt.NDArray[Any]:
        found = np.zeros([one.stop - one.start for one in box], self._dtype)
        for number in self._meeting(t, box):
            there, own = _common(box, self._place(number))
            found[there] = self._block(number)[own]
        return found

    def write(self, t: int, box: Box, labels: npt.NDArray[Any]) -> None:
        for number in self._meeting(t, box):
            there, own = _common(box, self._place(number))
            block = self._block(number)
            before = block.copy()
            block[own] = labels[there]
            self._keep(number, block, np.flatnonzero(block != before))

    def fresh(self, t: int, n: int) -> int:
        first = self._next
        self._next += n
        return first

    def _keep(self, number: int, block: npt.NDArray[Any], changed: npt.NDArray[np.int64]) -> None:
        """Keep the ids of pixels that have `changed`, and of those that had before."""
        known = self._numbering.tables.read(PARTED, 0, number)
        pixels = np.union1d(known["pixels"], changed) if known else changed
        if pixels.size:
            ids = block.ravel()[pixels].astype(np.int64)
            self._numbering.tables.keep(PARTED, 0, number, pixels=pixels, ids=ids)

    def _block(self, number: int) -> npt.NDArray[Any]:
        """The labels of a block as they are by now, over all axes of a frame; those read last are held."""
        block = self._held.pop(number, None)
        if block is None:
            if self._stop.requested:
                raise Stopped
            ids = self._numbering.ids_of(number).astype(self._dtype)
            block = ids[self._store.core(number)]
            parted = self._numbering.tables.read(PARTED, 0, number)
            if parted:
                block.ravel()[parted["pixels"]] = parted["ids"]
            block = block.reshape([one.stop - one.start for one in self._place(number)])
        self._held[number] = block
        while len(self._held) > _HELD:
            del self._held[next(iter(self._held))]
        return block

    def _place(self, number: int) -> Box:
        """Where in its frame a block is."""
        block = self._grid.block(number)
        return (*(slice(at, at + 1) for at in self._store.units[block.unit][1:]), *block.core)

    def _meeting(self, t: int, box: Box) -> Iterator[int]:
        """The blocks of a frame that have something of a box."""
        n_outer = len(box) - len(self._grid.sides)
        spans = [
            range(one.start // side, -(-one.stop // side))
            for one, side in zip(box[n_outer:], self._grid.sides, strict=True)
        ]
        for inside in product(*(range(one.start, one.stop) for one in box[:n_outer])):
            first = self._units[t, *inside] * self._grid.per_unit
            for at in product(*spans):
                yield first + int(np.ravel_multi_index(at, self._grid.counts))


def _common(box: Box, place: Box) -> tuple[Box, Box]:
    """What a box and a block have in common, within the one and within the other."""
    both = [slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(box, place, strict=True)]
    within = [
        tuple(slice(one.start - a.start, one.stop - a.start) for one, a in zip(both, whole, strict=True))
        for whole in (box, place)
    ]
    return within[0], within[1]
