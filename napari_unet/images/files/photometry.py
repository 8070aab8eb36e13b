"""From stored numbers to what is shown: files in which large numbers are dark, and files with a palette."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.images.lazy import is_lazy, lazy_array

_LUMINANCE = (0.2125, 0.7154, 0.0721)  # of red, green and blue in ITU-R BT.709


def invert(data: Any, bits: int) -> Any:
    """`data` (numpy, memory map or dask) with bright and dark exchanged; `bits`: how many of an integer are used."""
    if isinstance(data, np.memmap):
        data = lazy_array(data)
    kind = data.dtype.kind
    if kind == "b":
        return ~data
    if kind == "u":
        return data.dtype.type(min(2**bits - 1, np.iinfo(data.dtype).max)) - data
    return ~data if kind == "i" else -data


def apply_palette(data: Any, palette: npt.NDArray[Any], bits: int) -> tuple[Any, bool]:
    """What is shown of indices into `palette` (3, N), and whether that is colour, with its samples last.

    Where the colours only become brighter with the index (a green look-up table, say), the indices themselves are the
    brightness; where they only become darker, the inverted ones.
    """
    shades = np.asarray(_LUMINANCE) @ palette.astype(float)
    steps = np.diff(shades)
    if (steps >= 0).all():
        return data, False
    if (steps <= 0).all():
        return invert(data, bits), False
    colours = np.ascontiguousarray(palette.T)
    if colours.max() > 255:
        colours = colours >> 8
    colours = colours.astype(np.uint8)
    if isinstance(data, np.memmap):
        data = lazy_array(data)
    if not is_lazy(data):
        return colours[np.minimum(data, len(colours) - 1)], True
    new = data.ndim
    chunks = (*data.chunks, (3,))
    return data.map_blocks(_look_up, colours, dtype=np.uint8, chunks=chunks, new_axis=new), True


def _look_up(block: npt.NDArray[Any], colours: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    found: npt.NDArray[np.uint8] = colours[np.minimum(block, len(colours) - 1)]
    return found
