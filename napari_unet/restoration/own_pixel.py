"""What a blind network leaves out: the pixel itself, which tells something where neighbours cannot foretell it.

Noise has a variance that grows with brightness (Foi et al., Practical Poissonian-Gaussian noise modeling, 2008). Where
pixels are farther from what was foretold than noise alone would have them, there is structure that the network missed,
and the pixel counts by the share of it (as in Laine et al., High-quality self-supervised deep image denoising, 2019).
Detail as fine as a pixel is kept so, which no neighbour tells of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage, optimize

from napari_unet.images.normalization import Limits, NormalizationConfig, normalize
from napari_unet.labels.types import Array, Floats

_WIDTH = 3.0  # pixels over which it is seen how far pixels are from what was foretold
_REACH = 12  # pixels of that smoothing, as far as it goes
_CAUTION = 0.5  # standard deviations by which these distances must be larger than of noise alone
_FARTHEST = 9.0  # noise variances: a hot pixel is not to bring back what is around it
_BAND = 512  # rows at a time
_MEDIAN = 0.4549  # of the square of a normal number of variance 1
_MOST_PIXELS = 1_000_000  # the noise is measured on
_BINS, _LEAST = 40, 50  # of brightness; pixels of each


@dataclass(frozen=True)
class NoiseLine:
    """Variance of the noise: `least` up to a brightness of `darkest`, and `slope` more for each unit above."""

    darkest: float
    least: float
    slope: float

    def variance(self, brightness: Floats) -> Floats:
        """Of pixels of some brightness (Y, X)."""
        return np.asarray(self.least + self.slope * np.maximum(brightness - self.darkest, 0), np.float32)


def count_own_pixels(pixels: Array, limits: Limits, looks: NormalizationConfig, foretold: Floats) -> Floats:
    """`foretold` (Y, X) from neighbours, drawn to `pixels` (Y, X) where more than noise lies between them.

    `foretold` and what comes out are normalized by `limits`; of `pixels` no more than a band of rows is at a time.
    """
    every = max(1, pixels.size // _MOST_PIXELS)
    noise = measure_noise(normalize(pixels[::every], limits, looks), foretold[::every])
    out = np.empty_like(foretold)
    for top in range(0, len(pixels), _BAND):
        around = slice(max(0, top - _REACH), top + _BAND + _REACH)
        inner = slice(top - around.start, top - around.start + _BAND)
        out[top : top + _BAND] = _drawn(normalize(pixels[around], limits, looks), foretold[around], noise)[inner]
    return out


def _drawn(seen: Floats, foretold: Floats, noise: NoiseLine) -> Floats:
    missed = seen - foretold
    far = np.minimum(missed**2 / noise.variance(foretold), _FARTHEST)
    around = ndimage.gaussian_filter(far, _WIDTH, radius=_REACH)
    by_chance = np.sqrt(2 / (4 * np.pi * _WIDTH**2))  # standard deviation of that mean where there is noise alone
    structure = np.maximum(around - 1 - _CAUTION * by_chance, 0)
    return np.asarray(foretold + structure / (structure + 1) * missed, np.float32)


def measure_noise(seen: Floats, foretold: Floats) -> NoiseLine:
    """The noise of `seen` (Y, X), from the medians of how far pixels of like brightness are from `foretold`."""
    level, squares = foretold.ravel(), ((seen - foretold) ** 2).ravel()
    bins = np.array_split(np.argsort(level), max(1, min(_BINS, level.size // _LEAST)))
    levels = np.array([level[one].mean() for one in bins])
    found = np.array([np.median(squares[one]) / _MEDIAN for one in bins])
    found = np.maximum(found, 1e-12 + 1e-3 * found.max())  # pixels that are all alike have some, too
    darkest = float(levels.min())
    # By its share of what was found, or the brightest would count alone.
    sides = np.stack([levels - darkest, np.ones_like(levels)], axis=1) / found[:, None]
    (slope, least), _ = optimize.nnls(sides, np.ones_like(found))
    return NoiseLine(darkest, max(float(least), float(found.min())), float(slope))
