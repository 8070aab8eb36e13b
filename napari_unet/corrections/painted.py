"""What a person has looked at who paints classes: the pixels that were painted, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Mask, PlaneBox


class PaintedPixels:
    """Pixels of one plane that differ from the prediction.

    In the place of `Neighbourhoods` where values are classes: there is no object whose surroundings were looked at, and
    a value's other places say nothing of this one.
    """

    def __init__(self) -> None:
        self._mask: Mask | None = None

    def update(self, prediction: npt.NDArray[Any], labels: npt.NDArray[Any], *_: Any) -> Iterator[PlaneBox | None]:
        """Follow a change of `labels`; gives the region where the mask may have changed, or None."""
        old, self._mask = self._mask, np.asarray(prediction != labels)
        changed = self._mask if old is None else self._mask != old
        rows, columns = (np.flatnonzero(changed.any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            yield None
            return
        yield slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)

    def paint(self, target: Mask, region: PlaneBox) -> None:
        """Set `target` (bool, shape of the plane) to True in `region` wherever a pixel was painted."""
        if self._mask is not None:
            target[region] |= self._mask[region]
