"""From what is gathered of the objects of one frame to the columns of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Doubles
from napari_unet.results.measurements.columns import Column, Per, spread_names
from napari_unet.results.measurements.properties.company import count_within, nearest_centres

Values = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Facts:
    """What is known of the objects of one frame of `shape`, in pixels; `spacing` is the size of a pixel.

    `found` holds what the gatherers gave; `channels` their statistics, a dictionary a channel.
    """

    found: Mapping[str, Values]
    channels: tuple[Mapping[str, Values], ...]
    spacing: tuple[float, ...]
    shape: tuple[int, ...]
    neighbor_distance: float | None = None

    @property
    def ndim(self) -> int:
        return len(self.spacing)

    def column(self, column: Column) -> dict[str, Values]:
        """The values of `column`, by the names that it has in a table."""
        names = spread_names(column, self.ndim, len(self.channels))
        if column.per is Per.CHANNEL:
            statistic = column.name.removeprefix("intensity_")
            return {name: channel[statistic] for name, channel in zip(names, self.channels, strict=True)}
        values = _FORMULAS[column.name](self)
        if column.per is Per.OBJECT:
            return {column.name: values}
        return dict(zip(names, values.T, strict=True))


def _area(facts: Facts) -> Values:
    return np.asarray(facts.found["count"] * float(np.prod(facts.spacing)))


def _diameter(facts: Facts) -> Values:
    diameter: Values = (2 * facts.ndim * _area(facts) / np.pi) ** (1 / facts.ndim)
    return diameter


def _perimeter(facts: Facts) -> Values:
    even = np.isclose(facts.spacing[0], facts.spacing[1], rtol=1e-6)
    return np.asarray(facts.found["perimeter"] * (facts.spacing[0] if even else np.nan))


def _circularity(facts: Facts) -> Values:
    perimeter = _perimeter(facts)
    return np.minimum(4 * np.pi * _divide(_area(facts), perimeter**2), 1)


def _moments(facts: Facts) -> Doubles:
    """Eigenvalues (objects, axes) of the inertia of a point at each pixel, largest first."""
    covariance = facts.found["covariance"] * np.outer(facts.spacing, facts.spacing)
    along = np.linalg.eigvalsh(covariance)  # ascending
    moments = along[:, ::-1] if facts.ndim == 2 else along.sum(1, keepdims=True) - along
    return np.asarray(np.clip(moments, 0, None))


def _major(facts: Facts) -> Values:
    moments = _moments(facts)
    if facts.ndim == 2:
        return np.asarray(4 * np.sqrt(moments[:, 0]))
    return np.asarray(np.sqrt(10 * np.clip(moments[:, 0] + moments[:, 1] - moments[:, 2], 0, None)))


def _minor(facts: Facts) -> Values:
    moments = _moments(facts)
    if facts.ndim == 2:
        return np.asarray(4 * np.sqrt(moments[:, 1]))
    return np.asarray(np.sqrt(10 * np.clip(-moments[:, 0] + moments[:, 1] + moments[:, 2], 0, None)))


def _eccentricity(facts: Facts) -> Values:
    large, small = _moments(facts).T
    ratio = np.divide(small, large, out=np.ones_like(large), where=large > 0)
    return np.asarray(np.sqrt(1 - ratio))


def _extent(facts: Facts) -> Values:
    box, d = facts.found["box"], facts.ndim
    return np.asarray(facts.found["count"] / np.prod(box[:, d:] - box[:, :d], axis=1))


def _centroid(facts: Facts) -> Values:
    return np.asarray(facts.found["centre"] * np.array(facts.spacing))


def _distance_to_border(facts: Facts) -> Values:
    box, d = facts.found["box"], facts.ndim
    first, left = box[:, :d], np.array(facts.shape) - box[:, d:]
    return np.asarray((np.minimum(first, left) * np.array(facts.spacing)).min(axis=1))


def _near(facts: Facts) -> Values:
    if facts.neighbor_distance is None:
        raise ValueError("neighbors_within needs a distance")
    return count_within(_centroid(facts), facts.neighbor_distance)


def _divide(above: Values, below: Values) -> Values:
    """`above` / `below`, NaN where that is nothing."""
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0))


_FORMULAS: dict[str, Callable[[Facts], Values]] = {
    "area": _area,
    "num_pixels": lambda facts: facts.found["count"].astype(np.int64),
    "equivalent_diameter_area": _diameter,
    "feret_diameter_max": lambda facts: facts.found["feret"],
    "perimeter": _perimeter,
    "axis_major_length": _major,
    "axis_minor_length": _minor,
    "aspect_ratio": lambda facts: _divide(_major(facts), _minor(facts)),
    "eccentricity": _eccentricity,
    "circularity": _circularity,
    "solidity": lambda facts: _divide(facts.found["count"], facts.found["area_convex"]),
    "extent": _extent,
    "centroid": _centroid,
    "bbox": lambda facts: facts.found["box"],
    "neighbors": lambda facts: facts.found["neighbors"],
    "neighbors_within": _near,
    "neighbor_distance": lambda facts: nearest_centres(_centroid(facts)),
    "distance_to_border": _distance_to_border,
    "parent": lambda facts: facts.found["parent"],
    "class": lambda facts: facts.found["class"],
}
