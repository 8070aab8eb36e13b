"""Changing the shape of an object: holes, roughness, size, stray pieces, and what a drawn outline erases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.corrections.operations.change import (
    Change,
    change_in_box,
)
from napari_unet.corrections.operations.extent import Through, object_box
from napari_unet.labels.types import Mask, Place

_CROSS = ndimage.generate_binary_structure(2, 1)


def fill_holes(labels: npt.NDArray[Any], at: Place, through: Through = ()) -> Change:
    """Give the object at `at` all background that it encloses in a plane."""
    return _reshape(labels, at, through, 0, ndimage.binary_fill_holes)


def smooth_object(labels: npt.NDArray[Any], at: Place, through: Through = ()) -> Change:
    """Round off the edge of the object: corners and notches smaller than about a tenth of its diameter go."""

    def smooth(mask: Mask) -> Mask:
        sigma = max(1.0, 0.1 * float(np.sqrt(mask.sum())))
        return np.asarray(ndimage.gaussian_filter(mask.astype(np.float32), sigma, mode="nearest") > 0.5)

    return _reshape(labels, at, through, 8, smooth)


def grow_object(labels: npt.NDArray[Any], at: Place, through: Through = (), pixels: int = 1) -> Change:
    """Make the object larger by `pixels` on all sides, as far as there is background."""
    return _reshape(labels, at, through, pixels, lambda mask: ndimage.binary_dilation(mask, _CROSS, iterations=pixels))


def shrink_object(labels: npt.NDArray[Any], at: Place, through: Through = (), pixels: int = 1) -> Change:
    """Make the object smaller by `pixels` on all sides; at the edge of the image it stays as it is."""
    return _reshape(
        labels, at, through, pixels,
        lambda mask: ndimage.binary_erosion(mask, _CROSS, iterations=pixels, border_value=1),
    )  # fmt: skip


def keep_largest_part(labels: npt.NDArray[Any], at: Place, through: Through = ()) -> Change:
    """Make background of all parts of the object but the largest one."""
    box = object_box(labels, at, through)
    mask = labels[box] == labels[at]
    parts, count = ndimage.label(mask, ndimage.generate_binary_structure(mask.ndim, mask.ndim))
    if count > 1:
        sizes = np.bincount(parts.ravel())
        sizes[0] = 0
        mask &= parts != sizes.argmax()
    else:
        mask[:] = False
    return change_in_box(labels, box, np.where(mask, labels.dtype.type(0), labels[box]))


def _reshape(
    labels: npt.NDArray[Any], at: Place, through: Through, margin: int, shape: Callable[[Mask], Mask]
) -> Change:
    """Give the object in each plane the pixels that `shape` makes of its mask; other objects keep theirs."""
    box = object_box(labels, at, through, margin)
    old, object_id = labels[box], labels[at]
    new = old.copy()
    for plane in np.ndindex(*old.shape[:-2]):
        mask = old[plane] == object_id
        wanted = shape(mask)
        new[plane][mask & ~wanted] = 0
        new[plane][wanted & (old[plane] == 0)] = object_id
    return change_in_box(labels, box, new)
