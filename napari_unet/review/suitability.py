"""Whether a model suits an image, as far as its own result tells: what it found, how large, and how sure it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from napari_unet.labels.types import Doubles
from napari_unet.review.suspicion import SUSPICIOUS

Remedy = Literal["", "invert", "diameter", "none"]

_LEAST = 5  # objects, below which nothing is said of their size
_LARGER, _SMALLER = 1.8, 0.55  # found over expected diameter: a model at the right size stays well between
# Mean suspicion: of 104 images of 15 kinds, some of them new to the model, 15 of the 17 most of whose objects were
# wrong have as much, and no other has.
_UNSURE = 0.45
_FEW = 8  # objects, below which a share says little


@dataclass(frozen=True)
class Doubt:
    """A sentence with the next step, and what a button can do about it at once (`diameter` in pixels).

    `fact` is the beginning of the sentence alone, for who has another step to offer.
    """

    sentence: str
    remedy: Remedy = ""
    diameter: float | None = None
    fact: str = ""


def doubt_even_image() -> Doubt:
    """Nothing was found where there is nothing to be seen: no model and no setting helps."""
    return Doubt(
        "Nothing was found: what was looked at has the same grey value everywhere. Choose another slice or channel, or "
        "open another image.",
        "none",
    )


def doubt_result(n_objects: int, expected: float | None, found: float | None, inverted: bool) -> Doubt | None:
    """What a result contradicts; None if nothing does.

    Parameters
    ----------
    n_objects : int
        How many objects were found.
    expected, found : float, optional
        Object diameter in pixels at which they were looked for, and the median of those that were found.
    inverted : bool
        Whether they were looked for as darker than their background.
    """
    if n_objects == 0:
        if not inverted:
            return Doubt(
                "Nothing was found. If the objects are darker than their background, look for dark ones; else choose "
                "another model, or outline five objects and fine-tune.",
                "invert",
            )
        return Doubt("Nothing was found. Choose another model, or outline five objects and fine-tune.")
    if expected and found and n_objects >= _LEAST and not _SMALLER <= found / expected <= _LARGER:
        return Doubt(
            f"Most objects found are about {found:.0f} px across, and were looked for at {expected:.0f} px: segment "
            f"again at {found:.0f} px, or measure one by the ring.",
            "diameter",
            round(found, 1),
        )
    return None


def doubt_objects(scores: Doubles) -> Doubt | None:
    """What to do if the model is unsure of most that it found; None if it is not.

    Parameters
    ----------
    scores : (n,) float64
        How suspicious each object is (`ObjectTable.score`).
    """
    n_objects, n_suspicious = scores.size, int(np.count_nonzero(scores >= SUSPICIOUS))
    if n_objects < _FEW or scores.mean() < _UNSURE:
        return None
    fact = f"The model is unsure of {n_suspicious} of {n_objects} objects"
    return Doubt(
        f"{fact}, so it may not suit this image: choose another model or diameter, or correct five objects and "
        "fine-tune.",
        fact=fact,
    )
