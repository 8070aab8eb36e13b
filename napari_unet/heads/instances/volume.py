"""A volume of which a network of planes saw the slices and the side views: what they say together."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.models.record import ModelRecord

# Chosen on the simulated stack, one of plant nuclei and one of an embryo: what three views say together is less extreme
# than what one says, so that fewer objects are sure of all of their voxels; noise between them is no object in all.
_FOREGROUND, _SEED, _OBJECT = 7 / 6, 4 / 3, 0.92
_HIGHEST = 0.95


def join_views(slices: npt.NDArray[Any], sides: npt.NDArray[Any] | None) -> npt.NDArray[np.float32]:
    """Maps (2, Z, Y, X) float32 of a volume, from those of its slices and the mean of those of its side views.

    Foreground is the mean of the three views. Of the distance the smaller counts: what is the middle of an object lies
    far from its border in every view, and two nuclei on top of one another are parted in side views alone.
    """
    import torch  # which converts halves many times as quickly as NumPy; the window knows heads without it

    joined = torch.from_numpy(slices).float()
    if sides is not None:
        foreground, distance = torch.from_numpy(sides).float()
        joined[0].add_(foreground, alpha=2).div_(3)
        torch.minimum(joined[1], distance, out=joined[1])
    found: npt.NDArray[np.float32] = joined.numpy()
    return found


def soften(record: ModelRecord) -> ModelRecord:
    """The record with thresholds for joined views in place of those for one view."""
    scaled = {
        "foreground_threshold": _FOREGROUND * record.foreground_threshold,
        "seed_threshold": _SEED * record.seed_threshold,
        "object_threshold": _OBJECT * record.object_threshold,
    }
    return record.model_copy(update={name: min(_HIGHEST, value) for name, value in scaled.items()})
