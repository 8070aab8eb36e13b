"""Which reviewed objects the old model has learned from already: it looks better on them than it is.

A model that was fine-tuned before and is fine-tuned again knows most of what was reviewed. Were it compared with its
child on that, the child could hardly win. So a model's record keeps where the objects were that it and its ancestors
learned from; what is held out is chosen among others as far as there are any, and where not, it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from napari_unet.finetuning.material.split import (
    are_inside,
)
from napari_unet.heads.survey import Survey
from napari_unet.labels.types import Mask

LearnedPlace = tuple[str, tuple[int, ...], int, int]
"""Key of the image (in older records its name), indices of the plane, and the object's centre (y, x) in pixels."""

MOST = 4000
"""Places that a record keeps, those of the last training first to stay."""
_SAME = 0.5  # of a diameter: how far apart two centres of one object may be, which was perhaps redrawn


def list_places(survey: Survey, keys: Sequence[str], masks: Sequence[Mask]) -> tuple[LearnedPlace, ...]:
    """Where the objects are of which the centre lies in the YX mask of their image."""
    there = [found for found, inside in zip(survey.objects, are_inside(survey, masks), strict=True) if inside]
    at = [survey.place_of(one) for one in there]
    return tuple((keys[one.image], one.plane, round(y), round(x)) for one, (y, x) in zip(there, at, strict=True))


def join_places(new: Iterable[LearnedPlace], old: Iterable[LearnedPlace]) -> tuple[LearnedPlace, ...]:
    """All of them, each once, the newest first, as many as a record keeps."""
    return tuple(dict.fromkeys([*new, *old]))[:MOST]


def find_known(
    survey: Survey, keys: Sequence[str], learned: Sequence[LearnedPlace], names: Sequence[str] = ()
) -> npt.NDArray[np.bool_]:
    """For each object of `survey` whether it is at one of the places `learned`.

    `keys` are those of the images, `names` what older records, which knew no keys, called them.
    """
    known: dict[tuple[str, tuple[int, ...]], list[tuple[int, int]]] = {}
    for name, plane, y, x in learned:
        known.setdefault((name, plane), []).append((y, x))
    found = np.zeros(len(survey.objects), bool)
    for number, one in enumerate(survey.objects):
        places = known.get((keys[one.image], one.plane), []) + (
            known.get((names[one.image], one.plane), []) if names else []
        )
        if places:
            apart = np.hypot(*(np.array(places, float) - survey.place_of(one)).T)
            found[number] = apart.min() <= max(1.0, _SAME * one.diameter)
    return found
