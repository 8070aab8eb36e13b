"""Reading label images that belong to an image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.images.files.reading import read_image
from napari_unet.images.image import Image


def read_labels(source: Image | npt.NDArray[Any] | str | Path, like: Image) -> npt.NDArray[np.int32]:
    """Labels in memory, int32, of the shape and with the axes of the grey image `like`.

    Parameters
    ----------
    source : array, Image or path
        Whole numbers, 0 = background (booleans, and floats without fractions, will do).
    like : Image
        The image they belong to, without channels. A file that does not name its axes takes them from here.

    Raises
    ------
    UserError
        If they cannot be read, are no labels, or do not fit the image.
    """
    name = f"The labels {source.name}" if isinstance(source, (Image, Path)) else "The labels"
    opened = read_image(source) if isinstance(source, (str, Path)) else source
    values = np.asarray(_in_order(opened, like).data if isinstance(opened, Image) else opened)
    if values.shape != like.shape:
        raise UserError(f"{name} have the shape {values.shape} and {like.name} has {like.shape}: they must agree.")
    return _whole_numbers(values, name)


def open_labels(path: Path, like: Image) -> Image:
    """The label image at `path`, lazy if large, with the axes of the grey image `like` if it can be understood so."""
    return _in_order(read_image(path), like)


def _in_order(labels: Image, like: Image) -> Image:
    """`labels` with the axes of `like`, if they can be understood so."""
    if "S" in labels.axes:
        raise UserError(f"{labels.name} is a colour picture: save labels as an integer image.")
    if sorted(labels.axes) == sorted(like.axes):
        return labels.select_channel()
    # a bare stack does not say what its first axis is: its image knows
    return labels.with_axes(like.axes) if labels.ndim == like.ndim else labels


def _whole_numbers(values: npt.NDArray[Any], name: str) -> npt.NDArray[np.int32]:
    if values.dtype.kind not in "biuf":
        raise UserError(f"{name} hold values of type {values.dtype}: save them as an integer image.")
    if values.dtype.kind == "f" and not (np.isfinite(values).all() and np.array_equal(values, np.round(values))):
        raise UserError(f"{name} hold fractions: labels are whole numbers, one for each object.")
    if values.size and (values.min() < 0 or values.max() > np.iinfo(np.int32).max):
        raise UserError(f"{name} run from {values.min()} to {values.max()}: they must be from 0 to 2147483647.")
    return values.astype(np.int32)
