"""One block: its objects, and what it says of the bands around its faces, where its neighbours say something too."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.heads.registry import find_head
from napari_unet.images.channels import ModelInput
from napari_unet.labels.types import Box, Labels
from napari_unet.segmentation.blocks.grid import Block, BlockGrid
from napari_unet.segmentation.blocks.prediction import TileMaps, predict_part
from napari_unet.segmentation.plan import Plan
from napari_unet.segmentation.tiles.tile import TilePredictor

Band = tuple[int, bool]
"""Axis of a face, and whether it is the one after the block."""


@dataclass(frozen=True, eq=False)
class BlockLabels:
    """`core` ((Z,) Y, X) has ids from 1 to `count`; so have the `bands`, without objects that the core has nothing of.

    `cut` are ids of objects that go on beyond all that the block sees.
    """

    core: Labels
    count: int
    bands: dict[Band, Labels]
    cut: npt.NDArray[np.int32]


def segment_block(
    image: ModelInput, predictor: TilePredictor, plan: Plan, grid: BlockGrid, block: Block,
    near: tuple[int, ...] | None = None,
) -> Generator[TileMaps, None, BlockLabels]:  # fmt: skip
    """Predict a block, tile by tile (those near a pixel first), and form its objects, which are returned."""
    maps = yield from predict_part(image, predictor, plan, plan.units[block.unit], block.around, near)
    return divide_block(plan.decode(maps), grid, block, numbered=not find_head(plan.record).keeps_values)


def divide_block(labels: Labels, grid: BlockGrid, block: Block, numbered: bool = True) -> BlockLabels:
    """What is kept of the `labels` of all around a block. Values that are no numbers of objects stay as they are."""
    core = labels[block.inner]
    if not numbered:
        return BlockLabels(core, 0, {}, np.zeros(0, np.int32))
    present = np.flatnonzero(np.bincount(core.ravel(), minlength=1))
    present = present[present > 0]
    numbers = np.zeros(int(labels.max(initial=0)) + 1, np.int32)
    numbers[present] = np.arange(1, present.size + 1)
    labels = numbers[labels]
    bands = {}
    for axis in range(labels.ndim):
        for after, there in ((False, block.core[axis].start > 0), (True, block.core[axis].stop < grid.shape[axis])):
            if there:
                bands[axis, after] = labels[_within(grid.band(block.number, axis, after), block)]
    return BlockLabels(labels[block.inner], present.size, bands, _cut(labels, grid, block))


def _within(region: Box, block: Block) -> Box:
    return tuple(
        slice(one.start - around.start, one.stop - around.start)
        for one, around in zip(region, block.around, strict=True)
    )


def _cut(labels: Labels, grid: BlockGrid, block: Block) -> npt.NDArray[np.int32]:
    """Ids at an end of what the block sees that is no end of the image."""
    ends: list[npt.NDArray[Any]] = []
    for axis, (around, size) in enumerate(zip(block.around, grid.shape, strict=True)):
        if around.start > 0:
            ends.append(np.take(labels, 0, axis).ravel())
        if around.stop < size:
            ends.append(np.take(labels, -1, axis).ravel())
    found = np.unique(np.concatenate(ends)) if ends else np.zeros(0, np.int32)
    return found[found > 0].astype(np.int32)
