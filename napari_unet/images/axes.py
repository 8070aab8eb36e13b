"""Axis letters: what is allowed, what a file without them probably means, and the canonical order.

T time, C channel, Z depth, Y row, X column, S the samples of an RGB pixel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.images.lazy import transpose_view

AXIS_NAMES = {"T": "time", "C": "channel", "Z": "depth", "Y": "row", "X": "column", "S": "RGB samples"}
CANONICAL = "TZYX"  # axes of an image once its channel is chosen, and of every label image
_COLOUR_SAMPLES = (3, 4)
_FEW_CHANNELS = 4
_NARROWEST = 16  # pixels: nobody makes images that are as narrow as a channel axis is short


def guess_axes(shape: Sequence[int], rgb: bool = False) -> str:
    """Probable axes of an array of `shape` that comes without any; `rgb` says that the last axis is colour.

    Three grey axes are a z-stack. Of four, a short one in front of the plane is the channel. A very short last axis of
    a grey image is the channel, too.
    """
    if not rgb and len(shape) > 2 and _channel_last(shape):
        leading = tuple(shape)[:-3]
        if len(leading) <= 2:
            return {0: "", 1: "Z", 2: "TZ"}[len(leading)] + "YXC"
    plane = "YXS" if rgb else "YX"
    leading = tuple(shape)[: len(shape) - len(plane)]
    if len(shape) < len(plane) or len(leading) > 3:
        raise UserError(
            f"An image of shape {format_shape(shape) or 'of one number'} cannot be understood: give two to five axes, "
            "of which the last two are rows and columns."
        )
    return _guess_leading(leading) + plane


def _channel_last(shape: Sequence[int]) -> bool:
    """Whether the last of `shape` is too short to be columns, and the two before it are a plane."""
    rows, columns, last = tuple(shape)[-3:]
    return last <= _FEW_CHANNELS and min(rows, columns) >= _NARROWEST


def _guess_leading(sizes: tuple[int, ...]) -> str:
    if len(sizes) == 2:
        if sizes[0] > _FEW_CHANNELS >= sizes[1]:
            return "ZC"
        return "CZ" if sizes[0] <= _FEW_CHANNELS < sizes[1] else "TZ"
    return {0: "", 1: "Z", 3: "TZC"}[len(sizes)]


def looks_rgb(shape: Sequence[int], dtype: npt.DTypeLike) -> bool:
    """Whether an array without axis names is probably a colour image with its samples last."""
    return len(shape) >= 3 and shape[-1] in _COLOUR_SAMPLES and np.dtype(dtype) in (np.uint8, np.uint16)


def check_axes(axes: str, shape: Sequence[int]) -> str:
    """Return `axes` in upper case if they can describe an array of `shape`; raise `UserError` if not."""
    letters = axes.strip().upper()
    unknown = [letter for letter in letters if letter not in AXIS_NAMES]
    if unknown:
        raise UserError(f"Axes {letters!r} contain the unknown letter {unknown[0]!r}: use T, C, Z, Y, X or S.")
    doubled = [letter for letter in letters if letters.count(letter) > 1]
    if doubled:
        raise UserError(f"Axes {letters!r} name {doubled[0]} twice: each letter may occur once.")
    for letter in "YX":
        if letter not in letters:
            raise UserError(f"Axes {letters!r} lack {letter}: an image needs rows (Y) and columns (X).")
    if len(letters) != len(shape):
        raise UserError(
            f"Axes {letters!r} name {len(letters)} axes, but the image has {len(shape)} ({format_shape(shape)})."
        )
    return letters


def complete_axes(axes: str, shape: Sequence[int], dtype: npt.DTypeLike) -> str:
    """Axes of `shape` as a file gives them, with letters that say nothing replaced by the best guess."""
    letters = axes.upper()
    if letters.endswith("X") and "S" not in letters and len(shape) > 2 and _channel_last(shape):
        return guess_axes(shape)  # pages of two columns: the writer took (Y, X, C) for a stack of planes
    known = [letter for letter in letters if letter in AXIS_NAMES]
    if len(known) == len(letters) == len(set(letters)) and {"Y", "X"} <= set(letters):
        return letters
    if not {"Y", "X"} <= set(known) or len(known) != len(set(known)):
        return guess_axes(shape, looks_rgb(shape, dtype))
    if letters[-len(known) :] == "".join(known) and set(known) <= set("YXS"):
        n_leading = len(shape) - len(known)
        if "S" not in known:
            return guess_axes(shape)
        at = n_leading + known.index("S")  # samples lie last, or before rows and columns (planar)
        sizes = [*shape[:at], *shape[at + 1 :], shape[at]]
        return guess_axes(sizes, rgb=True)[:n_leading] + "".join(known)
    spare = [letter for letter in "ZTC" if letter not in known]
    if len(letters) - len(known) > len(spare):
        return guess_axes(shape, looks_rgb(shape, dtype))
    return "".join(letter if letter in AXIS_NAMES else spare.pop(0) for letter in letters)


def squeeze_axes(data: Any, axes: str) -> tuple[Any, str]:
    """Drop axes of length 1 other than Y and X from `data` (any lazy or numpy array with `axes`)."""
    keep = [letter in "YX" or size > 1 for letter, size in zip(axes, data.shape, strict=True)]
    if all(keep):
        return data, axes
    index = tuple(slice(None) if kept else 0 for kept in keep)
    return data[index], "".join(letter for letter, kept in zip(axes, keep, strict=True) if kept)


def order_axes(data: Any, axes: str) -> tuple[Any, str]:
    """`data` with T, Z, Y and X in this order; C and S stay at their places. Nothing is read or copied.

    Whatever order a file keeps its planes in, they are shown, segmented and written in one.
    """
    wanted = [letter for letter in CANONICAL if letter in axes]
    ordered = "".join(wanted.pop(0) if letter in CANONICAL else letter for letter in axes)
    if ordered == axes:
        return data, axes
    return transpose_view(data, [axes.index(letter) for letter in ordered]), ordered


def format_shape(shape: Sequence[int]) -> str:
    """`shape` for people: "30 x 512 x 512"."""
    return " x ".join(str(size) for size in shape)
