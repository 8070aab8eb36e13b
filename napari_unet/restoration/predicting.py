"""What a network for restoration says of one plane, and grey values of it."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from napari_unet.images.normalization import Limits
from napari_unet.labels.types import Array, Floats
from napari_unet.models.record import ModelRecord
from napari_unet.restoration.starts.enlarging import finer, interleave
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.tiles.plane import SeenPlane
from napari_unet.segmentation.tiles.queue import TileQueue

TILE = 512
_AROUND = 1.5  # pixels


def predict_grey(predictor: Predictor, seen: Floats) -> Floats:
    """What the network says of a normalized plane (Y, X): (factor Y, factor X)."""
    queue = TileQueue(predictor, SeenPlane(seen, seen.shape, 1), TILE)
    factor = factor_of(predictor.record)
    out = np.zeros((seen.shape[0] * factor, seen.shape[1] * factor), np.float32)
    while queue:
        answer = queue.answer()
        out[finer(answer.core, factor)] = interleave(answer.maps)
    return out


def factor_of(record: ModelRecord) -> int:
    """How many times as many rows and columns come out."""
    return int(record.architecture.out_channels**0.5 + 0.5)


def to_grey(values: Floats, meant: Limits, dtype: np.dtype[Any]) -> Array:
    """Normalized values in grey values of `dtype`: rounded, and held within what it can say."""
    scaled = values.astype(np.float64) * (meant.high - meant.low) + meant.low
    if dtype.kind in "ui":
        info = np.iinfo(dtype)
        scaled = np.clip(np.rint(scaled), info.min, info.max)
    return scaled.astype(dtype)


def disagreement(first: Floats, second: Floats, meant: Limits) -> Floats:
    """Standard deviation of two opinions (Y, X), in grey values: over a few pixels, since one alone says little."""
    apart = ndimage.gaussian_filter((first - second) ** 2 / 2, _AROUND)
    return np.asarray(np.sqrt(np.maximum(apart, 0)) * (meant.high - meant.low), np.float32)
