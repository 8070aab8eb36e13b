"""What the model in training says of the current view."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from napari_unet.finetuning.events import PreviewRequest
from napari_unet.heads.planes import HeldOutPlane
from napari_unet.images.channels import ModelInput, model_input
from napari_unet.images.normalization import AnyLimits
from napari_unet.images.view import View
from napari_unet.labels.types import PlaneBox, PlaneIndex
from napari_unet.learning.scoring import find_labels, predict_labels
from napari_unet.models.model import Model
from napari_unet.models.record import resampling_factor
from napari_unet.models.running.engine import Engine
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.volumes.choice import measure_flatness

LARGEST = 640  # pixels a side that are predicted: enough to see, quick enough not to hold up the training


def predict_preview(
    model: Model,
    request: PreviewRequest,
    diameter: float | None = None,
    engine: Engine = Engine(),
    largest: int = LARGEST,
) -> npt.NDArray[np.int32]:
    """Labels of the view of `request`, in its pixels; of a large view only the middle, 0 around it.

    `largest` is in pixels a side, at the model's object size.
    """
    looked = request.look
    diameter = looked.diameter or diameter or model.record.diameter
    image = model_input(request.image, model.record.architecture.in_channels)
    plane = image.plane(request.plane)
    view = tuple(slice(*part.indices(size)) for part, size in zip(request.view, plane.shape[-2:], strict=True))
    middle = middle_of_view(view, round(largest / resampling_factor(model.record, diameter)))
    limits = looked.limits_of(image, request.plane, model.record.normalization)
    found = np.zeros([part.stop - part.start for part in view], np.int32)
    inside = tuple(slice(m.start - v.start, m.stop - v.start) for m, v in zip(middle, view, strict=True))
    pixels = plane[..., middle[0], middle[1]]
    if model.record.architecture.ndim == 3:
        found[inside] = _predict_slice(Predictor(model, engine), image, request.plane, middle, limits, diameter, looked)
    else:
        found[inside] = predict_labels(Predictor(model, engine), pixels, limits, diameter, looked.thresholds)
    return found


def _predict_slice(
    predictor: Predictor, image: ModelInput, plane: PlaneIndex, box: PlaneBox, limits: AnyLimits, diameter: float,
    look: View,
) -> npt.NDArray[np.int32]:  # fmt: skip
    """Labels (Y, X) of part of a slice by a network of volumes, which sees the slices around it."""
    *outer, z = plane
    flatness = measure_flatness(image)[0]
    reach = max(1, round(diameter / flatness))
    first, last = max(0, z - reach), min(image.shape[-3], z + reach + 1)
    pixels = np.stack([image.plane((*outer, at))[box] for at in range(first, last)])
    seen = HeldOutPlane(
        pixels, np.zeros(pixels.shape, np.int32), np.ones(pixels.shape, bool), limits, diameter,
        thresholds=look.thresholds, flatness=flatness,
    )  # fmt: skip
    found: npt.NDArray[np.int32] = find_labels(predictor, seen)[z - first]
    return found


def middle_of_view(view: Sequence[slice], largest: int) -> PlaneBox:
    """At most `largest` rows and columns of a view, in its middle."""
    rows, columns = (_middle(part, largest) for part in view)
    return rows, columns


def _middle(part: slice, size: int) -> slice:
    spare = max(0, part.stop - part.start - size)
    return slice(part.start + spare // 2, part.stop - (spare - spare // 2))
