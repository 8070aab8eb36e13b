"""What the network says of the planes of a volume, seen from above and from two sides.

In half precision, which torch converts from and to many times as quickly as NumPy, and in all threads.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch

from napari_unet.labels.types import Floats

_SLAB = 32  # slices that are interpolated at once


class VolumeMaps:
    """Maps (outputs, Z, Y, X) of a volume: `slices` of its slices, and of side views those that were looked at."""

    def __init__(self, n_outputs: int, shape: tuple[int, ...]) -> None:
        self.slices = np.zeros((n_outputs, *shape), np.float16)
        self._views: dict[int, tuple[Sequence[int], torch.Tensor]] = {}

    @property
    def shape(self) -> tuple[int, ...]:
        """(Z, Y, X)"""
        return self.slices.shape[1:]

    def put_slice(self, z: int, maps: Floats) -> None:
        """What was said (outputs, Y, X) of slice `z`."""
        torch.from_numpy(self.slices[:, z]).copy_(torch.from_numpy(maps))

    def begin_sides(self, axis: int, places: Sequence[int]) -> None:
        """Side views at `places` along `axis` (1: Y, 2: X) will be looked at, the first and the last among them."""
        n_outputs, depth, other = len(self.slices), self.shape[0], self.shape[3 - axis]
        self._views[axis] = places, torch.zeros((n_outputs, len(places), depth, other), dtype=torch.float16)

    def put_side(self, axis: int, number: int, maps: Floats) -> None:
        """What was said (outputs, Z, other) of the side view at the place of that number."""
        self._views[axis][1][:, number].copy_(torch.from_numpy(maps))

    def sides(self) -> npt.NDArray[np.float16] | None:
        """The mean (outputs, Z, Y, X) of what the side views say; None if there are none.

        Between two that were looked at it changes evenly.
        """
        if not self._views:
            return None
        found = np.zeros_like(self.slices)
        for axis, (places, views) in self._views.items():
            weights = _weights(places, self.shape[axis]) / len(self._views)
            for output in range(len(found)):
                for first in range(0, self.shape[0], _SLAB):
                    part = torch.from_numpy(found[output, first : first + _SLAB])
                    part += _between(weights, views[output, :, first : first + _SLAB], axis)
        return found


def _weights(places: Sequence[int], size: int) -> torch.Tensor:
    """How much each of the views at `places` counts at each of `size` places: (size, views)."""
    at, one = np.arange(size), np.eye(len(places))
    return torch.from_numpy(np.stack([np.interp(at, places, row) for row in one], axis=1)).float()


def _between(weights: torch.Tensor, views: torch.Tensor, axis: int) -> torch.Tensor:
    """What views (views, Z, other) say of all places along the axis: (Z, Y, X)."""
    n, depth, other = views.shape
    if axis == 1:
        return (weights @ views.float().reshape(n, -1)).reshape(-1, depth, other).permute(1, 0, 2)
    return (views.float().reshape(n, -1).T @ weights.T).reshape(depth, other, -1)
