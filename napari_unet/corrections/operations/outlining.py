"""Where the outline of an object runs, as a few places on it: enough to show which object is meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.operations.extent import (
    box_of,
)
from napari_unet.labels.types import Indices, Place, Rectangle


def outline_places(
    labels: npt.NDArray[Any], object_id: int, pieces: Mapping[tuple[int, ...], Rectangle], most: int
) -> list[Place]:
    """At most `most` places a plane on the outline of an object, evenly around its middle; `pieces` hold it."""
    found: list[Place] = []
    for plane, rectangle in pieces.items():
        box = box_of({plane: rectangle}, labels.shape)
        mask = (labels[box] == object_id).reshape(-1, *(part.stop - part.start for part in box[-2:]))[0]
        rows, columns = _border(mask)
        chosen = _around(rows, columns, most)
        corner = (box[-2].start, box[-1].start)
        places = zip((rows[chosen] + corner[0]).tolist(), (columns[chosen] + corner[1]).tolist(), strict=True)
        found += [(*plane, row, column) for row, column in places]
    return found


def _border(mask: npt.NDArray[np.bool_]) -> tuple[Indices, ...]:
    """The pixels of a mask (Y, X) with a neighbour above, below, left or right that is outside of it."""
    padded = np.pad(mask, 1)
    inside = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return np.nonzero(mask & ~inside)


def _around(rows: Indices, columns: Indices, most: int) -> Indices:
    """The numbers of at most `most` of the pixels, spread over their order around their middle."""
    if not rows.size:
        return np.zeros(0, np.intp)
    order = np.argsort(np.arctan2(rows - rows.mean(), columns - columns.mean()), kind="stable")
    chosen: Indices = order[np.unique(np.linspace(0, rows.size - 1, min(rows.size, most)).astype(int))]
    return chosen
