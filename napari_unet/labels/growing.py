"""Outlines moved outwards or inwards by a distance, all objects alike; where two meet, neither gives way."""

from __future__ import annotations

import edt
import numpy as np
import numpy.typing as npt
from scipy import ndimage


def move_outlines(labels: npt.NDArray[np.int32], pixels: float) -> npt.NDArray[np.int32]:
    """`labels` ((Z,) Y, X), each object larger by `pixels` all around (negative: smaller), every plane by itself.

    Objects grow into the background alone, each pixel to the nearest of them; one that would vanish keeps its core.
    """
    if pixels == 0 or not labels.any():
        return labels
    planes = labels.reshape(-1, *labels.shape[-2:])
    move = _grow if pixels > 0 else _shrink
    return np.stack([move(plane, abs(pixels)) for plane in planes]).reshape(labels.shape)


def _grow(plane: npt.NDArray[np.int32], pixels: float) -> npt.NDArray[np.int32]:
    if not plane.any():
        return plane
    outside = plane == 0
    distance, (rows, columns) = ndimage.distance_transform_edt(outside, return_indices=True)
    near = outside & (distance <= pixels)
    grown = plane.copy()
    grown[near] = plane[rows[near], columns[near]]
    return grown


def _shrink(plane: npt.NDArray[np.int32], pixels: float) -> npt.NDArray[np.int32]:
    distance = edt.edt(np.ascontiguousarray(plane, np.uint32), black_border=False)
    deepest = np.zeros(int(plane.max(initial=0)) + 1, np.float32)
    np.maximum.at(deepest, plane.ravel(), distance.ravel())
    limit = np.minimum(pixels, 0.5 * deepest)[plane]
    return np.where(distance > limit, plane, 0).astype(np.int32)
