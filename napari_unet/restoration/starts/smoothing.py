"""What a network for denoising begins with: the image smoothed, without the pixel itself where it is not to be seen.

The width is the one that foretells pixels best (Batson and Royer, Noise2Self, ICML 2019): the network has only to mend
what smoothing spoils, which a minute is enough for.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch.nn import functional as F

from napari_unet.labels.types import Array, Floats
from napari_unet.models.record import HoleName
from napari_unet.restoration.blind_spots import REACH

SIGMAS = (0.5, 0.7, 1.0, 1.4, 2.0, 2.8)


def smooth(plane: Array, sigma: float, hole: HoleName) -> Floats:
    """(Y, X) float32: each pixel the weighted mean of its neighbours, but of those in the hole around it."""
    if sigma == 0:
        return np.asarray(plane, np.float32)
    kernel = _kernel(sigma, hole)
    margin = kernel.shape[-1] // 2
    values = torch.from_numpy(np.ascontiguousarray(plane, np.float32))[None, None]
    # Beyond the border there is nothing: mirrored there, a pixel would be its own neighbour.
    there = F.conv2d(torch.ones_like(values), kernel, padding=margin)
    return np.asarray((F.conv2d(values, kernel, padding=margin) / there)[0, 0].numpy(), np.float32)


def reach_of(sigma: float, hole: HoleName) -> int:
    """How many pixels away a pixel counts."""
    return int(_kernel(sigma, hole).shape[-1] // 2) if sigma else 0


def best_sigma(planes: Sequence[Floats], wanted: Sequence[Floats], hole: HoleName) -> float:
    """The width whose smoothing comes nearest to what is wanted: of a blind one, the planes themselves."""
    errors = [
        sum(
            float(np.mean((smooth(plane, sigma, hole) - other) ** 2))
            for plane, other in zip(planes, wanted, strict=True)
        )
        for sigma in SIGMAS
    ]
    return SIGMAS[int(np.argmin(errors))]


def _kernel(sigma: float, hole: HoleName) -> torch.Tensor:
    """(1, 1, side, side) weights with the sum 1."""
    reach = max(1, round(3 * sigma))
    line = torch.arange(-reach, reach + 1, dtype=torch.float32)
    weights = torch.exp(-(line[:, None] ** 2 + line**2) / (2 * sigma**2))
    weights *= hole_of(reach, hole)
    return (weights / weights.sum())[None, None]


def hole_of(reach: int, hole: HoleName) -> torch.Tensor:
    """(side, side) 1 where a pixel so many pixels away counts, 0 in the hole."""
    seen = torch.ones(2 * reach + 1, 2 * reach + 1)
    near = torch.arange(-reach, reach + 1).abs() <= REACH
    if hole == "pixel":
        seen[reach, reach] = 0
    elif hole == "rows":
        seen[reach, near] = 0
    elif hole == "columns":
        seen[near, reach] = 0
    return seen
