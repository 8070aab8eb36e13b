"""A classifier learned from examples: which kind of one, and from which features, is settled by cross-validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from napari_unet.classification.choice.candidates import CANDIDATES, Candidate
from napari_unet.classification.choice.cross_validation import choose_way, possible_ways, split_folds
from napari_unet.classification.choice.example_values import ExampleValues
from napari_unet.classification.classifier import Classifier, ClassifierScore
from napari_unet.classification.object_features import NETWORK, ObjectFeatures, ObjectKey, families
from napari_unet.errors import UserError
from napari_unet.events import StopFlag
from napari_unet.labels.types import Array, Ints

_FEW = 2  # examples of a class that are needed
_QUICK = 2  # folds for a choice that is made anew for each of the held-out parts


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
    table = ExampleValues(values, families(features.names), features.values)
    chosen = choose_way(table, classes, possible_ways(candidates, table, classes))
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
    stop: StopFlag | None = None,
) -> ClassifierScore | None:
    """How often examples that were held out are found right; the way to learn is chosen without them, too.

    None where a class has too few examples to hold any out, and if it is stopped.
    """
    values, classes, present = _gather(features, examples, class_names)
    table = ExampleValues(values, families(features.names), features.values)
    confusion = np.zeros((len(present), len(present)), np.int64)
    for learn, hold in split_folds(classes):
        if stop is not None and stop.requested:
            return None
        rest = table.part(learn)
        chosen = choose_way(rest, classes[learn], possible_ways(candidates, rest, classes[learn]), _QUICK)
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
