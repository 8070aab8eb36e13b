"""From an image larger than memory to labels in an OME-Zarr store: a generator of events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_unet.events import Finished, StopFlag
from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ModelInput, grey_input
from napari_unet.labels.stacks.merged_frames import part_merged_frames
from napari_unet.segmentation.blocks.constant import EMPTY_KINDS
from napari_unet.segmentation.blocks.events import BlockDone, BlockSegmentation, BlocksPlanned
from napari_unet.segmentation.blocks.stitching.numbering import Numbering, link_units
from napari_unet.segmentation.blocks.stitching.stored_frames import StoredFrames
from napari_unet.segmentation.blocks.stitching.tasks import OWN
from napari_unet.segmentation.blocks.stitching.tree import MergeTree
from napari_unet.segmentation.blocks.work import BlockWork, Scheduler

_MOST_TOLD = 1_000_000  # large objects that are counted: who has so many needs no number

BlockEvent = BlocksPlanned | BlockDone | Finished[BlockSegmentation]


def run_blocks(
    work: BlockWork, image: ModelInput, scheduler: Scheduler, stop: StopFlag, first: tuple[int, ...] | None = None
) -> Iterator[BlockEvent]:
    """Do all blocks of `work` that are not there yet, stitch them, and write the labels; `image` is what is seen."""
    run = _Run(work, scheduler, stop)
    there = work.store.begin(image.shape, work.fingerprint)
    EMPTY_KINDS.clear()
    places = tuple((work.plan.units[block.unit], block.core) for block in map(work.grid.block, there))
    yield BlocksPlanned(len(work.grid), places, work.grid.sides[-1], work.grid.halo)
    yield from run.segment(len(there), first)
    if run.done < len(work.grid):
        yield Finished(run.result(None, 0, 0), stopped=True)
        return
    numbering = run.stitch()
    if numbering is not None and "Z" in image.axes and not work.plan.deep:
        numbering = run.link(numbering)
    if numbering is not None and image.axes.startswith("T"):
        run.part(numbering)
    yield from run.write(numbering, image)
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

    def segment(self, there: int, first: tuple[int, ...] | None) -> Iterator[BlockDone]:
        """The blocks that are not there, those near the pixel `first` first, until it is stopped."""
        self.done = there
        start = time.perf_counter()
        order = range(len(self.grid)) if first is None else sorted(range(len(self.grid)), key=self._far_from(first))
        missing = (number for number in order if not self.store.has(number))
        asked = (number for number in missing if not self.stop.requested)
        for number in self.scheduler.run(self.work.segment, ((number,) for number in asked)):
            self.done += 1
            each = (time.perf_counter() - start) / (self.done - there)
            yield self._told(number, self.done, "blocks", each * (len(self.grid) - self.done))
        self._lap("blocks")

    def _far_from(self, pixel: tuple[int, ...]) -> Callable[[int], tuple[float, float]]:
        """How far blocks lie from a pixel: first along the axes of units, then within one."""

        def far(number: int) -> tuple[float, float]:
            block = self.grid.block(number)
            unit = self.work.plan.units[block.unit]
            outer = sum(abs(one - at) for one, at in zip(unit, pixel, strict=False))
            middles = [(one.start + one.stop - 1) / 2 for one in block.core]
            return outer, float(np.hypot.reduce(np.subtract(middles, pixel[len(unit) :])))

        return far

    def stitch(self) -> Numbering | None:
        """Ids of the image for those of the blocks; None: values stay. Tasks hold the pieces, and this none of them."""
        if not self.numbered:
            return None
        tables = self.work.tables
        tables.start()
        own = np.zeros(self.tree.n_groups(1), np.int64)
        for step, level, count in self.work.stitching.steps():
            groups = product((step,), (level,), range(count))
            for group, found in self.scheduler.run(self.work.stitch, groups):
                if step == "settle" and level == 1:
                    own[group] = found
        tables.finish(np.concatenate([[0], np.cumsum(own)]))
        self._lap("stitch")
        return tables.numbering(self.tree)

    def link(self, numbering: Numbering) -> Numbering:
        """One id through z, where the network did not see through z itself."""
        at = {unit: number for number, unit in enumerate(self.work.plan.units)}
        pairs = [(at[above], at[unit]) for unit in sorted(at) if (above := (*unit[:-1], unit[-1] - 1)) in at]
        overlap = self.work.plan.config.link_overlap
        for linked in link_units(numbering, self.grid, pairs, overlap, partial(self._overlaps, numbering)):
            if linked is not None:  # the last of all
                self.work.tables.link(linked)
        self._lap("link")
        return self.work.tables.numbering(self.tree)

    def _overlaps(
        self, numbering: Numbering, lower: int, upper: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Ids of two blocks, one above the other, and how many pixels they share; 0 is background."""
        found = [self.store.core(number).ravel() for number in (lower, upper)]
        ids = [numbering.ids_of(number) for number in (lower, upper)]
        pairs, counts = np.unique(found[0].astype(np.int64) * ids[1].size + found[1], return_counts=True)
        one, other = np.divmod(pairs, ids[1].size)
        return np.stack([ids[0][one], ids[1][other]], axis=1), counts

    def part(self, numbering: Numbering) -> None:
        """Tell objects apart that touch in some frames alone, as in memory; few blocks of few frames are held."""
        self.parted = part_merged_frames(StoredFrames(self.store, numbering))
        self._lap("part")

    def total_of(self, numbering: Numbering | None) -> int:
        """Objects of all, those that were parted among them."""
        return numbering.total + self.parted if numbering else 0

    def write(self, numbering: Numbering | None, image: ModelInput) -> Iterator[BlockDone]:
        """The labels with all their resolution levels."""
        total = self.total_of(numbering)
        wide = np.uint16 if numbering is None else np.uint32 if total <= np.iinfo(np.uint32).max else np.uint64
        self.store.create_labels(grey_input(image), np.dtype(wide))
        before = len(self.grid) - sum(1 for _ in self._written(numbering))
        blocks = ((number, numbering is not None) for number in self._written(numbering))
        for done, (number, cut) in enumerate(self.scheduler.run(self.work.relabel, blocks), start=before + 1):
            if len(self.large) < _MOST_TOLD:
                self.large.update(cut.tolist())
            yield self._told(number, done, "labels", None)
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
