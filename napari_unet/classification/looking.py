"""A look at all objects of an image: shape, grey values, texture, and what a network sees of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from napari_unet.classification.object_features import INTENSITY, SHAPE, ObjectFeatures
from napari_unet.classification.pooling import Pool
from napari_unet.classification.texture import MAPS, add_texture, texture_names
from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.images.channels import ChannelStack, ModelInput, stack_channels
from napari_unet.images.image import Image
from napari_unet.images.limits import volume_limits
from napari_unet.images.normalization import NormalizationConfig, normalize
from napari_unet.images.view import View
from napari_unet.labels.types import Floats, Ints
from napari_unet.models.model import Model
from napari_unet.models.running.engine import Engine
from napari_unet.results.measurements.config import MeasureConfig
from napari_unet.results.measurements.measure import measure_steps

_SIZES = ("num_pixels", "axis_major_length", "axis_minor_length")  # as logarithms: half and double are as far
_RATIOS = ("aspect_ratio", "eccentricity", "circularity", "solidity", "extent")
_GREY = ("mean", "std", "min", "max")


@dataclass(frozen=True)
class ObjectsSeen:
    """A part of the image is done."""

    done: int
    total: int


def look_at_objects(
    labels: Image,
    image: Image,
    model: Model | None = None,
    channel: int | None = None,
    view: View = View(),
    engine: Engine = Engine(),
    stop: StopFlag | None = None,
) -> Iterator[ObjectsSeen | Finished[ObjectFeatures]]:
    """Features of all objects of `labels`, whoever made them.

    Parameters
    ----------
    labels : Image
        Integers with axes out of "TZYX", 0 = background; frames of time are looked at each by itself.
    image : Image
        The image they belong to, with all of its channels.
    model : Model, optional
        Whose network looks, too; None: shape, grey values and texture alone.
    channel : int, optional
        The one that a model of one channel sees.

    Raises
    ------
    UserError
        If shapes disagree, or there is no object at all.
    """
    flag = stop or StopFlag()
    tables = []
    for event in _measure(labels, image, flag):
        if isinstance(event, Finished):
            tables.append(event.result)
        else:
            yield event
    table = tables[0]
    if not len(table) and not flag.requested:
        raise UserError(f"There is no object in {labels.name}: segment the image first, or choose other labels.")
    seen = stack_channels(image, channel)
    frames = [_Frame(labels.select_channel(), seen, view, frame) for frame in _frames(labels)]
    parts: list[ObjectFeatures] = []
    for frame in frames:
        if flag.requested:
            break
        features = yield from frame.look(_rows(table, frame.number), model, engine, flag)
        parts += [] if features is None else [features]
    yield Finished(_stack(parts), flag.requested)


def _measure(labels: Image, image: Image, stop: StopFlag) -> Iterator[ObjectsSeen | Finished[pd.DataFrame]]:
    wanted = [*_SIZES, *_RATIOS, *(f"intensity_{name}" for name in _GREY)]
    ndim = 3 if "Z" in labels.axes else 2
    if ndim == 3:  # slow in 3D
        wanted.remove("solidity")
    for event in measure_steps(_in_pixels(labels), _in_pixels(image), MeasureConfig(columns=tuple(wanted)), stop=stop):
        yield event if isinstance(event, Finished) else ObjectsSeen(event.done, event.total)


def _in_pixels(image: Image) -> Image:
    """Lengths are counted in pixels of Y and X; slices may be thicker than these."""
    from dataclasses import replace

    across = image.scale.get("X", 1.0)
    scale = {letter: image.scale.get(letter, across) / across for letter in "ZYX" if letter in image.axes}
    return replace(image, scale=scale, units={})


def _frames(labels: Image) -> list[int]:
    return list(range(labels.sizes.get("T", 1)))


def _rows(table: pd.DataFrame, frame: int) -> pd.DataFrame:
    return table[table["t"] == frame] if "t" in table else table


class _Frame:
    """One frame of time: its objects, in 2D or 3D."""

    def __init__(self, labels: Image, seen: ModelInput, view: View, number: int) -> None:
        self._labels, self._seen, self._view, self.number = labels, seen, view, number
        timed = (number,) if "T" in labels.axes else ()
        self._planes = [(*timed, z) for z in range(labels.sizes["Z"])] if "Z" in labels.axes else [timed]
        self._parts = seen.parts if isinstance(seen, ChannelStack) else (seen,)
        config = NormalizationConfig()
        self._limits = [volume_limits(part, self._planes[0], config, view.inverted) for part in self._parts]

    def look(self, table: pd.DataFrame, model: Model | None, engine: Engine, stop: StopFlag) -> Any:
        """The features of the objects in `table`; None if it was stopped."""
        ids = table["label"].to_numpy(np.int64)
        names, columns = self._from_table(table)
        textures = [Pool(ids, len(MAPS), spread=True) for _ in self._parts]
        sight, digest = self._network(model, ids, table, engine)
        for done, index in enumerate(self._planes):
            plane = self._labels.plane(index)
            for part, limits, pool in zip(self._parts, self._limits, textures, strict=True):
                for _ in add_texture(pool, normalize(part.plane(index), limits), plane):
                    yield ObjectsSeen(done, len(self._planes))
            if sight is not None and plane.any():
                for _ in sight.add(self._seen, self._view, index, plane):
                    if stop.requested:
                        return None
                    yield ObjectsSeen(done, len(self._planes))
            if stop.requested:
                return None
        for channel, pool in enumerate(textures):
            names += texture_names(channel)
            columns.append(pool.values())
        if sight is not None:
            names += sight.names
            columns.append(sight.values())
        values = np.nan_to_num(np.concatenate(columns, axis=1), nan=0.0, posinf=0.0, neginf=0.0)
        objects = np.stack([np.full(len(ids), self.number), ids], axis=1)
        return ObjectFeatures(objects, values.astype(np.float32), tuple(names), digest)

    def _from_table(self, table: pd.DataFrame) -> tuple[list[str], list[Floats]]:
        names, columns = [], []
        for name in (*_SIZES, *_RATIOS):
            if name in table:
                column = table[name].to_numpy(np.float64)
                names.append(f"{SHAPE} {name}")
                columns.append(np.log(np.maximum(column, 0.5)) if name in _SIZES else column)
        for channel, limits in enumerate(self._limits):
            span = limits.high - limits.low
            for statistic in _GREY:
                column_name = f"intensity_{statistic}" + ("" if len(self._limits) == 1 else f"-{channel}")
                grey = table[column_name].to_numpy(np.float64)
                names.append(f"{INTENSITY} {statistic} {channel}")
                columns.append((grey - (0 if statistic == "std" else limits.low)) / span)
        return names, [np.stack(columns, axis=1).astype(np.float32)]

    def _network(self, model: Model | None, ids: Ints, table: pd.DataFrame, engine: Engine) -> tuple[Any, str]:
        if model is None or not len(ids):
            return None, ""
        from napari_unet.classification.network_sight import NetworkSight, choose_eyes, weights_digest

        eyes = choose_eyes(model, self._seen)
        if eyes is None:
            return None, ""
        diameter = float(np.median(np.sqrt(table["axis_major_length"] * table["axis_minor_length"]).clip(lower=2)))
        return NetworkSight(eyes, ids, diameter, engine), weights_digest(eyes)


def _stack(parts: list[ObjectFeatures]) -> ObjectFeatures:
    """Frames one after another; those without objects say nothing of features."""
    full = [part for part in parts if len(part)] or parts[:1]
    if not full:
        return ObjectFeatures(np.zeros((0, 2), np.int64), np.zeros((0, 0), np.float32), ())
    first = full[0]
    return ObjectFeatures(
        np.concatenate([part.objects for part in full]), np.concatenate([part.values for part in full]),
        first.names, first.network,
    )  # fmt: skip
