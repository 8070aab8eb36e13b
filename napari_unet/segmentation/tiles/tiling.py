"""The paper's overlap-tile strategy: which part of the image the network reads, and which part of its answer counts.

Every tile sees all that its pixels depend on beyond what it answers for, and starts at a multiple of the pooling
factor, so that a pixel's answer does not depend on the tile it falls in. At the image's border, where there is
nothing to see, the image is mirrored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from napari_unet.models.architecture import NetworkAxis, UNetConfig

_MIRRORED_STAGES = 2  # pooling factors of mirrored border that a padded network gets beyond the image


@dataclass(frozen=True)
class Tile:
    """`core` is answered for (image coordinates), `read` is seen (padded image), `crop` is the core in the answer."""

    core: tuple[slice, ...]
    read: tuple[slice, ...]
    crop: tuple[slice, ...]


@dataclass(frozen=True)
class TilePlan:
    """Tiles that cover an image of a shape once, and the mirrored `border` (before, after) to add an axis."""

    tiles: tuple[Tile, ...]
    border: tuple[tuple[int, int], ...]


_Span = tuple[slice, slice, slice]


def plan_tiles(shape: Sequence[int], tile: int, network: UNetConfig) -> TilePlan:
    """Tiles of about `tile` pixels a side for an image of `shape` ((Z,) Y, X); exact for every shape and tile.

    Parameters
    ----------
    shape : sequence of int
        Spatial shape, each at least 1.
    tile : int
        Longest side of a tile's core; rounded up to the network's pooling factor.
    """
    spans, borders = zip(
        *(_plan_axis(size, tile, axis) for size, axis in zip(shape, network.axes[-len(shape) :], strict=True)),
        strict=True,
    )
    tiles = [Tile(*(tuple(part) for part in zip(*chosen, strict=True))) for chosen in product(*spans)]
    return TilePlan(tuple(tiles), tuple(borders))


def plan_part(part: Sequence[slice], shape: Sequence[int], network: UNetConfig) -> tuple[Tile, tuple[int, ...]]:
    """One tile that answers for `part` of an image of `shape`, and how much of mirrored border is before each axis.

    What it says is what the tiles of `plan_tiles` say, if `part` starts at multiples of the pooling factor.
    """
    spans, before = [], []
    for one, size, axis in zip(part, shape, network.axes[-len(shape) :], strict=True):
        found, border = _plan_cores([(one.start, one.stop)], size, axis)
        spans.append(found[0])
        before.append(border[0])
    return Tile(*(tuple(one) for one in zip(*spans, strict=True))), tuple(before)


def _plan_axis(size: int, tile: int, axis: NetworkAxis) -> tuple[list[_Span], tuple[int, int]]:
    count = -(-size // max(tile, axis.factor))
    step = _round_up(-(-size // count), axis.factor)
    return _plan_cores([(start, min(start + step, size)) for start in range(0, size, step)], size, axis)


def _plan_cores(cores: list[tuple[int, int]], size: int, axis: NetworkAxis) -> tuple[list[_Span], tuple[int, int]]:
    if axis.network.padding == "valid":
        return _plan_valid(cores, axis)
    return _plan_same(cores, size, axis)


def _plan_same(cores: list[tuple[int, int]], size: int, axis: NetworkAxis) -> tuple[list[_Span], tuple[int, int]]:
    factor, halo = axis.factor, axis.halo
    border = min(_MIRRORED_STAGES * factor, halo)
    end = _round_up(size, factor) + border
    spans = []
    for start, stop in cores:
        first = max(start - halo, -border)
        last = min(_round_up(stop, factor) + halo, end)
        spans.append((slice(start, stop), slice(first + border, last + border), slice(start - first, stop - first)))
    return spans, (border, end - size)


def _plan_valid(cores: list[tuple[int, int]], axis: NetworkAxis) -> tuple[list[_Span], tuple[int, int]]:
    margin, spans, last = axis.margin, [], 0
    for start, stop in cores:
        length = _fitting(stop - start + 2 * margin, axis)
        spans.append((slice(start, stop), slice(start, start + length), slice(0, stop - start)))
        last = max(last, start + length)
    return spans, (margin, last - margin - cores[-1][1])


def fitting_size(size: int, network: UNetConfig) -> int:
    """The smallest tile side >= `size`, along Y and X, that every pooling of `network` meets even."""
    return _fitting(size, network.axes[-1])


def fitting_depth(size: int, network: UNetConfig) -> int:
    """The same along z, of a network of volumes."""
    return _fitting(size, network.axes[0])


def _fitting(size: int, axis: NetworkAxis) -> int:
    while not axis.fits(size):
        size += 1
    return size


def _round_up(size: int, factor: int) -> int:
    return -(-size // factor) * factor


def in_view_first(tiles: Sequence[Tile], view: Sequence[slice] | None) -> Iterator[Tile]:
    """The tiles, those that `view` (slices in the tiles' own coordinates) touches before the others."""
    return iter(sorted(tiles, key=lambda tile: view is not None and not _touches(tile.core, view)))


def _touches(core: Sequence[slice], view: Sequence[slice]) -> bool:
    return all(c.start < v.stop and v.start < c.stop for c, v in zip(core, view, strict=True))
