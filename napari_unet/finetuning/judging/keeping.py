"""What becomes of objects that nobody spoke of, when others were deleted and nothing else was taught."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_unet.heads.outcome import Kept
from napari_unet.heads.planes import HeldOutPlane
from napari_unet.labels.matching import match_objects, overlap_table
from napari_unet.labels.regions import whole_objects
from napari_unet.learning.scoring import predict_labels
from napari_unet.models.model import Model
from napari_unet.models.running.engine import Engine
from napari_unet.segmentation.predictor import Predictor

_MOST_PIXELS = 3_000_000  # that are looked at
_LEAST = 8  # objects, below which the share of them says nothing


def measure_kept(before: Model, after: Model, planes: Sequence[HeldOutPlane], engine: Engine = Engine()) -> Kept | None:
    """How many of the objects that `before` finds around what was reviewed of `planes` are found by `after` too.

    None where there are too few of them.
    """
    predictors = [Predictor(model, engine) for model in (before, after)]
    total = found = seen = 0
    for plane in planes:
        old, new = (
            predict_labels(one, *plane.input_of(one.record), plane.diameter, plane.thresholds) for one in predictors
        )
        outside = [label for label, _, _ in whole_objects(old, ~plane.region)]
        old = np.where(np.isin(old, outside), old, 0)
        total += len(outside)
        found += len(match_objects(overlap_table(old, new), 0.5)) if outside else 0
        seen += old.size
        if seen > _MOST_PIXELS:
            break
    return Kept(found / total, total) if total >= _LEAST else None
