"""A brush in any plane of a stack: what it covers from one place to the next."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.operations.change import Change, change_in_box
from napari_unet.labels.types import Place

Spacing = tuple[float, float, float]


def brush(
    labels: npt.NDArray[Any],
    start: Place,
    end: Place,
    value: int,
    diameter: float,
    spacing: Spacing = (1.0, 1.0, 1.0),
    ball: bool = False,
    over: Collection[int] | None = None,
) -> Change:
    """Give `value` to all that a brush covers on the straight way from `start` to `end`, two places in one plane of
    labels with three axes or more.

    The brush is round where pixels along the last three axes have the size `spacing`, and has `diameter` in the same
    unit; a `ball` reaches into the planes before and after, too. A brush covers the pixel that it is on, at least.
    `over`: the only ids that it may change.
    """
    sizes, first, last = (np.array(one[-3:], float) for one in (spacing, start, end))
    reach = diameter / 2 / sizes
    if not ball:
        reach[0] = 0
    shape = np.array(labels.shape[-3:])
    low = np.clip(np.floor(np.minimum(first, last) - reach), 0, shape).astype(int)
    high = np.clip(np.ceil(np.maximum(first, last) + reach) + 1, 0, shape).astype(int)
    inner = tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))
    box = (*(slice(at, at + 1) for at in start[:-3]), *inner)
    old = labels[box]
    covered = _distance(low, high, first, last, sizes) <= max(diameter, float(sizes[-1])) / 2
    if over is not None:
        covered = covered & np.isin(old, list(over))
    return change_in_box(labels, box, np.where(covered, labels.dtype.type(value), old))


def _distance(low: Any, high: Any, first: Any, last: Any, sizes: Any) -> npt.NDArray[np.float64]:
    """How far each pixel from `low` to `high` is from the way, along each axis in its size; 0 on the way's pixels."""
    way = (last - first) * sizes
    length = float(way @ way)
    grid = np.indices(tuple(high - low)).reshape(len(low), -1).T + low
    from_first = (grid - first) * sizes
    along = np.clip(from_first @ way / length, 0, 1) if length else np.zeros(len(grid))
    away = np.abs(from_first - along[:, None] * way)
    # A slice that the way goes through is covered, however thick it is.
    near = (away <= sizes / 2).all(axis=1)
    distance = np.where(near, 0.0, np.sqrt((away**2).sum(axis=1)))
    return np.asarray(distance.reshape(tuple(high - low)))
