"""How large a tile may be: as large as memory allows, and no larger than helps."""

from __future__ import annotations

import math

import psutil

from napari_unet.models.architecture import UNetConfig

_LARGEST = 2048  # a field of this size without halo is a tenth quicker than in tiles of 1024
_LARGEST_WATCHED = 1024  # where somebody watches the first labels should not have to wait for the last
_SMALLEST = 128
_LARGEST_DEEP, _SMALLEST_DEEP = 256, 32  # of volumes
_SHARE = 0.4  # of the free memory


def free_memory() -> int:
    """Bytes of memory that programs may still take."""
    return int(psutil.virtual_memory().available)


def largest_volume_tile(network: UNetConfig, itemsize: int, shape: tuple[int, ...]) -> int:
    """Side in pixels of the largest tile for a volume of `shape` (Z, Y, X): all of it, if memory allows.

    What a tile sees around it is most of a small one, and of a thin stack there is not much along z.
    """
    seen = math.prod(size + 4 * axis.factor for size, axis in zip(shape, network.axes, strict=True))
    if seen * _bytes_a_pixel(network, itemsize) <= _SHARE * free_memory():
        return max(shape)
    return largest_tile(network, itemsize)


def largest_tile(network: UNetConfig, itemsize: int, watched: bool = False) -> int:
    """Side in pixels of the largest tile of `network` that fits into free memory, `itemsize` bytes a value.

    If the labels are `watched` as they come, tiles are smaller than would be quickest.
    """
    side = int((free_memory() * _SHARE / _bytes_a_pixel(network, itemsize)) ** (1 / network.ndim))
    if network.ndim == 3:
        return max(_SMALLEST_DEEP, min(_LARGEST_DEEP, side - 2 * network.halo))
    return max(_SMALLEST, min(_LARGEST_WATCHED if watched else _LARGEST, side))


def _bytes_a_pixel(network: UNetConfig, itemsize: int) -> int:
    """At its first stage's size a network holds about: skip, up-sampled map, both joined, two results of a stage."""
    return 7 * network.base_channels * itemsize // network.together + 16 * network.out_channels
