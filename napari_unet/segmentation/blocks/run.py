"""From an image larger than memory to labels in an OME-Zarr store: a generator of events."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from napari_unet.events import Finished, StopFlag
from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ModelInput, grey_input
from napari_unet.models.running.aside import Stopped
from napari_unet.segmentation.blocks.constant import EMPTY_KINDS
from napari_unet.segmentation.blocks.events import BlockDone, BlockSegmentation, BlocksPlanned, StageStep, TileSeen
from napari_unet.segmentation.blocks.grid import Block
from napari_unet.segmentation.blocks.joining import Joining
from napari_unet.segmentation.blocks.prediction import TileMaps
from napari_unet.segmentation.blocks.stitching.numbering import Numbering
from napari_unet.segmentation.blocks.stitching.tasks import OWN
from napari_unet.segmentation.blocks.stitching.tree import MergeTree
from napari_unet.segmentation.blocks.work import BlockWork, Scheduler, ThisThread

_WATCHED = 4  # blocks that come tile by tile where somebody waits for them: as many as meet at a corner
_MOST_TOLD = 1_000_000  # large objects that are counted: who has so many needs no number

BlockEvent = BlocksPlanned | TileSeen | BlockDone | StageStep | Finished[BlockSegmentation]


def run_blocks(
    work: BlockWork, image: ModelInput, scheduler: Scheduler, stop: StopFlag, first: tuple[int, ...] | None = None
) -> Iterator[BlockEvent]:
    """Do all blocks of `work` that are not there yet, stitch them, and write the labels; `image` is what is seen."""
    run = _Run(work, scheduler, stop)
    there = work.store.begin(image.shape, work.fingerprint)
    EMPTY_KINDS.clear()
    places = tuple((work.plan.units[block.unit], block.core) for block in map(work.grid.block, there))
    yield BlocksPlanned(len(work.grid), places, work.grid.sides[-1], work.grid.halo)
    try:
        yield from run.segment(len(there), first)
        numbering = yield from run.join(image)
        yield from run.write(numbering, image)
    except Stopped:
        yield Finished(run.result(None, 0, 0), stopped=True)
        return
    yield Finished(run.result(work.store.finish(), run.total_of(numbering), len(run.large)))


@dataclass(eq=False)
class _Run:
    work: BlockWork
    scheduler: Scheduler
    stop: StopFlag
    done: int = 0
    parted: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store, self.grid = self.work.store, self.work.grid
        self.tree = MergeTree(self.grid)
        self.large: set[int] = set()  # ids of objects that no block sees whole; of very many, so many
        self.numbered = not find_head(self.work.plan.record).keeps_values
        self._since = time.perf_counter()

    def _lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = round(self.seconds.get(stage, 0.0) + now - self._since, 3)
        self._since = now

    def segment(self, there: int, first: tuple[int, ...] | None) -> Iterator[TileSeen | BlockDone]:
        """The blocks that are not there, those near the pixel `first` first, until it is stopped.

        Where they are done in this thread the first ones come tile by tile.
        """
        self.done = there
        start = time.perf_counter()
        order = range(len(self.grid)) if first is None else sorted(range(len(self.grid)), key=self._far_from(first))
        missing = (number for number in order if not self.store.has(number))
        asked = (number for number in missing if not self.stop.requested)
        near = None if first is None or self.work.plan.deep else first[-2:]
        for number in asked if near and isinstance(self.scheduler, ThisThread) else ():
            yield from self._watch(number, near, self.done - there < _WATCHED)
            self.done += 1
            yield self._told(number, self.done, "blocks", self._left(start, there))
        for number in self.scheduler.run(self.work.segment, ((number,) for number in asked)):
            self.done += 1
            yield self._told(number, self.done, "blocks", self._left(start, there))
        self._lap("blocks")
        if self.done < len(self.grid):
            raise Stopped

    def _left(self, start: float, there: int) -> float:
        """Seconds for the blocks that are missing, as long as those took that were not `there`."""
        return (time.perf_counter() - start) / (self.done - there) * (len(self.grid) - self.done)

    def _watch(self, number: int, near: tuple[int, ...] | None, shown: bool) -> Iterator[TileSeen]:
        """Do a block tile by tile, and no further after a stop; what each tile `shown` has, before they are one."""
        block = self.grid.block(number)
        for tile in self.work.segment_steps(number, near):
            if shown and all(
                a.start < b.stop and b.start < a.stop for a, b in zip(tile.region, block.core, strict=True)
            ):
                yield self._seen(block, tile)  # the others lie around it
            if self.stop.requested:
                raise Stopped

    def _seen(self, block: Block, tile: TileMaps) -> TileSeen:
        """The objects of a tile by itself, where it lies in its block."""
        inside = tuple(
            slice(max(one.start, core.start), min(one.stop, core.stop))
            for one, core in zip(tile.region, block.core, strict=True)
        )
        cut = tuple(
            slice(part.start - one.start, part.stop - one.start) for part, one in zip(inside, tile.region, strict=True)
        )
        labels = self.work.plan.decode(tile.at_image_size())[cut]
        return TileSeen(self.work.plan.units[block.unit], inside, labels)

    def _far_from(self, pixel: tuple[int, ...]) -> Callable[[int], tuple[float, float]]:
        """How far blocks lie from a pixel: first along the axes of units, then within one."""

        def far(number: int) -> tuple[float, float]:
            block = self.grid.block(number)
            unit = self.work.plan.units[block.unit]
            outer = sum(abs(one - at) for one, at in zip(unit, pixel, strict=False))
            middles = [(one.start + one.stop - 1) / 2 for one in block.core]
            return outer, float(np.hypot.reduce(np.subtract(middles, pixel[len(unit) :])))

        return far

    def join(self, image: ModelInput) -> Generator[StageStep, None, Numbering | None]:
        """Ids of the image for those of the blocks, stage by stage; None: values stay."""
        if not self.numbered:
            return None
        joining = Joining(self.work, self.scheduler, self.stop)
        numbering = yield from joining.stitch()
        self._lap("stitch")
        if "Z" in image.axes and not self.work.plan.deep:
            numbering = yield from joining.link(numbering)
            self._lap("link")
        if image.axes.startswith("T"):
            self.parted = yield from joining.part(numbering, image.shape[0])
            self._lap("part")
        return numbering

    def total_of(self, numbering: Numbering | None) -> int:
        """Objects of all, those that were parted among them."""
        return numbering.total + self.parted if numbering else 0

    def write(self, numbering: Numbering | None, image: ModelInput) -> Iterator[BlockDone]:
        """The labels with all their resolution levels."""
        total = self.total_of(numbering)
        wide = np.uint16 if numbering is None else np.uint32 if total <= np.iinfo(np.uint32).max else np.uint64
        self.store.create_labels(grey_input(image), np.dtype(wide))
        done = len(self.grid) - sum(1 for _ in self._written(numbering))
        blocks = ((number, numbering is not None) for number in self._written(numbering) if not self.stop.requested)
        for number, cut in self.scheduler.run(self.work.relabel, blocks):
            done += 1
            if len(self.large) < _MOST_TOLD:
                self.large.update(cut.tolist())
            yield self._told(number, done, "labels", None)
        if done < len(self.grid):
            raise Stopped
        for _ in self.store.write_coarse():
            pass
        self._lap("labels")

    def _written(self, numbering: Numbering | None) -> Iterator[int]:
        """The blocks in which something is."""
        if numbering is None:
            yield from range(len(self.grid))
            return
        for group in range(self.tree.n_groups(1)):
            own = numbering.tables.read(OWN, 1, group)
            yield from own["blocks"][own["counts"] > 0].tolist() if own else ()

    def _told(self, number: int, done: int, stage: str, left: float | None) -> BlockDone:
        block = self.grid.block(number)
        return BlockDone(done, len(self.grid), self.work.plan.units[block.unit], block.core, stage, left)

    def result(self, path: Path | None, objects: int, large: int) -> BlockSegmentation:
        note = ""
        if large:
            note = (
                f"{large} {'object reaches' if large == 1 else 'objects reach'} farther than the {self.grid.halo} "
                "pixels that a block sees beyond its edge, and may be outlined otherwise than in one piece: "
                "give a larger --halo."
            )
        plan = self.work.plan
        return BlockSegmentation(path, plan.view, objects, len(self.grid), self.done, large, note, dict(self.seconds))
