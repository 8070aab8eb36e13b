"""An image on which a model that is given away shows what it does: test arrays, and a cover."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_unet.errors import UserError
from napari_unet.events import drain
from napari_unet.images.channels import model_input
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_path
from napari_unet.images.image import Image
from napari_unet.images.normalization import ChannelLimits, measure_limits, normalize
from napari_unet.labels.types import Array, Floats
from napari_unet.models.model import Model
from napari_unet.models.running.engine import Engine
from napari_unet.results.pictures.panels import middle_plane
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.segment import segment_steps

_SIDE = 256  # pixels, at most
_EXACT = Engine("cpu", "float32")


@dataclass(frozen=True, eq=False)
class ModelExample:
    """`grey` (1, C, Y, X) float32 as it is in the file, what the network says of it, and a cover as PNG."""

    grey: Floats
    probabilities: Floats
    cover: bytes


def make_example(model: Model, path: Path | None) -> ModelExample:
    """What `model` (one kind, 2D) says of the middle of the image at `path`; of a sample where there is none."""
    grey = _cut(_read(model, path), model.record.architecture.pooling_factor)
    channels = [measure_limits(one, model.record.normalization) for one in grey]
    seen = normalize(grey, ChannelLimits(tuple(channels)), model.record.normalization)
    probabilities = Predictor(model, _EXACT).predict(seen[None])
    return ModelExample(grey[None], probabilities, _draw_cover(model, grey, seen))


def _read(model: Model, path: Path | None) -> Floats:
    """A plane (C, Y, X) float32 of the middle of the image."""
    wanted = model.record.architecture.in_channels
    image = read_image(path or sample_path("nuclei_2d" if wanted == 1 else "two_channel"))
    if path is None and wanted > image.sizes.get("C", 1):  # there is no sample of as many channels
        grey = np.asarray(image.select_channel(0).plane(), np.float32)
        return np.repeat(grey[None], wanted, axis=0)
    try:
        seen = model_input(image, wanted)
    except UserError as error:
        raise UserError(f"The example does not suit the model: {error}") from error
    plane = np.asarray(seen.plane(middle_plane(image.select_channel(None))), np.float32)
    return plane if plane.ndim == 3 else plane[None]


def _cut(plane: Floats, factor: int) -> Floats:
    """The middle of a plane (C, Y, X), at most `_SIDE` pixels a side, which the network can take."""
    sides = [min(size, _SIDE) // factor * factor for size in plane.shape[1:]]
    if min(sides) < 2 * factor:
        raise UserError(f"The example is too small: it needs at least {2 * factor} pixels a side.")
    starts = [(size - side) // 2 for size, side in zip(plane.shape[1:], sides, strict=True)]
    rows, columns = (slice(start, start + side) for start, side in zip(starts, sides, strict=True))
    return np.ascontiguousarray(plane[:, rows, columns])


def _draw_cover(model: Model, grey: Floats, seen: Floats) -> bytes:
    """The example beside what is found in it, twice as wide as high."""
    from PIL import Image as Picture
    from skimage.segmentation import find_boundaries

    data, axes = (grey[0], "YX") if len(grey) == 1 else (grey, "CYX")
    image = model_input(Image.from_array(data, axes), len(grey))
    labels: Array = drain(segment_steps(image, model, SegmentConfig(device="cpu"))).labels
    side = min(labels.shape)
    shade = (255 * np.clip(seen.mean(axis=0), 0, 1)).astype(np.uint8)[:side, :side]
    left = np.repeat(shade[..., None], 3, axis=2)
    right = left.copy()
    right[find_boundaries(labels[:side, :side], mode="inner")] = (255, 160, 0)
    buffer = io.BytesIO()
    Picture.fromarray(np.concatenate([left, right], axis=1)).save(buffer, "PNG")
    return buffer.getvalue()
