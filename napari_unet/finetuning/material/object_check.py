"""Whether labels that are to be objects are classes in truth. No torch here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.errors import UserError

if TYPE_CHECKING:
    from napari_unet.corrections.corrected_image import CorrectedImage

_MOST_VALUES = 32  # classes that a person would paint; more values are ids
_PARTS = 4  # of a value on average, from which it is no single object
_SMALLEST = 9  # pixels; smaller parts are slips of the brush


def check_objects(images: Sequence[CorrectedImage]) -> None:
    """Raise `UserError` if reviewed values lie in so many separate places that they must be classes."""
    for corrected in images:
        for index in corrected.planes():
            labels = np.where(corrected.reviewed[index], corrected.labels[index], 0)
            parts = count_parts(labels)
            if parts and len(parts) <= _MOST_VALUES and sum(parts.values()) >= _PARTS * len(parts):
                value, count = max(parts.items(), key=lambda item: item[1])
                raise UserError(
                    f"{corrected.name}: the value {value} is painted in {count} separate places, so the labels seem to "
                    "be classes, and this model is for single objects. Make a model for classes (Models > New "
                    "model..., or napari-unet models new) and fine-tune that; or give each object a value of its own."
                )


def count_parts(labels: npt.NDArray[Any]) -> dict[int, int]:
    """How many separate parts each value of a YX plane has (0, the background, left out)."""
    found: dict[int, int] = {}
    boxes = ndimage.find_objects(labels.astype(np.int32, copy=False))
    for value, box in enumerate(boxes, start=1):
        if box is not None:
            parts, _ = ndimage.label(labels[box] == value, structure=np.ones((3, 3)))
            found[value] = max(1, int(np.count_nonzero(np.bincount(parts.ravel())[1:] >= _SMALLEST)))
    return found
