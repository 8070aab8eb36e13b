"""What the network says of the planes of a volume, seen from above and from two sides."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Floats


class VolumeMaps:
    """Maps (outputs, Z, Y, X) of a volume: `slices` of its slices, `sides` the mean of two side views, or None."""

    def __init__(self, n_outputs: int, shape: tuple[int, ...]) -> None:
        self.slices = np.zeros((n_outputs, *shape), np.float16)
        self.sides: npt.NDArray[np.float16] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """(Z, Y, X)"""
        return self.slices.shape[1:]

    def put_slice(self, z: int, maps: Floats) -> None:
        """What was said (outputs, Y, X) of slice `z`."""
        self.slices[:, z] = maps

    def put_sides(self, axis: int, places: tuple[int, int], first: Floats, last: Floats) -> None:
        """What was said (outputs, Z, other) of the side views at `places` along `axis` (1: Y, 2: X), and between them.

        Between them it changes evenly; what is put at the first of them stays for the one before.
        """
        if self.sides is None:
            self.sides = np.zeros_like(self.slices)
        low, high = places
        for at in range(low, high + 1):
            weight = (at - low) / max(1, high - low)
            index = (slice(None), slice(None), at) if axis == 1 else (slice(None), slice(None), slice(None), at)
            if at == low < high and low > 0:
                continue  # it was the last of the pair before
            self.sides[index] += ((1 - weight) * first + weight * last).astype(np.float16) / 2
