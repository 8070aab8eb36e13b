"""Writing labels next to the images that they belong to, and images made from others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from napari_unet.errors import UserError
from napari_unet.images.axes import CANONICAL
from napari_unet.images.image import Image
from napari_unet.images.units import LENGTH_UNIT, NO_UNIT, TIME_UNIT
from napari_unet.new_files import new_file

_OME_UNITS = {LENGTH_UNIT: "µm", TIME_UNIT: "s", NO_UNIT: "pixel"}


def write_labels(path: Path | str, labels: Any, like: Image) -> Path:
    """Write `labels` (axes of `like` without C and S, in the order T, Z, Y, X) as a compressed OME-TIFF.

    `labels` may be lazy: it is read plane by plane. The file appears under its name only when it is complete.
    """
    path = Path(path).expanduser()
    axes = "".join(letter for letter in CANONICAL if letter in like.axes)
    _check_shape(labels, axes, like)
    dtype = _smallest_dtype(labels)
    with new_file(path, folders=False) as partial:
        tifffile.imwrite(
            partial,
            (plane.astype(dtype) for plane in _planes(labels)),
            shape=tuple(labels.shape),
            dtype=dtype,
            photometric="minisblack",
            compression="zlib",
            ome=True,
            bigtiff=int(np.prod(labels.shape, dtype=np.int64)) * dtype.itemsize > 2**31,
            metadata=_ome_metadata(like, axes),
        )
    return path


def write_image(path: Path | str, image: Image) -> Path:
    """Write `image` (grey) as a compressed OME-TIFF with its pixel size; it appears when it is complete."""
    path = Path(path).expanduser()
    metadata = _ome_metadata(image, image.axes) | {"Name": image.name}
    big = int(np.prod(image.shape, dtype=np.int64)) * image.dtype.itemsize > 2**31
    with new_file(path) as partial:
        tifffile.imwrite(
            partial, np.asarray(image.data), photometric="minisblack", compression="zlib", ome=True, bigtiff=big,
            metadata=metadata,
        )  # fmt: skip
    return path


def _check_shape(labels: Any, axes: str, like: Image) -> None:
    expected = tuple(like.sizes[letter] for letter in axes)
    if tuple(labels.shape) != expected:
        raise UserError(f"Labels of shape {tuple(labels.shape)} do not fit {like.name}, which is {expected} ({axes}).")


def _planes(labels: Any) -> Iterator[npt.NDArray[Any]]:
    """The planes (Y, X) of `labels`, one after another."""
    for index in np.ndindex(*labels.shape[:-2]):
        yield np.asarray(labels[index] if index else labels)


def _smallest_dtype(labels: Any) -> np.dtype[Any]:
    """uint16 if every id fits, uint32 if not."""
    if np.dtype(labels.dtype).kind not in "biu":
        raise UserError(f"Labels must be whole numbers, not {labels.dtype}.")
    lowest = highest = 0
    for plane in _planes(labels):
        lowest, highest = min(lowest, int(plane.min())), max(highest, int(plane.max()))
    if lowest < 0 or highest > np.iinfo(np.uint32).max:
        raise UserError(f"Labels run from {lowest} to {highest}: ids must be from 0 to {np.iinfo(np.uint32).max}.")
    return np.dtype(np.uint16 if highest <= np.iinfo(np.uint16).max else np.uint32)


def _ome_metadata(like: Image, axes: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"axes": axes, "Name": f"{like.name} labels"}
    for axis in axes:
        if axis in like.scale and axis not in like.assumed:
            key = "TimeIncrement" if axis == "T" else f"PhysicalSize{axis}"
            metadata[key] = like.scale[axis]
            metadata[f"{key}Unit"] = _OME_UNITS.get(like.units.get(axis, NO_UNIT), like.units.get(axis, NO_UNIT))
    return metadata
