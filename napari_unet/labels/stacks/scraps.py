"""Scraps of a volume: objects far smaller than the others of which the border of the image hides nothing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def drop_scraps(labels: npt.NDArray[np.int32], smallest: float) -> npt.NDArray[np.int32]:
    """`labels` (Z, Y, X) without objects of fewer than `smallest` voxels, numbered anew from 1 in their order.

    What touches a face of the volume may be a part of something larger, and stays.
    """
    sizes = np.bincount(labels.ravel(), minlength=1)
    keep = sizes >= smallest
    for axis in range(labels.ndim):
        for end in (0, -1):
            keep[np.unique(np.take(labels, end, axis))] = True
    keep &= sizes > 0
    keep[0] = False
    numbers = np.zeros(sizes.size, np.int32)
    numbers[keep] = np.arange(1, int(keep.sum()) + 1)
    return numbers[labels]
