"""Tables of stitching as files, and what blocks say of themselves read of their store: for tasks of any process."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.segmentation.blocks.stitching.numbering import Numbering
from napari_unet.segmentation.blocks.stitching.pieces import NONE, match_bands, piece_keys
from napari_unet.segmentation.blocks.stitching.tasks import Table
from napari_unet.segmentation.blocks.stitching.tree import MergeTree
from napari_unet.segmentation.blocks.store import BlockStore


@dataclass(frozen=True)
class FileTables:
    """A file for each table in `folder`; what is written has its name once it is complete."""

    folder: Path

    def start(self) -> None:
        """Make the folder, empty."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)

    def keep(self, kind: str, level: int, number: int, **arrays: npt.NDArray[Any]) -> None:
        partial = self.folder / f".{kind}-{level}-{number}.{os.getpid()}.npz"
        np.savez_compressed(partial, **arrays)  # type: ignore[arg-type]
        os.replace(partial, self._file(kind, level, number))

    def read(self, kind: str, level: int, number: int) -> dict[str, Table]:
        try:
            with np.load(self._file(kind, level, number)) as kept:
                return {name: kept[name] for name in kept.files}
        except FileNotFoundError:
            return {}

    def _file(self, kind: str, level: int, number: int) -> Path:
        return self.folder / f"{kind}-{level}-{number}.npz"

    def finish(self, firsts: npt.NDArray[np.int64]) -> None:
        """All is stitched: how many ids come before each group."""
        np.save(self.folder / "firsts.npy", firsts)

    def link(self, linked: npt.NDArray[np.int64]) -> None:
        """What each id becomes, because objects of neighbouring planes are one."""
        np.save(self.folder / "linked.npy", linked)

    def numbering(self, tree: MergeTree) -> Numbering:
        """The ids, once all is stitched."""
        linked = self.folder / "linked.npy"
        firsts = np.load(self.folder / "firsts.npy", mmap_mode="r")
        return Numbering(tree, self, firsts, np.load(linked, mmap_mode="r") if linked.exists() else None)


@dataclass(frozen=True, eq=False)
class StoredPieces:
    """Counts and bands of blocks that are done."""

    store: BlockStore

    def count(self, number: int) -> int:
        return self.store.count(number)

    def edges(self, number: int) -> Table:
        if not self.store.count(number):
            return NONE
        found = [NONE]
        for after, axis in self.store.grid.after(number):
            if self.store.count(after):
                pairs = match_bands(self.store.band(number, (axis, True)), self.store.band(after, (axis, False)))
                found.append(np.stack([piece_keys(number, pairs[:, 0]), piece_keys(after, pairs[:, 1])], axis=1))
        return np.concatenate(found)
