"""Background that nobody drew, and that the model takes for an object: unknown, until somebody says so.

What the window marks as reviewed around a correction reaches into its surroundings, where in dense tissue other missed
objects lie that the user has not come to yet. As background they would teach the model to miss them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.heads.planes import TrainingPlane
from napari_unet.images.normalization import Limits
from napari_unet.models.model import Model
from napari_unet.models.running.engine import Engine
from napari_unet.segmentation.predictor import Predictor
from napari_unet.segmentation.tiles.plane import see_plane
from napari_unet.segmentation.tiles.queue import predict_plane

_OBJECT = 0.2
"""Foreground probability from which the model may mean an object that it then drops as too unsure."""
_OUTLINE = 3
"""Pixels around a drawn object that are background all the same: they say where it ends."""
_TILE = 384
"""Pixels: little of a plane is reviewed, and tiles without any of that are left out."""


def mark_doubt(
    model: Model,
    planes: Sequence[TrainingPlane],
    engine: Engine = Engine(),
    enough: Callable[[], bool] = lambda: False,
) -> int:
    """Set `unsure` of the planes that were predicted before they were corrected, one by one, until `enough()`.

    Returns how many planes, the first ones, are done. What somebody labelled without a prediction is taken at its
    word, and so is what was erased.
    """
    predictor = Predictor(model, engine)
    for number, plane in enumerate(planes):
        if plane.predicted:
            if enough():
                return number
            plane.unsure = find_doubt(plane, _foreground(predictor, plane))
    return len(planes)


def find_doubt(plane: TrainingPlane, foreground: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """Where (Y, X) the reviewed background of `plane` is not to be believed, by the model's `foreground` (Y, X)."""
    nearby = ndimage.generate_binary_structure(2, 1)
    near = ndimage.binary_dilation(plane.labels > 0, nearby[(None,) * (plane.labels.ndim - 2)], iterations=_OUTLINE)
    found: npt.NDArray[np.bool_] = (foreground > _OBJECT) & ~near & ~plane.changed & plane.learn
    return found


def _foreground(predictor: Predictor, plane: TrainingPlane) -> npt.NDArray[np.float32]:
    """The model's map (Y, X) of `plane`, at least where it is learned from."""
    seen = see_plane(plane.pixels, Limits(0.0, 1.0), predictor.record)
    tile = _TILE if plane.labels.ndim == 2 else None
    foreground: npt.NDArray[np.float32] = predict_plane(predictor, seen, tile, plane.learn).maps[0]
    return foreground
