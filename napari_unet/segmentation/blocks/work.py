"""The work on a block as a value: whoever holds it, in this process or elsewhere, can do any block of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from napari_unet.images.channels import ModelInput, model_input
from napari_unet.models.running.engine import Engine
from napari_unet.segmentation.blocks.block import segment_block
from napari_unet.segmentation.blocks.constant import EMPTY_KINDS, sameness_of
from napari_unet.segmentation.blocks.grid import BlockGrid
from napari_unet.segmentation.blocks.prediction import TileMaps
from napari_unet.segmentation.blocks.stitching.files import FileTables, StoredPieces
from napari_unet.segmentation.blocks.stitching.stored_frames import PARTED
from napari_unet.segmentation.blocks.stitching.tasks import StepName, Stitching
from napari_unet.segmentation.blocks.stitching.tree import MergeTree
from napari_unet.segmentation.blocks.store import BlockStore
from napari_unet.segmentation.plan import Plan
from napari_unet.segmentation.tiles.tile import TilePredictor

Opened = tuple[ModelInput, TilePredictor]


class BlockSource(Protocol):
    """Where image and model come from."""

    def open(self) -> Opened: ...


@dataclass(frozen=True, eq=False)
class HeldSource:
    """Image and network that this process holds; they cannot be sent."""

    image: ModelInput
    predictor: TilePredictor

    def open(self) -> Opened:
        return self.image, self.predictor


@dataclass(frozen=True)
class FileSource:
    """Files that every process opens for itself, once; `channel` counts from 0, `kind` is the one that answers."""

    image: Path
    model: Path
    engine: Engine = Engine()
    kind: str = ""
    every_way: bool = False
    axes: str | None = None
    channel: int | None = None
    incomplete: bool = False

    def answered_by(self, kind: str, every_way: bool = False) -> FileSource:
        return replace(self, kind=kind, every_way=every_way)

    def open(self) -> Opened:
        return _open(self)


@lru_cache(maxsize=1)
def _open(source: FileSource) -> Opened:
    from napari_unet.images.files.reading import read_image
    from napari_unet.models.model_file import load_model_file
    from napari_unet.segmentation.predictor import Predictor

    model = load_model_file(source.model)
    kind = model.kind_called(source.kind) if model.others else model
    image = read_image(source.image, source.axes, source.incomplete)
    seen = model_input(image, kind.record.architecture.in_channels, source.channel)
    return seen, Predictor(kind, source.engine, source.every_way)


@dataclass(frozen=True, eq=False)
class BlockWork:
    """All that a block needs; small, where the source is files. `fingerprint` stands for what decides the labels."""

    source: BlockSource
    plan: Plan
    grid: BlockGrid
    target: Path
    fingerprint: str

    @property
    def store(self) -> BlockStore:
        return BlockStore(self.target, self.grid, self.plan.units)

    def segment(self, number: int) -> int:
        """Form the objects of a block and keep them; gives its number."""
        for _ in self.segment_steps(number):
            pass
        return number

    def segment_steps(self, number: int, near: tuple[int, ...] | None = None) -> Iterator[TileMaps]:
        """Form the objects of a block and keep them, saying of each tile what is known; those near a pixel first.

        Who takes no more of these has a block that is not there.
        """
        image, predictor = self.source.open()
        block = self.grid.block(number)
        sameness = sameness_of(image, self.plan, self.grid, block, self.fingerprint)
        if sameness in EMPTY_KINDS:
            self.store.keep_empty(number)
            return
        found = yield from segment_block(image, predictor, self.plan, self.grid, block, near)
        if sameness is not None and not found.core.any():
            EMPTY_KINDS.add(sameness)
        self.store.keep(number, found)

    @property
    def tables(self) -> FileTables:
        """What tasks of stitching tell each other."""
        return FileTables(self.store.partial / "stitching")

    @property
    def stitching(self) -> Stitching:
        return Stitching(MergeTree(self.grid), self.tables, StoredPieces(self.store))

    def stitch(self, step: StepName, level: int, number: int) -> tuple[int, int]:
        """Do a task of stitching; gives the number of its group, and what the task gives."""
        stitching = self.stitching
        return number, (stitching.join if step == "join" else stitching.settle)(level, number)

    def relabel(self, number: int, numbered: bool) -> tuple[int, npt.NDArray[np.int64]]:
        """Write the labels of a block by the ids of its objects in the image (not `numbered`: as they are).

        Gives its number, and the ids of objects that it does not see to their ends.
        """
        ids = self.tables.numbering(MergeTree(self.grid)).ids_of(number) if numbered else None
        self.store.write_labels(number, ids, self.tables.read(PARTED, 0, number) if numbered else None)
        return number, np.zeros(0, np.int64) if ids is None else np.unique(ids[self.store.cut(number)])


T = TypeVar("T")


class Scheduler(Protocol):
    """Who runs tasks; their results come in any order."""

    def run(self, task: Callable[..., T], arguments: Iterable[tuple[Any, ...]]) -> Iterator[T]: ...


class ThisThread:
    """One task after another, here."""

    def run(self, task: Callable[..., T], arguments: Iterable[tuple[Any, ...]]) -> Iterator[T]:
        return (task(*each) for each in arguments)
