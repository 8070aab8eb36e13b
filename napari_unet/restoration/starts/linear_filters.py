"""The linear filter that comes nearest to what is wanted, by least squares over the examples (Wiener's, from data).

It is had at once, and is most of what a minute of learning would find out: what a network adds to it is the rest. It is
held as what is to be added to a plain start, a smoothed plane or bicubic interpolation. With a hole it does not see the
pixel that it foretells, as a network with blind spots does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from napari_unet.labels.types import Array, Floats
from napari_unet.models.record import HoleName, Kernels
from napari_unet.restoration.starts.enlarging import interleave
from napari_unet.restoration.starts.smoothing import hole_of

_REACHES = (6, 5, 4, 3, 2)  # pixels; the farthest that the examples can tell
_FARTHEST_FINE = 3  # where one pixel becomes several: farther ones told nothing more of nuclei and axons
_PIXELS_A_WEIGHT = 30
_MOST_PIXELS = 200_000  # of all examples: more would not be told from these
_RIDGE = 1e-5  # of the mean of the diagonal


def fit_filters(seen: Sequence[Floats], missing: Sequence[Floats], factor: int, hole: HoleName) -> Kernels:
    """Weights that foretell what is `missing` (factor Y, factor X) from `seen` (Y, X); none of too few pixels.

    Returns
    -------
    tuple of tuple of float
        `factor` ** 2 kernels, of all places in a pixel, rows first; each the rows of a square one after another. Their
        sums are 0, and turned or mirrored images have the same ones turned or mirrored.
    """
    reach = _reach(sum(plane.size for plane in seen), factor)
    if not reach:
        return ()
    allowed = (hole_of(reach, hole) > 0).flatten()
    products, right = torch.zeros(1), torch.zeros(1)
    every = max(1, round(sum(plane.size for plane in seen) / _MOST_PIXELS))
    for around, wanted in _rows(seen, missing, reach, factor, every):
        values = around[:, allowed]
        values = values - values.mean(dim=1, keepdim=True)
        products = products + (values.T @ values).double()
        right = right + (values.T @ wanted).double()
    size = products.shape[-1]
    if products.ndim < 2 or not float(products.trace()) > 0:
        return ()
    ridge = _RIDGE * products.trace() / size * torch.eye(size, dtype=torch.float64)
    solved = torch.linalg.solve(products + ridge, right)
    kernels = torch.zeros(factor**2, len(allowed), dtype=torch.float64)
    kernels[:, allowed] = (solved - solved.mean(dim=0)).T
    turned = hole in ("none", "pixel")
    return tuple(tuple(one) for one in _alike_all_ways(kernels, factor, turned).float().tolist())


def filtered(plane: Array, kernels: Kernels) -> Floats:
    """What is to be added to a normalized plane (Y, X): (factor (Y - 2 reach), factor (X - 2 reach)).

    Nothing is known of what is nearer to the border than the kernel reaches.
    """
    reach = kernel_reach(kernels)
    weights = torch.tensor(kernels, dtype=torch.float32).view(len(kernels), 1, 2 * reach + 1, 2 * reach + 1)
    values = torch.from_numpy(np.ascontiguousarray(plane, np.float32))[None, None]
    return interleave(F.conv2d(values, weights)[0].numpy())


def kernel_reach(kernels: Kernels) -> int:
    """How many pixels away a pixel counts; 0: there are no kernels."""
    return round(len(kernels[0]) ** 0.5) // 2 if kernels else 0


def _reach(pixels: int, factor: int) -> int:
    """As far as there are pixels enough to tell the weights."""
    for reach in _REACHES:
        fine = factor > 1 and reach > _FARTHEST_FINE
        if not fine and pixels >= _PIXELS_A_WEIGHT * (2 * reach + 1) ** 2:
            return reach
    return 0


def _rows(
    seen: Sequence[Floats], missing: Sequence[Floats], reach: int, factor: int, every: int
) -> Iterator[tuple[Tensor, Tensor]]:
    """What is around the pixels of some rows (pixels, weights), and what is missing there (pixels, factor ** 2)."""
    for plane, rest in zip(seen, missing, strict=True):
        values = torch.from_numpy(np.ascontiguousarray(plane, np.float32))
        wanted = F.pixel_unshuffle(torch.from_numpy(np.ascontiguousarray(rest, np.float32))[None], factor)
        if min(plane.shape) <= 2 * reach:
            continue
        for y in range(reach, plane.shape[0] - reach, every):
            band = values[y - reach : y + reach + 1]
            yield F.unfold(band[None, None], 2 * reach + 1)[0].T, wanted[:, y, reach : plane.shape[1] - reach].T


def _alike_all_ways(kernels: Tensor, factor: int, turned: bool) -> Tensor:
    """The mean of all ways to mirror them, and to turn them where rows may as well be columns."""
    side = round(kernels.shape[-1] ** 0.5)
    ways = kernels.view(factor, factor, side, side)
    ways = (ways + ways.flip(0, 2)) / 2
    ways = (ways + ways.flip(1, 3)) / 2
    if turned:
        ways = (ways + ways.transpose(0, 1).transpose(2, 3)) / 2
    return ways.reshape(factor**2, side**2)
