"""A volume of which a network of planes saw the slices and the side views: what they say together."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.models.record import ModelRecord

# Chosen on the simulated stack, one of plant nuclei and one of an embryo: what three views say together is less extreme
# than what one says, so that fewer objects are sure of all of their voxels.
_SEED, _OBJECT = 4 / 3, 0.85
_HIGHEST = 0.95


def join_views(slices: npt.NDArray[Any], sides: npt.NDArray[Any] | None) -> npt.NDArray[np.float32]:
    """Maps (2, Z, Y, X) float32 of a volume, from those of its slices and the mean of those of its side views.

    Foreground is the mean of the three views. Of the distance the smaller counts: what is the middle of an object lies
    far from its border in every view, and two nuclei on top of one another are parted in side views alone.
    """
    joined = slices.astype(np.float32)
    if sides is not None:
        joined[0] = (joined[0] + 2 * sides[0]) / 3
        np.minimum(joined[1], sides[1], out=joined[1])
    return joined


def soften(record: ModelRecord) -> ModelRecord:
    """The record with thresholds for joined views in place of those for one view."""
    scaled = {
        "seed_threshold": _SEED * record.seed_threshold,
        "object_threshold": _OBJECT * record.object_threshold,
    }
    return record.model_copy(update={name: min(_HIGHEST, value) for name, value in scaled.items()})
