"""Labels that are edited where they lie on the disk: an OME-Zarr whose one chunk is mapped into memory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.images.files.ome_labels import describe_labels
from napari_unet.images.image import Image


def create_mapped_labels(folder: Path, like: Image, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Labels of the axes, shape and pixel size of `like`, all 0, in the new OME-Zarr `folder`.

    They are an array as any other, and what is written to it is in the folder: the system keeps as much of it in memory
    as there is room for. That is why they are one chunk without compression; as long as nothing is written somewhere,
    most systems keep no room for it on the disk either.

    Raises
    ------
    UserError
        If the folder cannot be written.
    """
    import zarr

    try:
        group = zarr.open_group(str(folder), mode="w-", zarr_format=3)
        little = np.dtype(dtype).newbyteorder("<")
        group.create_array("0", shape=like.shape, chunks=like.shape, dtype=little, compressors=None, fill_value=0)
        describe_labels(group, replace(like, name=folder.name.split(".")[0]), "0.5", levels=1)
        chunk = folder.joinpath("0", "c", *["0"] * like.ndim)
        chunk.parent.mkdir(parents=True)
        return np.memmap(chunk, little, "w+", shape=like.shape)
    except (OSError, ValueError) as error:
        raise UserError(
            f"Labels cannot be kept in {folder}: {error}. Make room there, or open the image anew."
        ) from error
