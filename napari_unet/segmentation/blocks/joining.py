"""From the objects of blocks to those of the image: stitched, linked through z, told apart by the frames around."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np
import numpy.typing as npt

from napari_unet.events import StopFlag
from napari_unet.labels.stacks.merged_frames import count_steps, part_merged_frames
from napari_unet.models.running.aside import Stopped
from napari_unet.segmentation.blocks.events import StageStep
from napari_unet.segmentation.blocks.stitching.numbering import Numbering, link_units
from napari_unet.segmentation.blocks.stitching.stored_frames import StoredFrames
from napari_unet.segmentation.blocks.stitching.tree import MergeTree
from napari_unet.segmentation.blocks.work import BlockWork, Scheduler


@dataclass(frozen=True, eq=False)
class Joining:
    """The stages between blocks and labels; each yields what it has done, and raises `Stopped` after a `stop`.

    A run that was stopped here does them anew, from the blocks, which are there.
    """

    work: BlockWork
    scheduler: Scheduler
    stop: StopFlag

    def stitch(self) -> Generator[StageStep, None, Numbering]:
        """Ids of the image for those of the blocks. Tasks hold the pieces, and this none of them."""
        tree, tables = MergeTree(self.work.grid), self.work.tables
        tables.start()
        own = np.zeros(tree.n_groups(1), np.int64)
        steps = list(self.work.stitching.steps())
        done, total = 0, sum(count for _, _, count in steps)
        for step, level, count in steps:
            groups = (group for group in product((step,), (level,), range(count)) if not self.stop.requested)
            for group, found in self.scheduler.run(self.work.stitch, groups):
                if step == "settle" and level == 1:
                    own[group] = found
                done += 1
                yield StageStep("stitch", done, total)
            self.check()  # the next step needs all of this one
        tables.finish(np.concatenate([[0], np.cumsum(own)]))
        return tables.numbering(tree)

    def link(self, numbering: Numbering) -> Generator[StageStep, None, Numbering]:
        """One id through z, where the network did not see through z itself."""
        at = {unit: number for number, unit in enumerate(self.work.plan.units)}
        pairs = [(at[above], at[unit]) for unit in sorted(at) if (above := (*unit[:-1], unit[-1] - 1)) in at]
        overlap = self.work.plan.config.link_overlap
        linking = link_units(numbering, self.work.grid, pairs, overlap, partial(self._overlaps, numbering))
        for done, linked in enumerate(linking, start=1):
            if linked is None:
                yield StageStep("link", done, len(pairs))
            else:  # the last of all
                self.work.tables.link(linked)
        return self.work.tables.numbering(numbering.tree)

    def _overlaps(
        self, numbering: Numbering, lower: int, upper: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Ids of two blocks, one above the other, and how many pixels they share; 0 is background."""
        self.check()
        found = [self.work.store.core(number).ravel() for number in (lower, upper)]
        ids = [numbering.ids_of(number) for number in (lower, upper)]
        pairs, counts = np.unique(found[0].astype(np.int64) * ids[1].size + found[1], return_counts=True)
        one, other = np.divmod(pairs, ids[1].size)
        return np.stack([ids[0][one], ids[1][other]], axis=1), counts

    def part(self, numbering: Numbering, n_frames: int) -> Generator[StageStep, None, int]:
        """Tell objects apart that touch in some frames alone, as in memory; few blocks of few frames are held.

        Returns how many objects there are more.
        """
        parted, total = 0, count_steps(n_frames)
        parting: Iterator[int] = part_merged_frames(StoredFrames(self.work.store, numbering, self.stop))
        for done, more in enumerate(parting, start=1):
            parted += more
            yield StageStep("part", done, total)
            self.check()  # where nothing is, no block is read that would tell
        return parted

    def check(self) -> None:
        """Go no further after a stop."""
        if self.stop.requested:
            raise Stopped
