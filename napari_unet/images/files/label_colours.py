"""Labels that were saved as a colour picture: grey as RGB, or a colour for each object."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_unet.errors import UserError
from napari_unet.images.image import Image

_SMALLEST = 9  # pixels of an object, on average: more colours than that makes are a photograph, or drawn smoothly


def ids_of_colours(labels: Image) -> Image:
    """Whole numbers of an image with colour samples (axis S): its greys, or a number for each colour; black is 0.

    Alpha says nothing but where there is none. Raises `UserError` if the colours cannot be ids.
    """
    at = labels.axes.index("S")
    data = np.moveaxis(np.asarray(labels.data), at, -1)
    axes = labels.axes.replace("S", "")
    if data.dtype.kind not in "bu":
        raise UserError(f"{labels.name} is a colour picture: save labels as an integer image.")
    colours, alpha = data[..., :3], data[..., 3:]
    if data.shape[-1] < 3:
        return replace(labels, data=data[..., 0], axes=axes)
    clear = (alpha == 0).all(axis=-1) if alpha.shape[-1] else np.zeros(data.shape[:-1], bool)
    if (colours == colours[..., :1]).all():
        return replace(labels, data=np.where(clear, 0, colours[..., 0]), axes=axes)
    codes = np.zeros(clear.shape, np.uint64)
    for sample in range(3):
        codes = codes * np.uint64(2**16) + colours[..., sample]
    codes[clear] = 0
    found, ids = np.unique(codes, return_inverse=True)
    if found[0] != 0:
        raise UserError(f"{labels.name} is a colour picture without any black background: save labels as integers.")
    if len(found) * _SMALLEST > codes.size:
        raise UserError(f"{labels.name} is a colour picture of {len(found)} colours: save labels as an integer image.")
    return replace(labels, data=ids.reshape(codes.shape).astype(np.int32), axes=axes)
