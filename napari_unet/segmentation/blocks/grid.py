"""The blocks that an image larger than memory is segmented in, and what each sees beyond its own edges."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from napari_unet.labels.types import Box
from napari_unet.segmentation.plan import Plan

_SIDE, _SIDE_3D = 2048, 128  # pixels of a block: what a tile and its objects take stays below half a gigabyte
_LEAST_HALO, _LEAST_SIDE = 64, 64
_DIAMETERS = 3.0  # objects of up to so many typical diameters are seen whole, wherever a block ends


@dataclass(frozen=True)
class Block:
    """`core` is answered for, `around` is where objects are formed, both in pixels of the unit; `number` counts all."""

    number: int
    unit: int
    core: Box
    around: Box

    @property
    def inner(self) -> Box:
        """The core within what is around it."""
        return tuple(
            slice(core.start - around.start, core.stop - around.start)
            for core, around in zip(self.core, self.around, strict=True)
        )


@dataclass(frozen=True)
class BlockGrid:
    """Blocks of `sides` pixels that cover `n_units` planes (or volumes) of `shape`, each seeing `halo` pixels more.

    Blocks are numbered unit by unit, in the order of the flat grid.
    """

    shape: tuple[int, ...]
    sides: tuple[int, ...]
    halo: int
    n_units: int = 1

    @property
    def counts(self) -> tuple[int, ...]:
        """Blocks along each axis."""
        return tuple(-(-size // side) for size, side in zip(self.shape, self.sides, strict=True))

    @property
    def per_unit(self) -> int:
        return math.prod(self.counts)

    def __len__(self) -> int:
        return self.n_units * self.per_unit

    def block(self, number: int) -> Block:
        unit, inside = divmod(number, self.per_unit)
        core, around = [], []
        for at, side, size in zip(np.unravel_index(inside, self.counts), self.sides, self.shape, strict=True):
            start, stop = int(at) * side, min((int(at) + 1) * side, size)
            core.append(slice(start, stop))
            around.append(slice(max(0, start - self.halo), min(size, stop + self.halo)))
        return Block(number, unit, tuple(core), tuple(around))

    def after(self, number: int) -> Iterator[tuple[int, int]]:
        """(next block, axis) of the blocks that share a face with this one and come after it."""
        for axis, count in enumerate(self.counts):
            step = math.prod(self.counts[axis + 1 :])
            if number % self.per_unit // step % count < count - 1:
                yield number + step, axis

    def band(self, number: int, axis: int, after: bool) -> Box:
        """Where a block and its neighbour along `axis` (the one after it, or before) both have formed objects.

        As deep as both see beyond their common face, as wide as the face; in pixels of the unit.
        """
        block = self.block(number)
        face = block.core[axis].stop if after else block.core[axis].start
        region = list(block.core)
        region[axis] = slice(max(0, face - self.halo), min(self.shape[axis], face + self.halo))
        return tuple(region)


def plan_grid(shape: tuple[int, ...], plan: Plan, side: int | None = None, halo: int | None = None) -> BlockGrid:
    """Blocks for units of `shape` ((Z,) Y, X); `side` and `halo` in pixels, by default as the objects want it.

    Both become multiples of what the network pools, so that a pixel is seen in every block as it is in the whole image;
    the side, a power of two, so that blocks share no chunk of any resolution level.
    """
    factor = plan.record.architecture.pooling_factor
    wanted = max(_LEAST_HALO, _DIAMETERS * plan.diameter) if halo is None else halo
    side = side or (_SIDE_3D if plan.deep else _SIDE)
    step = max(_LEAST_SIDE, factor, 1 << (side - 1).bit_length())
    halo = min(_up(int(np.ceil(wanted)), factor), step)
    return BlockGrid(tuple(shape), (step,) * len(shape), halo, len(plan.units))


def _up(size: int, factor: int) -> int:
    return -(-size // factor) * factor
