"""A network for restoration put to work on whole images, tile by tile; of two networks the mean, and how far apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.images.image import Image
from napari_unet.images.normalization import Limits, normalize
from napari_unet.labels.types import Array, Box, Floats, PlaneIndex
from napari_unet.models.model import Model
from napari_unet.models.record import GreyOutput
from napari_unet.models.running.engine import Engine
from napari_unet.restoration import predicting
from napari_unet.restoration.isotropic import isotropic_frame, isotropic_steps, ratio_of
from napari_unet.restoration.material import NORMALIZATION, grey_limits, output_limits
from napari_unet.restoration.own_pixel import count_own_pixels
from napari_unet.restoration.starts.base import base_of, reach_of_base
from napari_unet.restoration.starts.enlarging import finer, interleave
from napari_unet.restoration.tasks import task_of
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.tiles.plane import SeenPlane
from napari_unet.segmentation.tiles.queue import TileQueue


@dataclass(frozen=True)
class TileRestored:
    """`done` of `total` tiles of the plane, `plane` of `planes` planes."""

    done: int
    total: int
    plane: int
    planes: int


@dataclass(frozen=True, eq=False)
class Unsure:
    """How far two opinions of the restored image are from one another, as a standard deviation in its grey values."""

    image: Image


Restoring = Iterator[TileRestored | Unsure | Finished[Image | None]]


def grey_of(model: Model) -> GreyOutput:
    """What the output of `model` is; raises `UserError` if it makes no grey values."""
    if model.record.grey is None:
        raise UserError(f"The model {model.name} makes labels, not grey values: choose one that restores.")
    if predicting.factor_of(model.record) != task_of(model.record.grey).factor:
        raise UserError(f"{model.name} was taught by an earlier version, which went another way: teach it anew.")
    return model.record.grey


def has_opinions(model: Model) -> bool:
    """Whether there are two opinions of what it restores: two networks, or two side views of a stack."""
    return task_of(grey_of(model)).along_z or len(model.kinds) > 1


def restore_steps(
    image: Image, model: Model, engine: Engine = Engine(), stop: StopFlag | None = None, unsure: bool = False
) -> Restoring:
    """The restored image: axes, scale and type of values of `image` (grey, axes out of "TZYX"), plane by plane.

    With `unsure` an `Unsure` comes before the end. Stopped before its end, the result is None.

    Raises
    ------
    UserError
        If the model makes no grey values, the image is no stack where one is needed, or there is nobody to disagree.
    """
    grey, flag = grey_of(model), stop or StopFlag()
    task = task_of(grey)
    if unsure and not has_opinions(model):
        raise UserError(
            f"{model.name} is one network, which no other contradicts: teach it anew with uncertainty, to see where "
            "it is unsure."
        )
    engine = replace(engine, precision="float32")  # grey values need more than 8 bits
    frame = _frame(image, grey)
    doubts: Floats | None = np.zeros(frame.shape, np.float32) if unsure else None
    work = _restore_stack if task.along_z else _restore_planes
    for event in work(image, model, engine, frame.data, doubts):
        yield event
        if flag.requested:
            yield Finished(None, stopped=True)
            return
    if doubts is not None:
        yield Unsure(replace(frame, data=doubts, name=f"{image.name} {task.made} unsure"))
    yield Finished(replace(frame, name=f"{image.name} {task.made}"))


def _frame(image: Image, grey: GreyOutput) -> Image:
    """An empty image for the result."""
    task = task_of(grey)
    if task.along_z:
        return isotropic_frame(image, grey, ratio_of(image, grey))
    shape = (*image.shape[:-2], image.shape[-2] * task.factor, image.shape[-1] * task.factor)
    wanted = np.dtype(grey.dtype) if grey.dtype else image.dtype
    dtype = wanted if wanted.kind in "ui" else np.dtype(np.float32)
    scale = {letter: value / (task.factor if letter in "YX" else 1) for letter, value in image.scale.items()}
    return replace(image, data=np.zeros(shape, dtype), scale=scale, path=None)


def _restore_stack(
    image: Image, model: Model, engine: Engine, out: Array, doubts: Floats | None
) -> Iterator[TileRestored]:
    """A stack with finer slices."""
    grey = grey_of(model)
    for done, total in isotropic_steps(image, out, model, engine, ratio_of(image, grey), doubts):
        yield TileRestored(done, total, 0, 1)


def _restore_planes(
    image: Image, model: Model, engine: Engine, out: Array, doubts: Floats | None
) -> Iterator[TileRestored]:
    grey, predictors = grey_of(model), [Predictor(member, engine) for member in model.kinds]
    planes = list(np.ndindex(*image.shape[:-2]))
    for number, index in enumerate(planes):
        limits = grey_limits(image, index)
        meant = output_limits(grey, limits)
        opinions = [np.zeros(out.shape[-2:], np.float32) for _ in predictors]
        for place, predictor in enumerate(predictors):
            for done, total in _restore_plane(image, index, predictor, opinions[place]):
                yield TileRestored(place * total + done, len(predictors) * total, number, len(planes))
        restored = np.mean(opinions, axis=0)
        if grey.hole == "pixel":
            restored = count_own_pixels(image.plane(index), limits, NORMALIZATION, restored)
        out[index] = predicting.to_grey(restored, meant, out.dtype)
        if doubts is not None:
            doubts[index] = predicting.disagreement(opinions[0], opinions[1], meant)


def _restore_plane(image: Image, index: PlaneIndex, predictor: Predictor, out: Floats) -> Iterator[tuple[int, int]]:
    """Fill `out` (factor Y, factor X) with normalized values, a step a tile."""
    pixels, limits, grey = image.plane(index), grey_limits(image, index), predictor.record.grey
    if grey is None:
        raise ValueError("a member of a model for restoration restores")
    factor = task_of(grey).factor
    queue = TileQueue(predictor, SeenPlane(pixels, pixels.shape, 1, limits, NORMALIZATION), predicting.TILE)
    while queue:
        answer = queue.answer()
        values = interleave(answer.maps)
        if grey.residual:
            values = grey.spread * values + _base(pixels, answer.core, grey, limits)
        out[finer(answer.core, factor)] = values
        yield queue.done, queue.total


def _base(pixels: Array, part: Box, grey: GreyOutput, limits: Limits) -> Floats:
    """What the output is added to, for a part of a plane, of which no more than a margin around it is normalized."""
    reach = reach_of_base(grey)
    around = tuple(slice(max(0, one.start - reach), one.stop + reach) for one in part)
    inside = tuple(slice(one.start - more.start, one.stop - more.start) for one, more in zip(part, around, strict=True))
    return base_of(grey, normalize(pixels[around], limits, NORMALIZATION))[finer(inside, task_of(grey).factor)]
