"""Reading plain NumPy arrays (.npy), never the pickled objects that such a file may hold instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.errors import UserError
from napari_unet.images.axes import guess_axes, looks_rgb
from napari_unet.images.files.request import AS_SHOWN, EAGER_BYTES, ReadRequest
from napari_unet.images.image import Image


def read_npy(path: Path, request: ReadRequest = AS_SHOWN) -> Image:
    """The array in a .npy file, mapped if it is large; `UserError` if it holds objects, as those of Cellpose do."""
    if _stored_type(path).hasobject:
        raise UserError(
            "it holds pickled Python objects (as Cellpose's _seg.npy does), which could run code when they are opened, "
            "so it is not opened: save the masks as PNG or TIFF (in Cellpose: File > Save masks) and use that file"
        )
    data = np.load(path, mmap_mode="r", allow_pickle=False)
    if data.nbytes <= EAGER_BYTES:
        # Files of this kind are written anew by whoever computes them: a mapping then ends the whole program.
        data = np.array(data)
    colour = not request.ids and looks_rgb(data.shape, data.dtype)
    return Image(data, guess_axes(data.shape, colour))


def is_plain_array(path: Path) -> bool:
    """Whether a .npy file holds numbers, and not pickled objects (or nothing that can be understood)."""
    try:
        return not _stored_type(path).hasobject
    except (OSError, ValueError, SyntaxError):
        return False


def _stored_type(path: Path) -> np.dtype[Any]:
    with path.open("rb") as file:
        version = np.lib.format.read_magic(file)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        dtype: np.dtype[Any] = read(file)[2]
    return dtype
