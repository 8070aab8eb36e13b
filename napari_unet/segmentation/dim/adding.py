"""Which objects of the second look are taken: new ones that stand out from what is around them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_unet.labels.types import Floats, Labels, Mask

_COVERED = 0.1  # of an object: where the first look found more than that, it has spoken
_SIZES = (0.4, 3.0)  # of the typical area: small bright ones, as micronuclei, were left out with reason
_DIM = 0.6  # of the light of what the first look found: what has more of it was not overlooked for its light
_OVER_AROUND = 1.2  # standard deviations of the grey values around it
_OVER_NOISE = 5.0  # standard deviations of the noise
_GAP, _RING = 0.06, 0.2  # of the diameter: between an object and what is around it, and how broad that is
_FEW, _SHARE = 2, 0.05  # dim objects, and as a share of the others, from which on they are more than debris
_FEWEST = 5  # pixels around an object that say something


@dataclass(frozen=True, eq=False)
class _Scene:
    """What both looks found in `pixels` (Y, X), and what tells light from noise there."""

    pixels: Floats
    first: Labels
    again: Labels
    diameter: float
    noise: float
    brightest: float  # more light than this over what is around it is not dim


def add_dim_objects(first: Labels, again: Labels, pixels: Floats, diameter: float, alone: bool = True) -> Labels:
    """Labels (Y, X) of a first look, and after their ids those objects of a second one that are new and stand out.

    Parameters
    ----------
    first, again : array of int
        (Y, X) labels of either look.
    pixels : array of float
        (Y, X) grey values; their scale does not matter.
    diameter : float
        Typical object diameter in pixels.
    alone : bool
        Whether a single one, or a few among many bright ones, are taken too: such are debris as often as objects.
    """
    sizes = np.bincount(again.ravel())
    covered = np.bincount(again.ravel(), weights=(first > 0).ravel())
    new = [int(i) for i in np.flatnonzero(covered < _COVERED * sizes) if i and _is_usual(sizes[i], diameter)]
    if not new:
        return first
    scene, boxes = (
        _Scene(pixels, first, again, diameter, _noise(pixels), _limit(first, pixels)),
        ndimage.find_objects(again),
    )
    taken = [number for number in new if _stands_out(scene, number, boxes[number - 1])]
    if not alone and len(taken) < max(_FEW, _SHARE * np.count_nonzero(np.bincount(first.ravel())[1:])):
        return first
    joined = first.copy()
    for new_id, number in enumerate(taken, start=int(first.max()) + 1):
        box = boxes[number - 1]
        joined[box][(again[box] == number) & (first[box] == 0)] = new_id
    return joined


def _is_usual(area: float, diameter: float) -> bool:
    low, high = _SIZES
    return low <= area / (math.pi / 4 * diameter**2) <= high


def _limit(first: Labels, pixels: Floats) -> float:
    """The most light over its surroundings that a dim object has."""
    found = pixels[first > 0]
    return math.inf if not found.size else _DIM * float(np.median(found) - np.percentile(pixels, 5))


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
    enough = max(_OVER_AROUND * float(other.std()), _OVER_NOISE * scene.noise)
    return 0 < over <= scene.brightest and over >= enough


def _grown(mask: Mask, reach: int) -> Mask:
    return np.asarray(ndimage.binary_dilation(mask, iterations=reach))
