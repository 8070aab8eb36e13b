"""What becomes of objects that nobody spoke of, when others were deleted and nothing else was taught."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_unet.heads.outcome import Kept
from napari_unet.heads.planes import HeldOutPlane
from napari_unet.labels.matching import match_objects, overlap_table
from napari_unet.labels.regions import whole_objects
from napari_unet.labels.types import Labels
from napari_unet.learning.scoring import find_labels
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
        old, new = (find_labels(one, plane) for one in predictors)
        for one, before_there, there in _planes(plane, old, new):
            outside = [label for label, _, _ in whole_objects(before_there, ~one.region)]
            kept = np.where(np.isin(before_there, outside), before_there, 0)
            total += len(outside)
            found += len(match_objects(overlap_table(kept, there), 0.5)) if outside else 0
        seen += old.size
        if seen > _MOST_PIXELS:
            break
    return Kept(found / total, total) if total >= _LEAST else None


def _planes(plane: HeldOutPlane, old: Labels, new: Labels) -> list[tuple[HeldOutPlane, Labels, Labels]]:
    """A plane with what was found in it; of a volume, the slices that were reviewed."""
    if old.ndim == 2:
        return [(plane, old, new)]
    return [(one, old[z], new[z]) for z, one in plane.slices]
