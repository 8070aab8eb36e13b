"""Features of the examples as the ways to learn look at them."""

from __future__ import annotations

import numpy as np

from napari_unet.classification.choice.candidates import Candidate
from napari_unet.classification.choice.rules import Rule, fit_boosted, fit_logistic
from napari_unet.classification.object_features import MEASURED
from napari_unet.labels.types import Floats, Ints, Mask


class ExampleValues:
    """Features of the examples, standardized; families count alike, however many features they have.

    Parameters
    ----------
    rows : array
        (examples,) int64: which of all objects are examples.
    family : tuple of str
        Of each feature.
    everything : array
        (objects, features) float32: all objects tell how much a feature varies.
    """

    def __init__(self, rows: Ints, family: tuple[str, ...], everything: Floats) -> None:
        self._family = np.array(family)
        self._values = everything[rows]
        self.mean = everything.mean(axis=0)
        spread = everything.std(axis=0)
        self._spread = np.where(spread > 1e-6, spread, 1.0).astype(np.float32)

    def part(self, rows: Ints) -> ExampleValues:
        """The same of some of the examples."""
        other = object.__new__(ExampleValues)
        other._family, other.mean, other._spread = self._family, self.mean, self._spread
        other._values = self._values[rows]
        return other

    def has(self, candidate: Candidate) -> bool:
        """Whether there is a feature of each family that `candidate` is about."""
        return candidate.families == MEASURED or set(candidate.families) <= set(self._family.tolist())

    def columns(self, candidate: Candidate) -> Mask:
        """(features,) those that `candidate` looks at."""
        return np.isin(self._family, candidate.families)

    def spread_of(self, candidate: Candidate) -> Floats:
        """By what features are divided: those of a family together weigh as much as any other family."""
        taken = self.columns(candidate)
        family = self._family[taken]
        sizes = {name: int((family == name).sum()) for name in set(family.tolist())}
        share = np.array([sizes[name] * len(sizes) for name in family.tolist()], np.float32)
        return np.asarray(self._spread[taken] * np.sqrt(share), np.float32)

    def seen(self, candidate: Candidate) -> Floats:
        """(examples, features) as `candidate` looks at them."""
        taken = self.columns(candidate)
        if candidate.strength is None:
            return np.ascontiguousarray(self._values[:, taken])
        return np.asarray((self._values[:, taken] - self.mean[taken]) / self.spread_of(candidate), np.float32)

    def learn(self, candidate: Candidate, classes: Ints, rows: Ints) -> Rule:
        """What `candidate` learns from some of the examples."""
        values = self.seen(candidate)[rows]
        if candidate.strength is None:
            return fit_boosted(values, classes[rows])
        return fit_logistic(values, classes[rows], candidate.strength)
