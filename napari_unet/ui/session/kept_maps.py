"""Probability maps of the last segmentation, kept so that an object can be added at once where it is clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_unet.labels.types import Place

if TYPE_CHECKING:
    from napari_unet.segmentation.surroundings import Surroundings

KEPT_BYTES = 512 * 2**20
"""Maps up to this size (three outputs in half precision: 6 bytes a pixel) are kept after a segmentation."""
KEPT_REACH = 3.0
"""Of kept maps only so many diameters around a place are looked at: nothing of the network's own view is lost there."""
_USUAL_DIAMETER = 30.0


def maps_fit(shape: tuple[int, ...]) -> bool:
    """Whether the probability maps of an image of `shape` are kept, so that adding an object is immediate."""
    return 6 * int(np.prod(shape)) <= KEPT_BYTES


class KeptMaps:
    """Maps (outputs, (T,) (Z,) Y, X) in half precision of a segmentation, with the planes for which they are known."""

    def __init__(self, maps: Any, done: Any) -> None:
        self.maps, self.done = maps, np.array(done, bool)

    def update(self, other: KeptMaps) -> KeptMaps:
        """`other`, with these maps where it has none: only some of the planes were segmented again."""
        if other.maps.shape == self.maps.shape:
            rest = self.done & ~other.done
            other.maps[:, rest] = self.maps[:, rest]
            other.done |= rest
        return other

    def around(self, at: Place, diameter: float | None) -> Surroundings | None:
        """The surroundings of a place; None if its plane is not known."""
        from napari_unet.segmentation.surroundings import Surroundings, surroundings_region

        if not self.done[at[:-2]]:
            return None
        rows, columns = surroundings_region((at[-2], at[-1]), self.maps.shape, diameter or _USUAL_DIAMETER, KEPT_REACH)
        part = self.maps[(slice(None), *at[:-2], rows, columns)]
        return Surroundings(part.astype(np.float32), (rows.start, columns.start))
