"""How large a tile may be: as large as memory allows, and no larger than helps."""

from __future__ import annotations

import psutil

from napari_unet.models.architecture import UNetConfig

_LARGEST = 1024  # beyond this the halo costs so little that larger tiles gain nothing and only delay the first labels
_SMALLEST = 128
_SHARE = 0.4  # of the free memory


def free_memory() -> int:
    """Bytes of memory that programs may still take."""
    return int(psutil.virtual_memory().available)


def largest_tile(network: UNetConfig, itemsize: int) -> int:
    """Side in pixels of the largest tile of `network` that fits into free memory, `itemsize` bytes a value."""
    # At full size a network holds about: skip, up-sampled map, their concatenation and two results of a stage.
    bytes_a_pixel = 7 * network.base_channels * itemsize + 16 * network.out_channels
    side = int((free_memory() * _SHARE / bytes_a_pixel) ** (1 / network.ndim))
    largest = _LARGEST if network.ndim == 2 else 160
    return max(_SMALLEST if network.ndim == 2 else 32, min(largest, side))
