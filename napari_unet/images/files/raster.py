"""Reading PNG and JPEG."""

from __future__ import annotations

import io
from pathlib import Path

import imagecodecs
import numpy as np
import numpy.typing as npt
from PIL import Image as Picture

from napari_unet.errors import UserError
from napari_unet.images.files.request import AS_SHOWN, ReadRequest
from napari_unet.images.image import Image

_MOST_PIXELS = 2**28  # of a packed picture: a small file can claim any size


def read_raster(path: Path, request: ReadRequest = AS_SHOWN) -> Image:
    """Image of a PNG or JPEG file: YX, or YXS of a colour file; 16-bit PNG keeps its depth."""
    encoded = path.read_bytes()
    png = encoded.startswith(b"\x89PNG")
    if request.ids and not png:
        raise UserError("JPEG changes single values, and ids with them: save labels as PNG or TIFF")
    with Picture.open(io.BytesIO(encoded)) as picture:
        if picture.width * picture.height > _MOST_PIXELS:
            raise UserError(f"it claims to be {picture.width} x {picture.height} pixels: save large images as TIFF")
        if request.ids and picture.mode == "P":
            return Image(np.asarray(picture), "YX")  # what a palette's colours stand for are its indices
    data = _decode_png(encoded) if png else _decode_jpeg(encoded)
    if data.ndim == 3 and data.shape[2] <= 2:  # grey, with or without an alpha channel that carries no signal
        data = data[:, :, 0]
    return Image(data, "YXS" if data.ndim == 3 else "YX")


def _decode_png(encoded: bytes) -> npt.NDArray[np.unsignedinteger]:
    return np.asarray(imagecodecs.png_decode(encoded))  # pillow would make 8 bits of 16-bit colour


def _decode_jpeg(encoded: bytes) -> npt.NDArray[np.unsignedinteger]:
    with Picture.open(io.BytesIO(encoded)) as picture:  # imagecodecs would fill what is cut off with grey
        return np.asarray(picture if picture.mode == "L" else picture.convert("RGB"))
