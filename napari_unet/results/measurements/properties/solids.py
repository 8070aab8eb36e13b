"""Convex hulls in 3D, an object at a time: scikit-image's own."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from skimage.measure import regionprops

from napari_unet.labels.types import Ints


def measure_solids(
    labels: Any, objects: Ints, boxes: Ints, spacing: tuple[float, ...]
) -> dict[str, npt.NDArray[np.generic]]:
    """Convex volume in voxels, and longest diameter, of `objects` in `labels` (ZYX, may be lazy).

    `boxes` (objects, 6) says where they are. NaN for an object that is flat, and so has no hull in space.
    """
    area, feret = np.full(objects.size, np.nan), np.full(objects.size, np.nan)
    for place, (label, box) in enumerate(zip(objects.tolist(), boxes.tolist(), strict=True)):
        inside = tuple(slice(start, stop) for start, stop in zip(box[:3], box[3:], strict=True))
        mask = np.asarray(labels[inside]) == label
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a flat object has no hull
            try:
                [region] = regionprops(mask.astype(np.uint8), spacing=spacing)
                convex = np.count_nonzero(region.image_convex)
                area[place], feret[place] = convex or np.nan, region.feret_diameter_max
            except (ValueError, RuntimeError):
                continue
    return {"area_convex": area, "feret": feret}
