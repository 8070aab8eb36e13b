"""How good a model is on planes that it did not learn from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.heads.planes import HeldOutPlane
from napari_unet.heads.registry import find_head
from napari_unet.images.normalization import AnyLimits
from napari_unet.images.view import Thresholds
from napari_unet.labels.evidence import Score
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord, resampling_factor
from napari_unet.models.running.engine import Engine
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.plan import decode, decoding_record
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.tiles.plane import see_plane
from napari_unet.segmentation.tiles.queue import predict_plane

_TILE = 768


def score_model(
    model: Model, planes: Sequence[HeldOutPlane], engine: Engine = Engine(), enough: Callable[[], bool] = lambda: False
) -> tuple[Score, int]:
    """Pooled score of `model` on the planes, and on how many of them: until `enough()`, but on something to find."""
    predictor, head, record = Predictor(model, engine), find_head(model.record), model.record
    parts: list[Any] = []
    something = False
    for plane in planes:
        found = find_labels(predictor, plane)
        parts.append(head.compare(plane, found, record))
        something = something or bool(head.truth(plane).any())
        if something and enough():
            break
    return head.pool(parts, record), len(parts)


def find_labels(predictor: Predictor, plane: HeldOutPlane) -> npt.NDArray[np.int32]:
    """Labels ((Z,) Y, X) of a plane, or of a volume."""
    return decode_maps(predict_maps(predictor, plane), plane, predictor.record)


def decode_maps(maps: npt.NDArray[np.float32], plane: HeldOutPlane, record: ModelRecord) -> npt.NDArray[np.int32]:
    """Labels ((Z,) Y, X) of the maps (outputs, (Z,) Y, X) of a plane, or of a volume."""
    record = decoding_record(record, plane.thresholds)
    return decode(maps, record, SegmentConfig(), plane.diameter, plane.flatness)


def predict_labels(
    predictor: Predictor,
    pixels: npt.NDArray[Any],
    limits: AnyLimits,
    diameter: float,
    thresholds: Thresholds = Thresholds(),
) -> npt.NDArray[np.int32]:
    """Labels (Y, X) of `pixels` ((C,) Y, X) with objects of `diameter` pixels, as segmentation gives them."""
    maps = _maps(predictor, pixels, limits, resampling_factor(predictor.record, diameter))
    return decode(maps, decoding_record(predictor.record, thresholds), SegmentConfig(), diameter)


def predict_maps(predictor: Predictor, plane: HeldOutPlane) -> npt.NDArray[np.float32]:
    """Probability maps (outputs, (Z,) Y, X) of a plane, or of a volume."""
    record = predictor.record
    return _maps(predictor, *plane.input_of(record), resampling_factor(record, plane.diameter))


def _maps(predictor: Predictor, pixels: npt.NDArray[Any], limits: AnyLimits, factor: float) -> npt.NDArray[np.float32]:
    seen = see_plane(pixels, limits, predictor.record, factor)
    tile = _TILE if predictor.record.architecture.ndim == 2 else None
    return predict_plane(predictor, seen, tile).at_image_size()
