"""How good a model is on the held-out part of what was reviewed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.images.normalization import AnyLimits
from napari_unet.labels.evidence import Score, add_evidence, collect_evidence
from napari_unet.labels.regions import whole_objects
from napari_unet.labels.scores import Tally, tally_objects
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.plane import PlaneMaps
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.preparation import resampling_factor
from napari_unet.segmentation.segment import decode

_TILE = 768


@dataclass(eq=False)
class HeldOutPlane:
    """One plane (Y, X) as it is in the image: `pixels`, and `labels` to find where `region` is True.

    `limits` are the grey values of the whole image that become 0 and 1, `diameter` is that of the objects in pixels,
    `image` the number of the image: objects of one number and label are one object, in several planes.
    Where `pixels` are several channels (C, Y, X), `grey` is what a model of one channel sees, with its limits.
    """

    pixels: npt.NDArray[Any]
    labels: npt.NDArray[np.int32]
    region: npt.NDArray[np.bool_]
    limits: AnyLimits
    diameter: float
    image: int = 0
    grey: tuple[npt.NDArray[Any], AnyLimits] | None = None

    def input_of(self, record: ModelRecord) -> tuple[npt.NDArray[Any], AnyLimits]:
        """Pixels and limits for the model of `record`: one that sees one channel gets the grey ones."""
        if self.grey is not None and record.architecture.in_channels == 1:
            return self.grey
        return self.pixels, self.limits

    def __post_init__(self) -> None:
        whole = [label for label, _, _ in whole_objects(self.labels, self.region)]
        self.truth = np.where(np.isin(self.labels, whole), self.labels, 0)
        # What the region's edge cuts is not asked for, and finding it is no mistake.
        self.counts = self.region & ((self.labels == 0) | (self.truth > 0))

    @property
    def n_objects(self) -> int:
        return len(np.unique(self.truth[self.truth > 0]))


def score_model(
    model: Model, planes: Sequence[HeldOutPlane], device: str = "auto", enough: Callable[[], bool] = lambda: False
) -> tuple[Score, int]:
    """Pooled score of `model` on the held-out planes, and on how many of them: until `enough()`, but at least one."""
    predictor = Predictor(model, device)
    pooled, evidence, done = Tally(), [], 0
    for plane in planes:
        found = predict_plane(predictor, plane)
        pooled += tally_objects(plane.truth, found)
        evidence.append(collect_evidence(plane.truth, found, plane.image))
        done += 1
        if enough() and pooled.n_truth:
            break
    by_threshold = pooled.average_precision()
    return Score(by_threshold[0.5], by_threshold[0.75], pooled.mean_ap, pooled.n_truth, add_evidence(evidence)), done


def predict_plane(predictor: Predictor, plane: HeldOutPlane) -> npt.NDArray[np.int32]:
    """Labels of a plane; predictions mostly outside of what was reviewed are dropped, for they do not count."""
    predicted = predict_labels(predictor, *plane.input_of(predictor.record), plane.diameter)
    return drop_uncounted(predicted, plane.counts)


def drop_uncounted(predicted: npt.NDArray[np.int32], counts: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """`predicted` (Y, X) without the objects of which less than half lies where `counts`."""
    size = np.bincount(predicted.ravel())
    inside = np.bincount(predicted[counts], minlength=size.size)
    keep = 2 * inside >= size
    keep[0] = False
    return np.where(keep[predicted], predicted, 0)


def predict_labels(
    predictor: Predictor, pixels: npt.NDArray[Any], limits: AnyLimits, diameter: float
) -> npt.NDArray[np.int32]:
    """Labels (Y, X) of `pixels` ((C,) Y, X) with objects of `diameter` pixels, as segmentation gives them."""
    maps = predict_maps(predictor, pixels, limits, diameter)
    return decode(maps, predictor.record, SegmentConfig(), diameter)


def predict_maps(
    predictor: Predictor, pixels: npt.NDArray[Any], limits: AnyLimits, diameter: float
) -> npt.NDArray[np.float32]:
    """Probability maps (outputs, Y, X) of `pixels` ((C,) Y, X) with objects of `diameter` pixels."""
    maps = PlaneMaps(predictor, pixels, limits, resampling_factor(predictor.record, diameter))
    for _ in maps.tiles(_TILE):
        pass
    return maps.at_image_size()
