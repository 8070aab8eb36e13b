"""The paper's overlap-tile strategy: which part of the image the network reads, and which part of its answer counts.

Every tile sees all that its pixels depend on beyond what it answers for, and starts at a multiple of the pooling
factor, so that a pixel's answer does not depend on the tile it falls in. At the image's border, where there is
nothing to see, the image is mirrored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from napari_unet.models.architecture import UNetConfig

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
    spans, borders = zip(*(_plan_axis(size, tile, network) for size in shape), strict=True)
    tiles = [Tile(*(tuple(part) for part in zip(*chosen, strict=True))) for chosen in product(*spans)]
    return TilePlan(tuple(tiles), tuple(borders))


def plan_part(part: Sequence[slice], shape: Sequence[int], network: UNetConfig) -> tuple[Tile, tuple[int, ...]]:
    """One tile that answers for `part` of an image of `shape`, and how much of mirrored border is before each axis.

    What it says is what the tiles of `plan_tiles` say, if `part` starts at multiples of the pooling factor.
    """
    spans, before = [], []
    for one, size in zip(part, shape, strict=True):
        cores = [(one.start, one.stop)]
        found, border = _plan_valid(cores, network) if network.padding == "valid" else _plan_same(cores, size, network)
        spans.append(found[0])
        before.append(border[0])
    return Tile(*(tuple(one) for one in zip(*spans, strict=True))), tuple(before)


def _plan_axis(size: int, tile: int, network: UNetConfig) -> tuple[list[_Span], tuple[int, int]]:
    factor = network.pooling_factor
    count = -(-size // max(tile, factor))
    step = _round_up(-(-size // count), factor)
    cores = [(start, min(start + step, size)) for start in range(0, size, step)]
    if network.padding == "valid":
        return _plan_valid(cores, network)
    return _plan_same(cores, size, network)


def _plan_same(cores: list[tuple[int, int]], size: int, network: UNetConfig) -> tuple[list[_Span], tuple[int, int]]:
    factor, halo = network.pooling_factor, network.halo
    border = min(_MIRRORED_STAGES * factor, halo)
    end = _round_up(size, factor) + border
    spans = []
    for start, stop in cores:
        first = max(start - halo, -border)
        last = min(_round_up(stop, factor) + halo, end)
        spans.append((slice(start, stop), slice(first + border, last + border), slice(start - first, stop - first)))
    return spans, (border, end - size)


def _plan_valid(cores: list[tuple[int, int]], network: UNetConfig) -> tuple[list[_Span], tuple[int, int]]:
    margin, spans, last = network.margin, [], 0
    for start, stop in cores:
        length = fitting_size(stop - start + 2 * margin, network)
        spans.append((slice(start, stop), slice(start, start + length), slice(0, stop - start)))
        last = max(last, start + length)
    return spans, (margin, last - margin - cores[-1][1])


def fitting_size(size: int, network: UNetConfig) -> int:
    """The smallest tile side >= `size` that every pooling of `network` meets even."""
    while not _fits(size, network):
        size += 1
    return size


def _fits(size: int, network: UNetConfig) -> bool:
    lost = 4 if network.padding == "valid" else 0
    for _ in range(network.depth):
        size -= lost
        if size <= 0 or size % 2:
            return False
        size //= 2
    return size - lost > 0


def _round_up(size: int, factor: int) -> int:
    return -(-size // factor) * factor


def in_view_first(tiles: Sequence[Tile], view: Sequence[slice] | None) -> Iterator[Tile]:
    """The tiles, those that `view` (slices in the tiles' own coordinates) touches before the others."""
    return iter(sorted(tiles, key=lambda tile: view is not None and not _touches(tile.core, view)))


def _touches(core: Sequence[slice], view: Sequence[slice]) -> bool:
    return all(c.start < v.stop and v.start < c.stop for c, v in zip(core, view, strict=True))
