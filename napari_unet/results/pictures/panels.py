"""What is shown side by side: a plane of an image as it is drawn, and the outlines over it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_unet.errors import UserError, require
from napari_unet.images.image import Image
from napari_unet.images.units import LENGTH_UNIT
from napari_unet.labels.types import Array, Floats, PlaneIndex
from napari_unet.results.exports.outlines import Outline, trace_outlines
from napari_unet.results.pictures.config import PictureConfig

GreyRange = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Panel:
    """`pixels` are (Y, X) grey or (Y, X, 3) colours from 0 to 1; `pixel_um` is None where it is not known."""

    pixels: Floats
    outlines: tuple[Outline, ...] = ()
    title: str = ""
    pixel_um: float | None = None


def make_panel(
    image: Image,
    labels: Image | None,
    config: PictureConfig,
    *,
    plane: PlaneIndex | None = None,
    channel: int | None = None,
    limits: GreyRange | None = None,
    title: str = "",
) -> Panel:
    """A plane of `image` with the outlines of `labels` (axes of TZYX, in memory or lazy; None: none).

    Parameters
    ----------
    plane : tuple of int, optional
        Index over the axes of `labels` before YX; by default the middle slice of the first frame.
    channel : int, optional
        Which channel, from 0; by default the first, and colours of an RGB image as they are.
    limits : (float, float), optional
        Grey values that are drawn black and white; by default percentiles of the plane.
    """
    grey = image.select_channel(channel)
    if labels is not None and labels.shape != grey.shape:
        raise UserError(f"{labels.name} has the shape {labels.shape} and {image.name} {grey.shape}: they must agree.")
    index = middle_plane(grey) if plane is None else plane
    _check_plane(grey, index)
    coloured = "S" in image.axes and image.sizes["S"] >= 3 and "C" not in image.axes
    pixels = _colours(image, grey, index) if coloured else _stretched(grey.plane(index), limits, config)
    outlines = () if labels is None else tuple(trace_outlines(labels.plane(index)))
    known = image.units_of("X") == (LENGTH_UNIT,) and "X" in image.scale
    return Panel(pixels, outlines, title, float(image.scale["X"]) if known else None)


def middle_plane(grey: Image) -> PlaneIndex:
    """The plane in the middle of a stack, of the first frame."""
    at = {"T": 0, "Z": grey.sizes.get("Z", 1) // 2}
    return tuple(at[letter] for letter in grey.axes[:-2])


def _check_plane(grey: Image, index: PlaneIndex) -> None:
    words = {"T": "frame", "Z": "slice"}
    for letter, at, size in zip(grey.axes, index, grey.shape, strict=False):
        require(
            0 <= at < size,
            f"{grey.name} has no {words[letter]} {at}: give one from 0 to {size - 1}.",
        )


def _stretched(plane: Array, limits: GreyRange | None, config: PictureConfig) -> Floats:
    """Grey values from 0 to 1."""
    values = plane.astype(np.float32)
    finite = values[np.isfinite(values)]
    if limits is None:
        limits = (0.0, 1.0)
        if finite.size:
            limits = (float(np.percentile(finite, config.low)), float(np.percentile(finite, config.high)))
    low, high = limits
    scaled = (values - low) / max(high - low, 1e-12)
    return np.asarray(np.clip(np.nan_to_num(scaled), 0, 1), np.float32)


def _colours(image: Image, grey: Image, index: PlaneIndex) -> Floats:
    """The colours of an RGB image from 0 to 1."""
    at = dict(zip(grey.axes, index, strict=False))
    plane = image.plane(tuple(at[letter] for letter in image.axes if letter not in "YXS"))[..., :3]
    most = np.iinfo(plane.dtype).max if plane.dtype.kind in "ui" else max(float(plane.max(initial=0)), 1.0)
    return np.asarray(np.clip(plane.astype(np.float32) / most, 0, 1), np.float32)
