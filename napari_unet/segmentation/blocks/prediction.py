"""What the network says of a part of a plane (or volume), of which nothing else is read: the same as of the whole."""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.images.channels import ModelInput
from napari_unet.images.normalization import normalize
from napari_unet.images.resampling import resample, resample_part, resampled_shape, source_of
from napari_unet.labels.types import Box, Floats, PlaneIndex
from napari_unet.segmentation.plan import Plan
from napari_unet.segmentation.tiles.tile import TilePredictor, TileTask, predict_tile
from napari_unet.segmentation.tiles.tiling import Tile, plan_part

_TILE = 640  # pixels a side: larger ones are little quicker, and take more memory than all the rest


@dataclass(frozen=True, eq=False)
class TileMaps:
    """What the network said of a tile ((outputs, (Z,) Y, X), at the size that it sees), which lies at `region`.

    Rows and columns of the image: what of a part is known before all of it is.
    """

    region: tuple[slice, slice]
    maps: Floats

    def at_image_size(self) -> Floats:
        rows, columns = self.region
        return resample(self.maps, (rows.stop - rows.start, columns.stop - columns.start))


def predict_part(
    image: ModelInput, predictor: TilePredictor, plan: Plan, unit: PlaneIndex, region: Box,
    near: tuple[int, ...] | None = None,
) -> Generator[TileMaps, None, Floats]:  # fmt: skip
    """Predict `region` of a unit tile by tile, those near the pixel `near` first.

    Returns its maps (outputs, (Z,) Y, X) at the size of the image. `region` starts at multiples of the pooling factor.
    """
    shape = image.shape[len(unit) :]
    size = (*shape[:-2], *resampled_shape(shape, plan.factor))
    wanted = region if size == shape else _seen_region(region, shape, size, plan)
    maps = np.empty((plan.record.architecture.out_channels, *(one.stop - one.start for one in wanted)), np.float32)
    scale = [old / new for old, new in zip(shape, size, strict=True)]
    for part in _parts(wanted, plan, None if near is None else np.divide(near, scale)):
        answer = predict_tile(predictor, _task(image, plan, unit, part, size))
        inside = tuple(slice(p.start - w.start, p.stop - w.start) for p, w in zip(part, wanted, strict=True))
        maps[(slice(None), *inside)] = answer.maps
        rows, columns = (
            slice(round(p.start * s), round(p.stop * s)) for p, s in zip(part[-2:], scale[-2:], strict=True)
        )
        yield TileMaps((rows, columns), answer.maps)
    if size == shape:
        return maps
    flat = maps.reshape(-1, *maps.shape[-2:])
    corner = wanted[-2].start, wanted[-1].start
    back = resample_part(flat, corner, _yx(size), (region[-2], region[-1]), _yx(shape))
    return back.reshape(maps.shape[0], *(one.stop - one.start for one in region))


def _seen_region(region: Box, shape: tuple[int, ...], size: tuple[int, ...], plan: Plan) -> Box:
    """The part of the maps that `region` of the image is made of, from a multiple of the pooling factor on."""
    factor, wanted = plan.record.architecture.pooling_factor, list(region)
    for axis in (-2, -1):
        part = source_of(region[axis], size[axis], shape[axis])
        wanted[axis] = slice(part.start // factor * factor, part.stop)
    return tuple(wanted)


def sight_of(image: ModelInput, plan: Plan, unit: PlaneIndex, region: Box) -> Box:
    """The pixels of a unit ((Z,) Y, X) that the maps of `region` come from: it, and what the network sees around it."""
    shape = image.shape[len(unit) :]
    size = (*shape[:-2], *resampled_shape(shape, plan.factor))
    wanted = region if size == shape else _seen_region(region, shape, size, plan)
    there = _there(wanted, size, plan)[1]
    if size == shape:
        return there
    source = (source_of(*one) for one in zip(there[-2:], shape[-2:], size[-2:], strict=True))
    return (*there[:-2], *source)


def _there(part: Box, size: tuple[int, ...], plan: Plan) -> tuple[Tile, Box, list[tuple[int, int]]]:
    """The tile that answers for `part`, what it reads of the unit, and how much it would read beyond its ends."""
    tile, before = plan_part(part, size, plan.record.architecture)
    read = [slice(one.start - first, one.stop - first) for one, first in zip(tile.read, before, strict=True)]
    there = tuple(slice(max(0, one.start), min(one.stop, end)) for one, end in zip(read, size, strict=True))
    beyond = [(inside.start - one.start, one.stop - inside.stop) for one, inside in zip(read, there, strict=True)]
    return tile, there, beyond


def _parts(wanted: Box, plan: Plan, near: npt.NDArray[np.float64] | None) -> list[Box]:
    """`wanted` in tiles that start at multiples of the pooling factor, the nearest to `near` first."""
    factor = plan.record.architecture.pooling_factor
    longest = plan.config.tile or (160 if plan.deep else _TILE)
    spans = []
    for one in wanted:
        length = one.stop - one.start
        step = -(-math.ceil(length / -(-length // longest)) // factor) * factor
        spans.append([slice(start, min(start + step, one.stop)) for start in range(one.start, one.stop, step)])
    parts = list(product(*spans))
    if near is not None:
        parts.sort(key=lambda part: float(np.hypot.reduce([(p.start + p.stop) / 2 for p in part] - near)))
    return parts


def _task(image: ModelInput, plan: Plan, unit: PlaneIndex, part: Box, size: tuple[int, ...]) -> TileTask:
    tile, there, beyond = _there(part, size, plan)
    values = _values(image, plan, unit, there, size)
    values = values.reshape(-1, *(one.stop - one.start for one in there))
    pixels = np.pad(values, [(0, 0), *beyond], mode="reflect") if np.any(beyond) else values
    channels = plan.record.architecture.in_channels
    if len(pixels) != channels:
        pixels = np.repeat(pixels, channels, axis=0)
    return TileTask(pixels, tile.crop, tile.core)


def _values(image: ModelInput, plan: Plan, unit: PlaneIndex, there: Box, size: tuple[int, ...]) -> Floats:
    """What the network sees ((C or Z,) Y, X) at `there` of a unit that it sees at `size`."""
    first, config = plan.first_plane(unit), plan.record.normalization
    limits = plan.view.limits_of(image, first, config)
    shape = image.shape[len(unit) :]
    same = size == shape
    source = [
        one if same else source_of(one, was, becomes)
        for one, was, becomes in zip(there[-2:], shape[-2:], size[-2:], strict=True)
    ]
    region = source[0], source[1]
    values = normalize(_read(image, unit, there, region), limits, config)
    if same:
        return values
    flat = values.reshape(-1, *values.shape[-2:])
    corner = region[0].start, region[1].start
    return resample_part(flat, corner, _yx(shape), (there[-2], there[-1]), _yx(size))


def _read(image: ModelInput, unit: PlaneIndex, there: Box, region: tuple[slice, slice]) -> npt.NDArray[Any]:
    """Pixels ((C or Z,) Y, X) of rows and columns `region`, of a volume in its slices `there`."""
    if len(there) == 2:
        return image.part(unit, region)
    return np.stack([image.part((*unit, z), region) for z in range(there[0].start, there[0].stop)])


def _yx(shape: tuple[int, ...]) -> tuple[int, int]:
    return shape[-2], shape[-1]
