"""`segment`, the call that does it all: image, path or array in, labels out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.events import drain
from napari_unet.images.channels import model_input
from napari_unet.images.files.reading import read_image
from napari_unet.images.image import Image
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Segmentation
from napari_unet.segmentation.segment import segment_steps


def segment(
    image: Image | np.ndarray[Any, Any] | str | Path,
    model: Model | str | Path | None = None,
    *,
    axes: str | None = None,
    channel: int | None = None,
    **parameters: Any,
) -> Segmentation:
    """Segment an image and wait for the result.

    Parameters
    ----------
    image : Image, array or path
        Pixels in any order of axes; for an array or a path, `axes` may name them ("ZYX").
    model : Model, str or path, optional
        A model, its name in the library or its file; the model that ships by default.
    channel : int, optional
        Which channel, from 0.
    **parameters
        Fields of `SegmentConfig`, such as ``diameter=30`` (pixels).

    Returns
    -------
    Segmentation
        ``.labels`` is int32 of the image's shape without channels, in the order T, Z, Y, X.

    Raises
    ------
    UserError
        If the image or the model cannot be read, or the axes do not fit.
    """
    chosen = model if isinstance(model, Model) else load_model(model)
    opened = model_input(as_image(image, axes), chosen.record.channel_counts, channel)
    return drain(segment_steps(opened, chosen, SegmentConfig(**parameters)))


def as_image(image: Image | np.ndarray[Any, Any] | str | Path, axes: str | None = None) -> Image:
    """An `Image` of whatever was given."""
    if isinstance(image, (str, Path)):
        return read_image(image, axes)
    if isinstance(image, Image):
        return image.with_axes(axes) if axes else image
    return Image.from_array(image, axes)
