"""What a person has looked at who says of an object that it is right."""

from __future__ import annotations

from typing import Any

import edt
import numpy as np
import numpy.typing as npt

from napari_unet.corrections.editing import enclosing_box
from napari_unet.corrections.reviewed import MARGIN
from napari_unet.labels.types import Indices, Rectangle


def accepted_background(plane: npt.NDArray[Any], box: Rectangle, margin: int = 2) -> tuple[Indices, Indices]:
    """Rows and columns of the background in `box` and `margin` pixels around it: nothing is there, a person said."""
    top, left = max(0, box[0] - margin), max(0, box[2] - margin)
    rows, columns = np.nonzero(plane[top : box[1] + margin, left : box[3] + margin] == 0)
    return rows + top, columns + left


def accepted_pixels(
    plane: npt.NDArray[Any],
    object_id: int,
    box: tuple[int, int, int, int],
    diameter: float,
    margin: float = MARGIN,
) -> tuple[Indices, Indices]:
    """Rows and columns of an object of `plane` (integers YX) and of the background within `margin` diameters of it.

    Its neighbours are left out: of them nothing was said. `box` (row, row stop, column, column stop) holds some of the
    object; `diameter` is the typical one in pixels.
    """
    top, bottom, left, right = enclosing_box(plane, object_id, box)
    reach = max(2.0, margin * diameter)
    pad = int(np.ceil(reach))
    top, left = max(0, top - pad), max(0, left - pad)
    crop = plane[top : bottom + pad, left : right + pad]
    own = crop == object_id
    if not own.any():
        return np.zeros(0, np.intp), np.zeros(0, np.intp)
    near = edt.edt(~own, black_border=False) <= reach
    rows, columns = np.nonzero(near & (own | (crop == 0)))
    return rows + top, columns + left
