"""Blocks of one grey value, as sparse images have by the thousand: the network is asked once what it says of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.images.channels import ModelInput
from napari_unet.labels.types import Box, PlaneIndex
from napari_unet.segmentation.blocks.grid import Block, BlockGrid
from napari_unet.segmentation.blocks.prediction import sight_of
from napari_unet.segmentation.plan import Plan

_LOOKED_AT = 2**23  # pixels at one go: all of a usual block, whose chunks are opened once then

Sameness = tuple[Any, ...]
"""What decides the labels of a block of one value: two that are equal have the same, without the network."""


class EmptyKinds:
    """Which blocks of one value the network found nothing in, in one process."""

    def __init__(self) -> None:
        self._known: set[Sameness] = set()

    def clear(self) -> None:
        self._known.clear()

    def add(self, sameness: Sameness) -> None:
        self._known.add(sameness)

    def __contains__(self, sameness: Sameness | None) -> bool:
        return sameness is not None and sameness in self._known


EMPTY_KINDS = EmptyKinds()


def sameness_of(image: ModelInput, plan: Plan, grid: BlockGrid, block: Block, run: str) -> Sameness | None:
    """What the answer to a block depends on if all that is seen of it has one value (a channel); else None.

    `run` stands for image, model and settings. At an end of the image the network sees that it ends, so that a block
    there is like others at the same ends only.
    """
    unit = plan.units[block.unit]
    values = _single_values(image, unit, sight_of(image, plan, unit, block.around))
    if values is None:
        return None
    limits = plan.view.limits_of(image, plan.first_plane(unit), plan.record.normalization)
    ends = [(one.start == 0, one.stop == size) for one, size in zip(block.around, grid.shape, strict=True)]
    sizes = [one.stop - one.start for one in (*block.core, *block.around)]
    return run, values, repr(limits), tuple(ends), tuple(sizes)


def _single_values(image: ModelInput, unit: PlaneIndex, there: Box) -> tuple[float, ...] | None:
    """The value of all pixels, one for each channel; None if there are several (or one is not a number)."""
    first: npt.NDArray[Any] | None = None
    for part in _pieces(image, unit, there):
        part = part.reshape(-1, part.shape[-2] * part.shape[-1])
        first = part[:, :1] if first is None else first
        if not (part == first).all():
            return None
    return None if first is None else tuple(np.ravel(first).tolist())


def _pieces(image: ModelInput, unit: PlaneIndex, there: Box) -> Iterator[npt.NDArray[Any]]:
    """What is `there` ((C,) Y, X), some rows of one plane at a time."""
    for z in range(there[0].start, there[0].stop) if len(there) == 3 else (None,):
        plane = unit if z is None else (*unit, z)
        rows, columns = there[-2:]
        step = max(1, _LOOKED_AT // (columns.stop - columns.start))
        for top in range(rows.start, rows.stop, step):
            yield image.part(plane, (slice(top, min(top + step, rows.stop)), columns))
