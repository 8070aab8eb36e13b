"""A network for restoration put to work on whole images, tile by tile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.images.image import Image
from napari_unet.images.normalization import Limits, normalize
from napari_unet.labels.types import Array, Box, Floats, PlaneIndex
from napari_unet.models.model import Model
from napari_unet.models.record import GreyOutput
from napari_unet.models.running.engine import Engine
from napari_unet.restoration.enlarging import enlarge
from napari_unet.restoration.material import NORMALIZATION, limits_of, output_limits
from napari_unet.restoration.smoothing import base_of, reach_of
from napari_unet.restoration.tasks import task_of
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.tiles.plane import SeenPlane
from napari_unet.segmentation.tiles.queue import TileQueue

_TILE = 512


@dataclass(frozen=True)
class TileRestored:
    """`done` of `total` tiles of the plane, `plane` of `planes` planes."""

    done: int
    total: int
    plane: int
    planes: int


def grey_of(model: Model) -> GreyOutput:
    """What the output of `model` is; raises `UserError` if it makes no grey values."""
    if model.record.grey is None:
        raise UserError(f"The model {model.name} makes labels, not grey values: choose one that restores.")
    return model.record.grey


def restore_steps(
    image: Image, model: Model, engine: Engine = Engine(), stop: StopFlag | None = None
) -> Iterator[TileRestored | Finished[Image | None]]:
    """The restored image: axes, scale and type of values of `image` (grey, axes out of "TZYX"), plane by plane.

    Stopped before its end, the result is None.

    Raises
    ------
    UserError
        If the model makes no grey values.
    """
    grey, flag = grey_of(model), stop or StopFlag()
    task = task_of(grey)
    predictor = Predictor(model, replace(engine, precision="float32"))  # grey values need more than 8 bits
    shape = (*image.shape[:-2], image.shape[-2] * task.factor, image.shape[-1] * task.factor)
    dtype = image.dtype if image.dtype.kind in "ui" else np.dtype(np.float32)
    out: Array = np.zeros(shape, dtype)
    planes = list(np.ndindex(*image.shape[:-2]))
    for number, index in enumerate(planes):
        for done, total in _restore_plane(image, index, predictor, grey, out[index] if index else out):
            yield TileRestored(done, total, number, len(planes))
            if flag.requested:
                yield Finished(None, stopped=True)
                return
    scale = {letter: value / (task.factor if letter in "YX" else 1) for letter, value in image.scale.items()}
    yield Finished(replace(image, data=out, scale=scale, name=f"{image.name} {task.made}", path=None))


def _restore_plane(
    image: Image, index: PlaneIndex, predictor: Predictor, grey: GreyOutput, out: Array
) -> Iterator[tuple[int, int]]:
    """Fill `out` (Y, X), a step a tile."""
    pixels, limits = image.plane(index), limits_of(image, index)
    if task_of(grey).factor > 1:
        pixels = enlarge(pixels)
    seen = SeenPlane(pixels, pixels.shape, 1, limits, NORMALIZATION)
    queue = TileQueue(predictor, seen, _TILE)
    meant = output_limits(grey, limits)
    while queue:
        answer = queue.answer()
        values = answer.maps[0]
        if grey.residual:
            values = grey.spread * values + _base(pixels, answer.core, grey, limits)
        out[answer.core] = to_grey(values, meant, out.dtype)
        yield queue.done, queue.total


def _base(pixels: Array, part: Box, grey: GreyOutput, limits: Limits) -> Floats:
    """What the output is added to, for a part of a plane, of which no more than a margin around it is normalized."""
    reach = reach_of(grey.sigma, grey.hole)
    around = tuple(slice(max(0, one.start - reach), one.stop + reach) for one in part)
    inside = tuple(slice(one.start - more.start, one.stop - more.start) for one, more in zip(part, around, strict=True))
    return base_of(grey, normalize(pixels[around], limits, NORMALIZATION))[inside]


def to_grey(values: Floats, meant: Limits, dtype: np.dtype[Any]) -> Array:
    """Normalized values in grey values of `dtype`: rounded, and held within what it can say."""
    scaled = values.astype(np.float64) * (meant.high - meant.low) + meant.low
    if dtype.kind in "ui":
        info = np.iinfo(dtype)
        scaled = np.clip(np.rint(scaled), info.min, info.max)
    return scaled.astype(dtype)


def predict_grey(predictor: Predictor, seen: Floats) -> Floats:
    """What the network says of a normalized plane (Y, X)."""
    queue = TileQueue(predictor, SeenPlane(seen, seen.shape, 1), _TILE)
    out = np.zeros(seen.shape, np.float32)
    while queue:
        answer = queue.answer()
        out[answer.core] = answer.maps[0]
    return out
