"""Probability maps of the last segmentation, kept so that an object can be added at once where it is clicked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_unet.labels.types import Place, PlaneIndex

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

    def around(self, at: Place, diameter: float | None, slices: int = 0) -> Surroundings | None:
        """The surroundings of a place, and in so many slices before and after it; None if its plane is not known.

        They end where a slice is not known. Without `slices` they are those of a plane.
        """
        from napari_unet.segmentation.surroundings import Surroundings, surroundings_region

        if not self.done[at[:-2]]:
            return None
        rows, columns = surroundings_region((at[-2], at[-1]), self.maps.shape, diameter or _USUAL_DIAMETER, KEPT_REACH)
        corner: tuple[int, ...] = rows.start, columns.start
        plane: tuple[int | slice, ...] = at[:-2]
        if slices:
            through = self._known_around(at[:-2], slices)
            plane, corner = (*at[:-3], through), (through.start, *corner)
        part = self.maps[(slice(None), *plane, rows, columns)]
        return Surroundings(part.astype(np.float32), corner)

    def _known_around(self, plane: PlaneIndex, reach: int) -> slice:
        """The slices up to `reach` before and after one that is known, as far as all of these are known, too."""
        known, at = self.done[plane[:-1]], plane[-1]
        first, last = at, at
        while first > max(0, at - reach) and known[first - 1]:
            first -= 1
        while last < min(len(known) - 1, at + reach) and known[last + 1]:
            last += 1
        return slice(first, last + 1)
