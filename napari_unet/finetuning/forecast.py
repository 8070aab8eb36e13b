"""How many more objects for how much better a score, from the scores so far: or nothing, where that cannot be known.

Scores of a learning model rise with the objects that it learned from, quickly at first: as a power of their number or
as an exponential that comes to rest (Viering and Loog, The shape of learning curves, 2022). Which curves fit the few
scores there are is asked of all curves on a grid (Bayes' rule); what they say of the next objects is the forecast, and
how far they differ its margin.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from napari_unet.labels.types import Doubles
from napari_unet.models.record import ModelRecord

LEAST_POINTS = 3
MOST_MORE = 200
"""Objects: a forecast further than that is none."""
_INTERVAL = 0.85  # of what is probable lies in the margin
_TREND = 0.95  # how probable it has to be that the score rises at all
_RISE = 0.03  # at the least, from the beginning to where the curve comes to rest
_GAIN = 0.03  # that is worth a forecast, above the score of now
_TARGETS = np.arange(0.1, 0.96, 0.05)
_TRIED = 3  # the next ones of these
_OWN_NOISE = 0.02  # of a score, whatever it was measured on: trainings differ
_REACHED = 0.86  # how probable it has to be that the target is reached at all
_VAGUE = 0.9  # times the forecast: a margin beyond it says nothing
_AGAIN, _MORE = 0.5, (10, 100)  # of the objects so far, as many more are asked about
_WIDEST = 0.14  # a margin of a score beyond it says nothing


@dataclass(frozen=True)
class CurvePoint:
    """The score of a model that learned from `n_objects`, measured on `n_scored` others (AP@0.5, 0 to 1)."""

    n_objects: int
    score: float
    n_scored: int


@dataclass(frozen=True)
class Forecast:
    """`more` objects bring a score of `target`: known to plus or minus `objects`, or, for so many, to `score`.

    One of the two margins is None: few scores tell how high a curve will be sooner than where it crosses a line.
    """

    more: int
    target: float
    objects: int | None = None
    score: float | None = None

    def after(self, n_objects: int) -> Forecast | None:
        """What is left of it when `n_objects` more were reviewed since; None if it is old."""
        return replace(self, more=self.more - n_objects) if 0 <= n_objects < self.more else None

    @property
    def sentence(self) -> str:
        target = f"{self.target:.2f}".lstrip("0")
        if self.objects is not None:
            return f"About {self.more} more objects for AP@0.5 {target}, plus or minus {self.objects}."
        margin = f"{self.score:.2f}".lstrip("0")
        return f"{self.more} more objects bring AP@0.5 to about {target}, plus or minus {margin}."


@dataclass(frozen=True, eq=False)
class _CurveTable:
    """Many curves: where each begins (without an object), where it comes to rest, and how it gets there."""

    start: Doubles
    top: Doubles
    half: Doubles
    power: Doubles  # infinite: exponential
    usual: Doubles  # how probable each is before anything was measured; the sum is 1

    @property
    def _form(self) -> tuple[Doubles, Doubles]:
        """The power (1 for exponentials) and the scale: half of the way is gone after `half` objects, in any form."""
        power = np.where(np.isfinite(self.power), self.power, 1.0)
        return power, self.half / (2 ** (1 / power) - 1)

    def at(self, n_objects: Doubles) -> Doubles:
        """Scores (curves, n) after each of `n_objects` (n,)."""
        (exponent, scale), n = self._form, n_objects[None]
        power = (1 + n / scale[:, None]) ** -exponent[:, None]
        left = np.where(np.isfinite(self.power)[:, None], power, 0.5 ** (n / self.half[:, None]))
        found: Doubles = self.top[:, None] - (self.top - self.start)[:, None] * left
        return found

    def reach(self, target: float) -> Doubles:
        """How many objects (curves,) a score of `target` takes; infinite where it is never reached."""
        exponent, scale = self._form
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = (self.top - self.start) / (self.top - target)
            power, exponential = scale * (ratio ** (1 / exponent) - 1), self.half * np.log2(ratio)
        found = np.where(np.isfinite(self.power), power, exponential)
        found = np.where(self.top > target, found, np.inf)
        return np.where(self.start >= target, 0.0, found)


@lru_cache(maxsize=1)
def _all_curves() -> _CurveTable:
    start, rise = np.linspace(0, 0.9, 16), np.linspace(0, 1, 16)
    half, power = np.geomspace(3, 80, 9), np.array([0.7, 1.5, np.inf])
    grid = [part.ravel() for part in np.meshgrid(start, rise, half, power, indexing="ij")]
    top = grid[0] + grid[1] * (1.0 - grid[0])
    # Most models that are taught come far, if not all of the way.
    usual = (0.02 + grid[1]) * (1.05 - grid[1]) * np.where(np.isfinite(grid[3]), 1.0, 1.5)
    return _CurveTable(grid[0], top, grid[2], grid[3], usual / usual.sum())


def forecast(points: Sequence[CurvePoint]) -> Forecast | None:
    """What the next score of a round number takes, or else how high a score the next objects bring.

    None where the scores so far do not say: they are too few, do not rise, or differ too much.
    """
    if len({point.n_objects for point in points}) < LEAST_POINTS:
        return None
    curves, share = _all_curves(), _posterior(points)
    if float(share[curves.top - curves.start > _RISE].sum()) < _TREND:
        return None
    last = max(point.n_objects for point in points)
    now = float(share @ curves.at(np.array([last], float))[:, 0])
    wanted = _TARGETS[now + _GAIN < _TARGETS][:_TRIED].tolist()
    found = (_forecast_objects(curves, share, last, one) for one in reversed(wanted))
    return next((one for one in found if one is not None), None) or _forecast_score(curves, share, last, now)


def _posterior(points: Sequence[CurvePoint]) -> Doubles:
    """How probable each of all curves is, by the scores so far."""
    curves = _all_curves()
    n, score, scored = (np.array([getattr(one, name) for one in points], float) for name in
                        ("n_objects", "score", "n_scored"))  # fmt: skip
    expected = curves.at(n)
    # As many objects as these are found, of such a share, by chance; few say little even where all were right.
    middle = np.clip(expected, 0.05, 0.95)
    variance = middle * (1 - middle) / np.maximum(scored, 1)[None] + _OWN_NOISE**2
    fit = -0.5 * ((score[None] - expected) ** 2 / variance + np.log(variance)).sum(axis=1)
    share = np.exp(fit - fit.max()) * curves.usual
    probable: Doubles = share / share.sum()
    return probable


def _forecast_objects(curves: _CurveTable, share: Doubles, last: int, target: float) -> Forecast | None:
    more = np.maximum(curves.reach(target) - last, 1.0)
    if float(share[more <= MOST_MORE].sum()) < _REACHED:
        return None
    low, middle, high = _quantiles(more, share)
    margin = max(middle - low, high - middle, 1.0)
    if not margin <= _VAGUE * middle:
        return None
    return Forecast(round(middle), round(target, 2), objects=int(np.ceil(margin)))


def _forecast_score(curves: _CurveTable, share: Doubles, last: int, now: float) -> Forecast | None:
    """How high the score will be after half as many objects again."""
    more = int(np.clip(round(_AGAIN * last, -1), *_MORE))
    scores = curves.at(np.array([last + more], float))[:, 0]
    low, middle, high = _quantiles(scores, share)
    margin = max(middle - low, high - middle, 0.01)
    if middle - now < _GAIN or margin > _WIDEST:
        return None
    return Forecast(more, round(middle, 2), score=round(margin + 0.005, 2))


def _quantiles(values: Doubles, share: Doubles) -> tuple[float, float, float]:
    """Lower end, middle and upper end of the interval in which `values` probably are."""
    order = np.argsort(values)
    below = np.cumsum(share[order])
    tail = (1 - _INTERVAL) / 2
    ends = np.searchsorted(below, [tail, 0.5, 1 - tail]).clip(0, len(order) - 1)
    low, middle, high = (float(one) for one in values[order][ends])
    return low, middle, high


def curve_of(record: ModelRecord, known: Mapping[str, ModelRecord]) -> list[CurvePoint]:
    """The scores of a model and of those that it came of, the first first; `known` has records by the file's hash.

    The first point is what was there before anything was learned.
    """
    chain = [record]
    while (parent := known.get(chain[-1].parent or "")) is not None and parent.scores and len(chain) < 100:
        chain.append(parent)
    points: list[CurvePoint] = []
    for one in reversed(chain):
        if "ap50" not in one.scores or "n_held_out" not in one.scores:
            continue
        n_scored = int(one.scores["n_held_out"])
        if not points:
            points.append(CurvePoint(0, one.scores["ap50_before"], n_scored))
        points.append(CurvePoint(one.training.n_objects, one.scores["ap50"], n_scored))
    return points
