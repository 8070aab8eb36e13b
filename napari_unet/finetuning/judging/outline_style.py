"""How much tighter or wider than a model a person draws, in pixels, and how evenly."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from napari_unet.heads.outcome import LEAST_EVEN, Evenness
from napari_unet.labels.ids import compact_ids
from napari_unet.labels.matching import match_objects, overlap_table
from napari_unet.labels.types import Array, Doubles

_LEAST = 5  # objects that are both drawn and found: of fewer, style cannot be told from chance
_STEP = 0.5  # pixels
_SIGMA = (0.16, 0.5, 0.84)  # a normal distribution has its middle, and a standard deviation around it, there


def measure_outlines(pairs: Iterable[tuple[Array, Array]]) -> float:
    """Pixels by which what is found has to grow to be as large as what was drawn; negative: to shrink.

    `pairs` are labels of one shape, as drawn and as found. The median over the objects that are in both (IoU of at
    least 0.5) of the difference between the radii of circles of their areas, rounded to half a pixel; 0 where there
    are too few, or where half of them say the opposite.
    """
    differences = np.concatenate([np.zeros(0), *(_differences(drawn, found) for drawn, found in pairs)])
    if differences.size < _LEAST:
        return 0.0
    low, middle, high = np.quantile(differences, [0.25, 0.5, 0.75])
    return 0.0 if low * high <= 0 else float(np.round(middle / _STEP) * _STEP)


def measure_evenness(pairs: Iterable[tuple[Array, Array]]) -> Evenness | None:
    """How far outlines as drawn and as found are apart, and how much that differs between objects; None: too few.

    As `measure_outlines`. The spread is half of what two thirds of the objects lie within.
    """
    differences = np.concatenate([np.zeros(0), *(_differences(drawn, found) for drawn, found in pairs)])
    if differences.size < LEAST_EVEN:
        return None
    low, middle, high = (float(one) for one in np.quantile(differences, _SIGMA))
    return Evenness(round(abs(middle), 2), round((high - low) / 2, 2), int(differences.size))


def _differences(drawn: Array, found: Array) -> Doubles:
    (mine, its), _ = compact_ids([drawn, found])
    table = overlap_table(mine, its)
    pairs = match_objects(table, 0.5)
    if not len(pairs):
        return np.zeros(0)
    areas = np.stack([table.truth_size[pairs[:, 0]], table.predicted_size[pairs[:, 1]]])
    radii = np.sqrt(areas / np.pi)
    difference: Doubles = radii[0] - radii[1]
    return difference
