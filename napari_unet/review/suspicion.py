"""How suspicious an object is: seven measures, each a risk from 0 to 1, and one score that rises with each of them.

A risk is 0 up to `low` and 1 from `high`, linear between. The score is 1 - (1 - w1 r1)(1 - w2 r2)...: 0 if nothing is
known against an object, never above 1, and no reason hides another. What is not known counts nothing. Limits and
weights were chosen on validation and unseen images (`benchmarks/review_queue.py`): of a kind of image that the model
knows less, all objects are less sure than nuclei are, and cells with bays are no ellipses, mostly right all the same;
so what is usual in an image is not held against each of its objects.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Doubles

SUSPICIOUS = 0.35
"""Score from which an object is worth a look."""


@dataclass(frozen=True)
class Measure:
    """A measure, what it is called, how it reads as a reason, and how it counts."""

    name: str
    title: str
    reason: str
    tip: str
    low: float
    high: float
    weight: float


MEASURES = (
    Measure("confidence", "Unsure", "model unsure",
            "1 - mean foreground probability in the object x peak of its core; less what is usual in this image.",
            0.1, 0.5, 0.8),
    Measure("disagreement", "Unstable", "the model outlines it otherwise in a mirrored image",
            "1 - IoU with what the model finds in the mirrored image.", 0.05, 0.5, 0.8),
    Measure("size", "Size", "unusual size",
            "How far its size (logarithm) is from the median of this image, in robust standard deviations.", 1, 5, 0.5),
    Measure("shape", "Shape", "unusual shape",
            "Bays, tails or two objects in one: 1 - area / area of the ellipse with the same moments, less what is "
            "usual in this image; or unusually long for it.", 0.02, 0.2, 0.4),
    Measure("boundary", "Boundary", "weak boundary to a neighbour",
            "Share of the outline that touches a neighbour, and how little the network saw of a boundary there.",
            0.0, 0.3, 0.4),
    Measure("continuity", "Continuity", "vanishes between slices or frames",
            "In one slice or frame only, gone for one, or going on under another id.", 0.0, 1.0, 0.6),
    Measure("missed", "Missed", "the model sees an object where none is labelled",
            "Mean foreground probability of a place without an object.", 0.2, 0.8, 0.9),
)  # fmt: skip

_ELONGATION = (4.0, 10.0)  # robust standard deviations from which a long object is unusual, and wholly so
_CONTACT = (0.05, 0.5)  # share of the outline
_NO_ALARM = {"confidence": 0.12, "shape": 0.02}  # medians of nuclei: what is more than that is usual in an image
_LEAST_SPREAD = {"size": 0.15, "elongation": 0.1}  # objects that are all alike are no reason for alarm


@dataclass(frozen=True)
class Population:
    """What is usual in an image: median and robust standard deviation of log size and of elongation.

    `doubt` and `bays` are how much of the measures "confidence" and "shape" half of the objects have, or more, beyond
    what nuclei have.
    """

    size: tuple[float, float]
    elongation: tuple[float, float]
    doubt: float = 0.0
    bays: float = 0.0

    @classmethod
    def of(cls, sizes: Doubles, elongation: Doubles, doubt: Doubles, fill: Doubles) -> Population:
        """Of the objects of an image: `sizes` in pixels; `doubt` and 1 - `fill` as in `MEASURES`, NaN: not known."""
        return cls(
            _median_and_spread(np.log(np.maximum(sizes, 1)), _LEAST_SPREAD["size"]),
            _median_and_spread(elongation, _LEAST_SPREAD["elongation"]),
            _beyond(doubt, _NO_ALARM["confidence"]),
            _beyond(1 - fill, _NO_ALARM["shape"]),
        )

    def size_distance(self, sizes: Doubles) -> Doubles:
        """How far from usual, in robust standard deviations."""
        return np.asarray(np.abs(np.log(np.maximum(sizes, 1)) - self.size[0]) / self.size[1])

    def elongation_distance(self, elongation: Doubles) -> Doubles:
        """How much longer than usual, in robust standard deviations."""
        return np.asarray((elongation - self.elongation[0]) / self.elongation[1])


def _median_and_spread(values: Doubles, least: float) -> tuple[float, float]:
    if not values.size:
        return 0.0, least
    median = float(np.median(values))
    return median, max(least, 1.4826 * float(np.median(np.abs(values - median))))


def _beyond(values: Doubles, least: float) -> float:
    """How far the median of the known `values` lies above `least`."""
    known = values[np.isfinite(values)]
    return max(0.0, float(np.median(known)) - least) if known.size else 0.0


def ramp(values: npt.ArrayLike, low: float, high: float) -> Doubles:
    """0 up to `low`, 1 from `high`, linear between; what is not known (NaN) is 0."""
    known = np.nan_to_num(np.asarray(values, np.float64), nan=low)
    share: Doubles = np.clip((known - low) / (high - low), 0, 1)
    return share


def shape_measure(fill: Doubles, elongation: Doubles, usual: Population) -> Doubles:
    """What the measure "shape" shows: the larger of both reasons, on the scale of 1 - fill."""
    shape = next(measure for measure in MEASURES if measure.name == "shape")
    long = shape.low + (shape.high - shape.low) * ramp(usual.elongation_distance(elongation), *_ELONGATION)
    return np.maximum(1 - fill - usual.bays, np.where(long > shape.low, long, 0))


def boundary_measure(contact: Doubles, weakness: Doubles) -> Doubles:
    """What the measure "boundary" shows: the larger of a long contact and a weak one, on the scale of the latter."""
    boundary = next(measure for measure in MEASURES if measure.name == "boundary")
    return np.fmax(weakness, boundary.high * ramp(contact, *_CONTACT))


def risks(values: Mapping[str, Doubles]) -> dict[str, Doubles]:
    """The risk (0 to 1) of each measure in `values`."""
    return {
        measure.name: ramp(values[measure.name], measure.low, measure.high)
        for measure in MEASURES
        if measure.name in values
    }


def combine(known: Mapping[str, Doubles]) -> Doubles:
    """The score, 0 to 1, of risks that are arrays of one length."""
    left = np.ones(next(iter(known.values())).shape)
    for measure in MEASURES:
        if measure.name in known:
            left *= 1 - measure.weight * known[measure.name]
    return 1 - left


def main_reason(known: Mapping[str, Doubles]) -> npt.NDArray[np.int64]:
    """For each object the number (in `MEASURES`) of the measure that counts most; -1 where none does."""
    parts = np.stack([measure.weight * known[measure.name] for measure in MEASURES])
    return np.where(parts.max(axis=0) > 0, parts.argmax(axis=0), -1)
