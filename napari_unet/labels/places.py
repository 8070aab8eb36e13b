"""In how many separate places each id lies: an object lies in one, a class in many, and an id used twice in two."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.errors import UserError, listed
from napari_unet.labels.ids import object_boxes

_MOST_VALUES = 32  # classes that a person would paint; more values are ids
_PARTS = 4  # of a value on average, from which it is no single object; of one id, from which it is told
_SMALLEST = 9  # pixels; smaller parts are slips of the brush


def check_no_greys(labels: npt.NDArray[Any], name: str) -> None:
    """Raise `UserError` if the values of a YX plane are grey values: in what is not 0, neighbours mostly differ.

    Classes that are drawn finely are few, and therefore no grey values.
    """
    if labels.dtype.kind == "b" or int(labels.max(initial=0)) <= _MOST_VALUES:
        return
    pairs = alike = 0
    for one, other in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        inner = (one != 0) & (other != 0)
        pairs += int(np.count_nonzero(inner))
        alike += int(np.count_nonzero((one == other) & inner))
    if pairs >= _MOST_VALUES and alike < pairs / 2:
        raise UserError(
            f"{name} has another value in almost every pixel, so it is a grey image and not labels: give the image "
            "that has one value an object."
        )


def count_parts(labels: npt.NDArray[Any]) -> dict[int, int]:
    """How many separate parts each value of a YX plane has (0, the background, left out)."""
    found: dict[int, int] = {}
    for value, box in object_boxes(labels).items():
        parts, _ = ndimage.label(labels[box] == value, structure=np.ones((3, 3)))
        found[value] = max(1, int(np.count_nonzero(np.bincount(parts.ravel())[1:] >= _SMALLEST)))
    return found


def check_single_objects(
    planes: Iterable[npt.NDArray[Any]], name: str, ids: npt.NDArray[Any] | None = None
) -> dict[int, int]:
    """Ids that lie in several separate places of one YX plane, and in how many; of `ids` the numbers that users know.

    Raises
    ------
    UserError
        If the values of a plane lie in so many places that they must be classes, or a mask of all objects alike; or if
        they are grey values.
    """
    scattered: dict[int, int] = {}
    for labels in planes:
        check_no_greys(labels, name)
        parts = count_parts(labels)
        if parts and len(parts) <= _MOST_VALUES and sum(parts.values()) >= _PARTS * len(parts):
            raise UserError(_classes(name, *max(parts.items(), key=lambda item: item[1]), len(parts), ids))
        for value, count in parts.items():
            if count >= _PARTS:
                key = value if ids is None else int(ids[value])
                scattered[key] = max(count, scattered.get(key, 0))
    return scattered


def _classes(name: str, value: int, count: int, values: int, ids: npt.NDArray[Any] | None) -> str:
    shown = value if ids is None else int(ids[value])
    if values == 1:
        return (
            f"{name}: the value {shown} is painted in {count} separate places and there is no other, so this is a "
            "mask and not labels. Give each object a value of its own (in ImageJ: Analyze Particles, Count Masks; in "
            "Python: skimage.measure.label); or, if the value is a class, make a model for classes (Models > New "
            "model..., or napari-unet models new) and fine-tune that."
        )
    return (
        f"{name}: the value {shown} is painted in {count} separate places, so the labels seem to be classes, and this "
        "model is for single objects. Make a model for classes (Models > New model..., or napari-unet models new) and "
        "fine-tune that; or give each object a value of its own."
    )


def tell_scattered(name: str, scattered: dict[int, int]) -> str:
    """A sentence on ids that lie in many places; empty if there are none."""
    if not scattered:
        return ""
    worst = sorted(scattered.items(), key=lambda item: -item[1])
    told = listed([f"{value} in {count}" for value, count in worst])
    what = "An id lies" if len(worst) == 1 else f"{len(worst)} ids lie"
    return (
        f"{what} in separate places of “{name}” (id {told}): if these are several objects, give each an id of its own."
    )
