"""Reading PNG and JPEG."""

from __future__ import annotations

from pathlib import Path

import imagecodecs
import numpy as np

from napari_unet.images.image import Image


def read_raster(path: Path) -> Image:
    """Image of a PNG or JPEG file: YX, or YXS of a colour file; 16-bit PNG keeps its depth."""
    encoded = path.read_bytes()
    decode = imagecodecs.png_decode if encoded.startswith(b"\x89PNG") else imagecodecs.jpeg_decode
    data = np.asarray(decode(encoded))
    if data.ndim == 3 and data.shape[2] <= 2:  # grey, with or without an alpha channel that carries no signal
        data = data[:, :, 0]
    return Image(data, "YXS" if data.ndim == 3 else "YX")
