"""Reading label images that belong to an image."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.images.files.label_colours import ids_of_colours
from napari_unet.images.files.reading import read_stored
from napari_unet.images.files.request import ReadRequest
from napari_unet.images.image import Image
from napari_unet.images.lazy import is_lazy
from napari_unet.labels.ids import compact_ids

LabelSource = Image | npt.NDArray[Any] | str | Path


def read_labels(source: LabelSource, like: Image) -> npt.NDArray[np.int32]:
    """Labels in memory, int32, of the shape and with the axes of the grey image `like`.

    Parameters
    ----------
    source : array, Image or path
        Whole numbers, 0 = background (booleans, and floats without fractions, will do). Ids above a million are
        numbered anew, in their order: `read_label_pair` tells what they were.
    like : Image
        The image they belong to, without channels. A file that does not name its axes takes them from here.

    Raises
    ------
    UserError
        If they cannot be read, are no labels, or do not fit the image.
    """
    (labels,), _ = compact_ids([stored_labels(source, like)])
    return labels


def read_label_pair(
    source: LabelSource, second: LabelSource | None, like: Image
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32] | None, npt.NDArray[Any] | None]:
    """Two images of labels with ids in common, as `read_labels`, and what the ids were (None: they are as stored)."""
    sources = [source] if second is None else [source, second]
    arrays, ids = compact_ids([stored_labels(one, like) for one in sources])
    return arrays[0], arrays[1] if second is not None else None, ids


def stored_labels(source: LabelSource, like: Image) -> npt.NDArray[Any]:
    """As `read_labels`, with the ids as they are stored: any integer type."""
    name = f"The labels {source.name}" if isinstance(source, (Image, Path)) else "The labels"
    opened = _open(source) if isinstance(source, (str, Path)) else source
    if isinstance(opened, Image):
        opened = _without_guess(opened, like)
        _check_size(opened, like, name)  # before anything is read: a damaged header can claim any size
        opened = _in_order(opened, like).data
    if opened.shape != like.shape:
        raise UserError(f"{name} have the shape {opened.shape} and {like.name} has {like.shape}: they must agree.")
    try:
        values = np.asarray(opened)
    except MemoryError as error:
        raise UserError(f"{name} do not fit into memory: close other programs or crop them.") from error
    except Exception as error:  # readers of damaged files raise anything at all, and lazy ones only now
        raise UserError(f"{name} are damaged and cannot be read: {str(error)[:200]}.") from error
    return whole_numbers(values, name)


def _check_size(labels: Image, like: Image, name: str) -> None:
    pixels = int(np.prod([size for letter, size in labels.sizes.items() if letter not in "CS"], dtype=object))
    if pixels != int(np.prod(like.shape, dtype=object)):
        raise UserError(f"{name} have the shape {labels.shape} and {like.name} has {like.shape}: they must agree.")


def open_labels(path: Path, like: Image) -> Image:
    """The label image at `path`, lazy if large, with the axes of the grey image `like` if it can be understood so."""
    return _in_order(_without_guess(_open(path), like), like)


def open_label_file(path: Path | str, axes: str | None = None) -> Image:
    """The label image at `path` by itself, axes of TZYX: lazy if large, integers of any type. Raises `UserError`."""
    opened = read_stored(Path(path).expanduser(), axes, ReadRequest(ids=True))
    if "S" in opened.axes:
        opened = ids_of_colours(opened)
    if "C" in opened.axes:
        raise UserError(f"{opened.name} has channels ({opened.describe()}): labels have one number a pixel.")
    labels = opened.select_channel()
    if is_lazy(labels.data) and labels.dtype.kind in "bui":
        return labels
    return replace(labels, data=whole_numbers(np.asarray(labels.data), f"The labels {Path(path).name}"))


def _open(path: str | Path) -> Image:
    return read_stored(Path(path).expanduser(), None, ReadRequest(ids=True))


def _without_guess(labels: Image, like: Image) -> Image:
    """Three slices, if `like` has these, that a program wrote as the red, green and blue of one picture."""
    if labels.axes == "YXS" and like.ndim == 3 and (labels.shape[2], *labels.shape[:2]) == like.shape:
        return replace(labels, data=labels.data.transpose(2, 0, 1), axes=like.axes)
    return labels


def _in_order(labels: Image, like: Image) -> Image:
    """`labels` with the axes of `like`, if they can be understood so."""
    if "S" in labels.axes:
        labels = ids_of_colours(labels)
    if sorted(labels.axes) == sorted(like.axes):
        return labels.select_channel()
    # a bare stack does not say what its first axis is: its image knows
    return labels.with_axes(like.axes) if labels.ndim == like.ndim else labels


def whole_numbers(values: npt.NDArray[Any], name: str) -> npt.NDArray[Any]:
    """`values` as integers that can be ids; raises `UserError`, with what is wrong of `name`."""
    if values.dtype.kind not in "biuf":
        raise UserError(f"{name} hold values of type {values.dtype}: save them as an integer image.")
    if values.dtype.kind == "f":
        if not np.isfinite(values).all():
            raise UserError(f"{name} hold values that are no numbers (NaN or infinite): background is 0.")
        if not np.array_equal(values, np.round(values)):
            raise UserError(f"{name} hold fractions: labels are whole numbers, one for each object.")
        if values.size and float(np.abs(values).max()) >= 2**53:  # of float16, too, which cannot hold that
            raise UserError(f"{name} run up to {values.max():g}, too large to tell ids apart: save them as integers.")
        values = values.astype(np.int64)
    if values.size and values.min() < 0:
        raise UserError(
            f"{name} run from {values.min()} to {values.max()}: ids must not be negative, and background is 0."
        )
    return values
