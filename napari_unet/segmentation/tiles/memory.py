"""How large a tile may be: as large as memory allows, and no larger than helps."""

from __future__ import annotations

import psutil

from napari_unet.models.architecture import UNetConfig

_LARGEST = 2048  # a field of this size without halo is a tenth quicker than in tiles of 1024
_LARGEST_WATCHED = 1024  # where somebody watches the first labels should not have to wait for the last
_SMALLEST = 128
_SHARE = 0.4  # of the free memory


def free_memory() -> int:
    """Bytes of memory that programs may still take."""
    return int(psutil.virtual_memory().available)


def largest_tile(network: UNetConfig, itemsize: int, watched: bool = False) -> int:
    """Side in pixels of the largest tile of `network` that fits into free memory, `itemsize` bytes a value.

    If the labels are `watched` as they come, tiles are smaller than would be quickest.
    """
    # At full size a network holds about: skip, up-sampled map, their concatenation and two results of a stage.
    bytes_a_pixel = 7 * network.base_channels * itemsize + 16 * network.out_channels
    side = int((free_memory() * _SHARE / bytes_a_pixel) ** (1 / network.ndim))
    largest = 160 if network.ndim == 3 else _LARGEST_WATCHED if watched else _LARGEST
    return max(_SMALLEST if network.ndim == 2 else 32, min(largest, side))
