"""Where an object is, and which id is free: what editing tools need to know, at a cost that fits a click."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.images.written import highest_written
from napari_unet.labels.types import Indices


class FreeIds:
    """Hands out ids that no object has, without a search through the labels at each click."""

    def __init__(self, labels: npt.NDArray[Any]) -> None:
        self._dtype = labels.dtype
        self._highest = highest_written(labels)

    def note(self, used: int) -> None:
        """Say that `used` was painted by other means."""
        self._highest = max(self._highest, used)

    def is_new(self, object_id: int) -> bool:
        """Whether no object has this id yet, as far as was noted."""
        return object_id > self._highest

    def take(self) -> int:
        """An id that was neither there at the start, nor noted, nor given before."""
        self._highest = _checked(self._highest + 1, self._dtype)
        return self._highest


def _checked(object_id: int, dtype: np.dtype[Any]) -> int:
    if object_id > np.iinfo(dtype).max:
        raise UserError(
            f"All ids of this labels layer ({dtype}) are taken. Convert it to int32: right click it in the layer list."
        )
    return object_id


def _join(found: dict[tuple[int, ...], Indices], shape: tuple[int, ...]) -> tuple[Indices, ...]:
    flat = np.concatenate(list(found.values()))
    sizes = [pixels.size for pixels in found.values()]
    leading = [np.repeat([index[axis] for index in found], sizes) for axis in range(len(shape) - 2)]
    return (*leading, *np.unravel_index(flat, shape[-2:]))


def enclosing_box(plane: npt.NDArray[Any], object_id: int, box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Grow `box` (row, row stop, column, column stop) in the YX `plane` until the object leaves it on no side.

    It looks no further than the object reaches, so that the size of the plane does not matter. A part of the object
    that is not connected to what lies in the box may stay outside.
    """
    height, width = plane.shape
    top, bottom, left, right = max(0, box[0] - 1), min(height, box[1] + 1), max(0, box[2] - 1), min(width, box[3] + 1)
    while True:
        step = max(8, (bottom - top) // 2, (right - left) // 2)
        inside = plane[top:bottom, left:right] == object_id
        wider = (
            max(0, top - step) if inside[0].any() else top,
            min(height, bottom + step) if inside[-1].any() else bottom,
            max(0, left - step) if inside[:, 0].any() else left,
            min(width, right + step) if inside[:, -1].any() else right,
        )
        if wider == (top, bottom, left, right):
            return wider
        top, bottom, left, right = wider
