"""Labels that are edited where they lie on the disk: an OME-Zarr whose one chunk is mapped into memory."""

from __future__ import annotations

import shutil
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.images.files.ome_labels import describe_labels
from napari_unet.images.image import Image

_SPARE_BYTES = 2**30
"""Free on the disk when labels begin, or what all of them take: room is taken only where something is written."""


def check_room(folder: Path, n_bytes: int) -> None:
    """Raise `UserError` unless the disk of `folder` has so much room."""
    free = shutil.disk_usage(folder).free
    if free < n_bytes:
        raise UserError(
            f"Labels of this image need {_in_gb(n_bytes)} GB on the disk of {folder}, and {_in_gb(free)} GB are free "
            "there. Make room, or set TMPDIR to a folder on a larger disk and start again."
        )


def _in_gb(n_bytes: int) -> str:
    return f"{n_bytes / 1e9:,.1f}"


def create_mapped_labels(folder: Path, like: Image, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Labels of the axes, shape and pixel size of `like`, all 0, in the new OME-Zarr `folder`.

    They are an array as any other, and what is written to it is in the folder: the system keeps as much of it in memory
    as there is room for. That is why they are one chunk without compression; as long as nothing is written somewhere,
    most systems keep no room for it on the disk either.

    Raises
    ------
    UserError
        If the folder cannot be written, or the disk is nearly full: as they are mapped, a disk that is full when they
        are painted to would end the whole program, and no error could be raised.
    """
    import zarr

    try:
        check_room(folder.parent, min(_SPARE_BYTES, prod(like.shape) * np.dtype(dtype).itemsize))
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
