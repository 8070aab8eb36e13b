"""Which objects of the second look are taken: new ones that stand out from what is around them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_unet.labels.types import Floats, Labels, Mask

_COVERED = 0.1  # of an object: where the first look found more than that, it has spoken
_SIZES = (0.3, 3.0)  # of the typical area
_OVER_AROUND = 1.2  # standard deviations of the grey values around it
_OVER_NOISE = 5.0  # standard deviations of the noise
_GAP, _RING = 0.06, 0.2  # of the diameter: between an object and what is around it, and how broad that is
_FEWEST = 5  # pixels around an object that say something


@dataclass(frozen=True, eq=False)
class _Scene:
    """What both looks found in `pixels` (Y, X), and what tells light from noise there."""

    pixels: Floats
    first: Labels
    again: Labels
    diameter: float
    noise: float


def add_dim_objects(first: Labels, again: Labels, pixels: Floats, diameter: float) -> Labels:
    """Labels (Y, X) of a first look, and after their ids those objects of a second one that are new and stand out.

    Parameters
    ----------
    first, again : array of int
        (Y, X) labels of either look.
    pixels : array of float
        (Y, X) grey values; their scale does not matter.
    diameter : float
        Typical object diameter in pixels.
    """
    sizes = np.bincount(again.ravel())
    covered = np.bincount(again.ravel(), weights=(first > 0).ravel())
    new = [int(i) for i in np.flatnonzero(covered < _COVERED * sizes) if i and _is_usual(sizes[i], diameter)]
    if not new:
        return first
    scene, boxes = _Scene(pixels, first, again, diameter, _noise(pixels)), ndimage.find_objects(again)
    joined, last = first.copy(), int(first.max())
    for number in new:
        if _stands_out(scene, number, boxes[number - 1]):
            last += 1
            box = boxes[number - 1]
            joined[box][(again[box] == number) & (first[box] == 0)] = last
    return joined


def _is_usual(area: float, diameter: float) -> bool:
    low, high = _SIZES
    return low <= area / (math.pi / 4 * diameter**2) <= high


def _noise(pixels: Floats) -> float:
    """Standard deviation of noise from pixel to pixel, by the median of what smoothing takes away."""
    return float(1.65 * np.median(np.abs(pixels - ndimage.gaussian_filter(pixels, 1.0))))


def _stands_out(scene: _Scene, number: int, box: tuple[slice, slice]) -> bool:
    """Whether an object is brighter than what is around it, by the spread of that and by the noise."""
    gap = max(1, round(_GAP * scene.diameter))
    reach = gap + max(2, round(_RING * scene.diameter))
    part = tuple(slice(max(0, side.start - reach), side.stop + reach) for side in box)
    inside: Mask = scene.again[part] == number
    free = (scene.first[part] == 0) & (scene.again[part] == 0)
    around = free & _grown(inside, reach) & ~_grown(inside, gap)
    values = scene.pixels[part]
    other = values[around] if np.count_nonzero(around) > _FEWEST else values[~inside]
    if not other.size:
        return False
    over = float(values[inside].mean() - other.mean())
    return over >= _OVER_AROUND * float(other.std()) and over >= _OVER_NOISE * scene.noise and over > 0


def _grown(mask: Mask, reach: int) -> Mask:
    return np.asarray(ndimage.binary_dilation(mask, iterations=reach))
