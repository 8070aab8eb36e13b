"""A tile turned and mirrored: what the network says of it each way is averaged where there is time for that.

Test-time augmentation as in the U-Net's successors (Isensee et al., nnU-Net, Nature Methods 18:203, 2021), by all eight
symmetries of the square.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np

from napari_unet.labels.types import Floats
from napari_unet.models.running.tile_network import Region


@dataclass(frozen=True)
class Way:
    """One way to look at the last two axes: `swapped` with each other first, then read backwards where told so."""

    swapped: bool = False
    rows_back: bool = False
    columns_back: bool = False

    def apply(self, values: Floats) -> Floats:
        """(..., Y, X) as it is seen this way."""
        seen = values.swapaxes(-2, -1) if self.swapped else values
        return np.ascontiguousarray(self._backwards(seen))

    def undo(self, values: Floats) -> Floats:
        """What was said of (..., Y, X) seen this way, as of the values themselves."""
        back = self._backwards(values)
        return back.swapaxes(-2, -1) if self.swapped else back

    def region(self, region: Region, shape: tuple[int, ...]) -> Region:
        """Where `region` of the last axes of `shape`, (Z,) Y, X, lies when it is seen this way."""
        *outer, rows, columns = zip(region, shape[-len(region) :], strict=True)
        sides = (columns, rows) if self.swapped else (rows, columns)
        turned = [_mirrored(*side) if back else side[0] for side, back in zip(sides, self._back, strict=True)]
        return (*(part for part, _ in outer), *turned)

    @property
    def _back(self) -> tuple[bool, bool]:
        return self.rows_back, self.columns_back

    def _backwards(self, values: Floats) -> Floats:
        rows, columns = (slice(None, None, -1 if back else 1) for back in self._back)
        return values[..., rows, columns]


def _mirrored(part: slice, size: int) -> slice:
    return slice(size - part.stop, size - part.start)


ALL_WAYS = tuple(Way(*flags) for flags in product((False, True), repeat=3))


def predict_every_way(
    predict: Callable[[Floats, Region | None], Floats], tiles: Floats, region: Region | None = None
) -> Floats:
    """The average over `ALL_WAYS` of what `predict` says of tiles (N, C, (Z,) Y, X), or of `region` of (Z,) Y, X."""
    total: Floats | None = None
    for way in ALL_WAYS:
        there = None if region is None else way.region(region, tiles.shape)
        said = way.undo(predict(way.apply(tiles), there))
        total = np.array(said) if total is None else total + said
    assert total is not None
    return total / np.float32(len(ALL_WAYS))
