"""A stack with voxels as long along z as across: both side views of it sharpened by a network, and their mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from napari_unet.errors import UserError
from napari_unet.images.image import Image
from napari_unet.images.normalization import normalize
from napari_unet.labels.types import Array, Floats, PlaneIndex
from napari_unet.models.model import Model
from napari_unet.models.record import GreyOutput
from napari_unet.models.running.engine import Engine
from napari_unet.restoration.material import NORMALIZATION, grey_limits, output_limits
from napari_unet.restoration.predicting import disagreement, predict_grey, to_grey
from napari_unet.restoration.side_views import stretch, stretched_length, voxel_ratio
from napari_unet.segmentation.predictor import Predictor

_OFF = 0.2  # by how much of itself the voxel ratio may differ from what was taught


def isotropic_frame(image: Image, grey: GreyOutput, ratio: float) -> Image:
    """An empty image for the result: as many slices as `ratio` asks for, at the places of the first and the last.

    Raises
    ------
    UserError
        If the network was taught for voxels of quite another form.
    """
    if abs(ratio / grey.ratio - 1) > _OFF:
        raise UserError(
            f"The model was taught for voxels {grey.ratio:.2g} times as long along z as across, and those of "
            f"{image.name} are {ratio:.2g} times as long: teach one on this stack."
        )
    at = image.axes.index("Z")
    shape = list(image.shape)
    shape[at] = stretched_length(shape[at], ratio)
    dtype = image.dtype if image.dtype.kind in "ui" else np.dtype(np.float32)
    across = image.scale.get("X", 1.0)
    scale, units = {**image.scale, "Z": across}, dict(image.units)
    if "X" in units:
        units["Z"] = units["X"]
    return replace(image, data=np.zeros(shape, dtype), scale=scale, units=units, path=None)


def isotropic_steps(
    image: Image, out: Array, model: Model, engine: Engine, ratio: float, doubts: Floats | None = None
) -> Iterator[tuple[int, int]]:
    """Fill `out` from `image` (axes "ZYX" or "TZYX"): a step (done, total) a side view.

    `doubts` is filled with how far the two views of a voxel are apart.
    """
    predictor = Predictor(model, engine)
    grey = model.record.grey or GreyOutput()
    frames: list[PlaneIndex] = list(np.ndindex(*image.shape[:-3]))
    total = len(frames) * (image.shape[-2] + image.shape[-1])
    done = 0
    for frame in frames:
        limits = grey_limits(image, (*frame, 0))
        stack = np.stack([image.plane((*frame, z)) for z in range(image.shape[-3])])
        found = np.zeros(out.shape[-3:], np.float32)
        views = [found, found if doubts is None else np.zeros_like(found)]
        for axis in (1, 2):
            for at in range(stack.shape[axis]):
                side = (slice(None), at) if axis == 1 else (slice(None), slice(None), at)
                seen = stretch(normalize(stack[side], limits, NORMALIZATION), ratio, len(found))
                views[axis - 1][side] += 0.5 * (seen + grey.spread * predict_grey(predictor, seen))
                done += 1
                yield done, total
        meant = output_limits(grey, limits)
        for z, plane in enumerate(found):
            if doubts is not None:
                doubts[(*frame, z)] = disagreement(2 * plane, 2 * views[1][z], meant)
                plane = plane + views[1][z]
            out[(*frame, z)] = to_grey(plane, meant, out.dtype)


def ratio_of(image: Image, grey: GreyOutput) -> float:
    """The voxel ratio of `image`; where it does not say, that of what was taught."""
    known = {"Z", "X"} <= image.scale.keys() and "Z" not in image.assumed
    return voxel_ratio(image, 0.0 if known and not grey.ratio_given else grey.ratio)
