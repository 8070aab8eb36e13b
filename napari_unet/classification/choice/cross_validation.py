"""Examples are held out in turn, and foretold by what is learned from the others: the best way to learn wins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from napari_unet.classification.choice.candidates import Candidate
from napari_unet.classification.choice.example_values import ExampleValues
from napari_unet.classification.object_features import MEASURED
from napari_unet.labels.types import Ints

MOST_FOLDS = 5
_BOOSTED_FROM = 6  # examples of each class
_SEED = 0


def possible_ways(candidates: Sequence[Candidate], table: ExampleValues, classes: Ints) -> list[Candidate]:
    """Those that have features to look at, and examples enough."""
    enough = np.bincount(classes).min() >= _BOOSTED_FROM
    known = [one for one in candidates if (one.strength is not None or enough) and table.has(one)]
    return known or [Candidate(MEASURED, 1.0)]


def choose_way(
    table: ExampleValues, classes: Ints, candidates: Sequence[Candidate], n_folds: int = MOST_FOLDS
) -> Candidate:
    """The candidate whose probabilities of held-out examples are best (mean log loss, each class counting alike)."""
    folds = list(split_folds(classes, n_folds))
    if len(candidates) == 1 or not folds:
        return candidates[-1] if not folds and len(candidates) > 1 else candidates[0]
    losses = [_held_out_loss(table, classes, candidate, folds) for candidate in candidates]
    return candidates[int(np.argmin(losses))]


def split_folds(classes: Ints, most: int = MOST_FOLDS) -> Iterator[tuple[Ints, Ints]]:
    """Examples to learn from and to hold out, in turn; none where a class has too few of them."""
    from sklearn.model_selection import StratifiedKFold

    n = min(most, int(np.bincount(classes).min()))
    if n >= 2:
        splits = StratifiedKFold(n, shuffle=True, random_state=_SEED).split(np.zeros(len(classes)), classes)
        yield from ((learn, hold) for learn, hold in splits if np.bincount(classes[learn]).min() > 0)


def _held_out_loss(
    table: ExampleValues, classes: Ints, candidate: Candidate, folds: Sequence[tuple[Ints, Ints]]
) -> float:
    seen = table.seen(candidate)
    loss = np.zeros(len(classes))
    for learn, hold in folds:
        found = table.learn(candidate, classes, learn).probabilities(seen[hold])
        loss[hold] = -np.log(np.maximum(found[np.arange(len(hold)), classes[hold]], 1e-6))
    return float(np.mean([loss[classes == place].mean() for place in np.unique(classes)]))
