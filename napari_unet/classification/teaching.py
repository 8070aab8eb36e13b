"""A classifier learned from examples: which kind of one, and from which features, is settled by cross-validation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from napari_unet.classification.classifier import Classifier, ClassifierScore
from napari_unet.classification.object_features import MEASURED, NETWORK, ObjectFeatures, ObjectKey, families
from napari_unet.classification.trees import Trees, trees_of
from napari_unet.errors import UserError
from napari_unet.labels.types import Array, Floats, Ints, Mask

_FEW = 2  # examples of a class that are needed
_FOLDS = 5
_QUICK = 2  # folds for a choice that is made anew for each of the held-out parts
_BOOSTED_FROM = 6  # examples of each class
_SEED = 0


@dataclass(frozen=True)
class Candidate:
    """A way to learn: from which families of features, and how (`strength` None: boosted trees)."""

    families: tuple[str, ...]
    strength: float | None

    @property
    def method(self) -> str:
        what = "what the network sees, shape, grey values and texture" if NETWORK in self.families else (
            "shape, grey values and texture"
        )  # fmt: skip
        return f"{'boosted trees' if self.strength is None else 'logistic regression'} on {what}"


_EVERYTHING = (*MEASURED, NETWORK)
CANDIDATES = (
    Candidate(MEASURED, 5.0), Candidate(MEASURED, 100.0), Candidate(_EVERYTHING, 5.0), Candidate(_EVERYTHING, 100.0),
    Candidate(MEASURED, None),
)  # fmt: skip


def learn_classes(
    features: ObjectFeatures,
    examples: Mapping[ObjectKey, int],
    class_names: Sequence[str],
    model_name: str = "",
    candidates: Sequence[Candidate] = CANDIDATES,
) -> Classifier:
    """A classifier from `examples`: the class (place in `class_names`) of some of the objects.

    All objects, not the examples alone, tell how much a feature varies.

    Raises
    ------
    UserError
        If there are fewer than two classes with two examples each.
    """
    values, classes, present = _gather(features, examples, class_names)
    table = _ExampleValues(values, families(features.names), features.values)
    chosen = choose_classifier(table, classes, _possible(candidates, table, classes))
    rule = table.learn(chosen, classes, np.arange(len(classes)))
    counts = tuple(int((classes == place).sum()) for place in range(len(present)))
    columns = table.columns(chosen)
    names = tuple(name for name, taken in zip(features.names, columns, strict=True) if taken)
    return Classifier(
        tuple(class_names[place] for place in present), names,
        table.mean[columns], table.spread_of(chosen), rule.weights, rule.bias, rule.trees, chosen.method,
        features.network if NETWORK in chosen.families and features.network else "", model_name, counts,
    )  # fmt: skip


def score_classes(
    features: ObjectFeatures,
    examples: Mapping[ObjectKey, int],
    class_names: Sequence[str],
    candidates: Sequence[Candidate] = CANDIDATES,
) -> ClassifierScore | None:
    """How often examples that were held out are found right; the way to learn is chosen without them, too.

    None where a class has too few examples to hold any out.
    """
    values, classes, present = _gather(features, examples, class_names)
    table = _ExampleValues(values, families(features.names), features.values)
    confusion = np.zeros((len(present), len(present)), np.int64)
    for learn, hold in _folds(classes):
        rest = table.part(learn)
        chosen = choose_classifier(rest, classes[learn], _possible(candidates, rest, classes[learn]), _QUICK)
        found = table.learn(chosen, classes, learn).probabilities(table.seen(chosen)[hold]).argmax(axis=1)
        np.add.at(confusion, (classes[hold], found), 1)
    return ClassifierScore(confusion) if confusion.any() else None


def least_sure(probabilities: Array) -> Ints:
    """Rows, the least sure first: those of which the two likeliest classes are closest."""
    ordered = np.sort(probabilities, axis=1)
    return np.argsort(ordered[:, -1] - ordered[:, -2], kind="stable").astype(np.int64)


def _gather(
    features: ObjectFeatures, examples: Mapping[ObjectKey, int], class_names: Sequence[str]
) -> tuple[Ints, Ints, list[int]]:
    """Rows of the examples that are there, their classes counted anew, and which of `class_names` these are."""
    rows = features.rows_of(list(examples))
    classes = np.array(list(examples.values()), np.int64)[rows >= 0]
    counts = np.bincount(classes, minlength=len(class_names))
    present = [int(place) for place in np.flatnonzero(counts)]
    weak = [class_names[place] for place in present if counts[place] < _FEW]
    if len(present) < 2:
        raise UserError("Give a class to a few objects of two classes at least: there is nothing to tell apart yet.")
    if weak:
        raise UserError(f"Give the class {weak[0]} to one more object: one alone says little of a class.")
    return rows[rows >= 0], np.searchsorted(present, classes), present


def _possible(candidates: Sequence[Candidate], table: _ExampleValues, classes: Ints) -> list[Candidate]:
    """Those that have features to look at, and examples enough."""
    enough = np.bincount(classes).min() >= _BOOSTED_FROM
    known = [one for one in candidates if (one.strength is not None or enough) and table.has(one)]
    return known or [Candidate(MEASURED, 1.0)]


def choose_classifier(
    table: _ExampleValues, classes: Ints, candidates: Sequence[Candidate], n_folds: int = _FOLDS
) -> Candidate:
    """The candidate whose probabilities of held-out examples are best (mean log loss, each class counting alike)."""
    folds = list(_folds(classes, n_folds))
    if len(candidates) == 1 or not folds:
        return candidates[-1] if not folds and len(candidates) > 1 else candidates[0]
    losses = []
    for candidate in candidates:
        seen = table.seen(candidate)
        loss = np.zeros(len(classes))
        for learn, hold in folds:
            found = table.learn(candidate, classes, learn).probabilities(seen[hold])
            loss[hold] = -np.log(np.maximum(found[np.arange(len(hold)), classes[hold]], 1e-6))
        losses.append(np.mean([loss[classes == place].mean() for place in np.unique(classes)]))
    return candidates[int(np.argmin(losses))]


def _folds(classes: Ints, most: int = _FOLDS) -> Iterator[tuple[Ints, Ints]]:
    from sklearn.model_selection import StratifiedKFold

    n = min(most, int(np.bincount(classes).min()))
    if n >= 2:
        splits = StratifiedKFold(n, shuffle=True, random_state=_SEED).split(np.zeros(len(classes)), classes)
        yield from ((learn, hold) for learn, hold in splits if np.bincount(classes[learn]).min() > 0)


@dataclass(frozen=True, eq=False)
class _Rule:
    weights: Floats | None = None
    bias: Floats | None = None
    trees: Trees | None = None

    def probabilities(self, seen: Floats) -> Floats:
        """Of values as `_Table.seen` gives them."""
        n = seen.shape[1]
        names = tuple(str(number) for number in range(n))
        plain = np.zeros(n, np.float32), np.ones(n, np.float32)
        rule = Classifier(("",), names, *plain, self.weights, self.bias, self.trees)
        return rule.probabilities(ObjectFeatures(np.zeros((len(seen), 2), np.int64), seen, names))


class _ExampleValues:
    """Features of the examples, standardized; families count alike, however many features they have."""

    def __init__(self, rows: Ints, family: tuple[str, ...], everything: Floats) -> None:
        self._family = np.array(family)
        self._values = everything[rows]
        self.mean = everything.mean(axis=0)
        spread = everything.std(axis=0)
        self._spread = np.where(spread > 1e-6, spread, 1.0).astype(np.float32)

    def part(self, rows: Ints) -> _ExampleValues:
        """The same of some of the examples."""
        other = object.__new__(_ExampleValues)
        other._family, other.mean, other._spread = self._family, self.mean, self._spread
        other._values = self._values[rows]
        return other

    def has(self, candidate: Candidate) -> bool:
        """Whether there is a feature of each family that `candidate` is about."""
        return candidate.families == MEASURED or set(candidate.families) <= set(self._family.tolist())

    def columns(self, candidate: Candidate) -> Mask:
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

    def learn(self, candidate: Candidate, classes: Ints, rows: Ints) -> _Rule:
        """What `candidate` learns from some of the examples."""
        learner: Callable[..., _Rule] = _learn_boosted if candidate.strength is None else _learn_linear
        return learner(self.seen(candidate)[rows], classes[rows], candidate.strength)


def _learn_linear(values: Floats, classes: Ints, strength: float) -> _Rule:
    """Logistic regression in the space that the examples span: the same weights, found the sooner."""
    from sklearn.linear_model import LogisticRegression

    mean = values.mean(axis=0)
    _, _, basis = np.linalg.svd(values - mean, full_matrices=False)
    learner = LogisticRegression(C=strength, class_weight="balanced", max_iter=200, tol=1e-3)
    learner.fit((values - mean) @ basis.T, classes)
    weights = learner.coef_ @ basis
    bias = learner.intercept_ - weights @ mean
    if len(weights) == 1:
        weights, bias = np.concatenate([0 * weights, weights]), np.append(0, bias)
    return _Rule(np.asarray(weights, np.float32), np.asarray(bias, np.float32))


def _learn_boosted(values: Floats, classes: Ints, strength: None) -> _Rule:
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.utils.class_weight import compute_sample_weight

    learner = GradientBoostingClassifier(
        n_estimators=30, learning_rate=0.2, max_depth=2, subsample=0.8, random_state=_SEED
    )
    learner.fit(values, classes, compute_sample_weight("balanced", classes))
    return _Rule(trees=trees_of(learner))
