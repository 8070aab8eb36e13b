"""What a model found, object by object, and how sure it is that another one finds more.

Two models are compared on the same held-out objects. Which objects a user happened to review is chance; how much of a
difference may be such chance is told by drawing the objects anew, with replacement, many times, the same draw for both
models (the paired bootstrap; Efron and Tibshirani 1993, chapter 16).

That trusts few objects too much: of five that all got better no draw is without a gain, and objects of one image go up
and down together. A wary comparison draws images anew and then their objects, and adds two objects that nobody saw, one
of them found by each model alone (Agresti and Coull, The American Statistician 52:119, 1998, do so for a share).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import KDTree

from napari_unet.labels.matching import match_objects, overlap_table
from napari_unet.labels.scores import THRESHOLDS

EvidenceKey = tuple[int, int]
"""Image and label of a reviewed object; an object in several slices has one. Label 0: nothing was there to find."""

_COLUMNS = len(THRESHOLDS) + 2  # hits by threshold, reviewed outlines, predicted outlines
_DRAWS = 2000
SURE = 0.9


@dataclass(frozen=True, eq=False)
class Evidence:
    """For each reviewed object of `keys`, how often it was found, was there and was predicted: `rows` (n, 11).

    A predicted outline that fits nothing counts with the object that it lies nearest to.
    """

    keys: tuple[EvidenceKey, ...]
    rows: npt.NDArray[np.int64]


@dataclass(frozen=True)
class Score:
    """Agreement with the reviewed ground truth on held-out objects, pooled over images.

    `n_objects` counts an object once in each plane. `ap50`, `ap75` are AP = TP / (TP + FP + FN) at IoU 0.5 and 0.75;
    `mean_ap` is the mean over 0.5:0.05:0.9. `evidence` is what was found object by object, where it was kept.
    """

    ap50: float
    ap75: float
    mean_ap: float
    n_objects: int
    evidence: Evidence | None = field(default=None, repr=False, compare=False)

    title = "AP@0.5"

    @property
    def main(self) -> float:
        """The number that is shown."""
        return self.ap50

    def compared_with(self, before: Score) -> dict[str, float]:
        """The numbers to be written down of a model whose parent scored `before`."""
        mine = {"ap50": self.ap50, "mean_ap": self.mean_ap}
        return mine | {"ap50_before": before.ap50, "mean_ap_before": before.mean_ap}

    def figures(self) -> dict[str, float]:
        """The numbers alone, to be written down."""
        return {"ap50": self.ap50, "ap75": self.ap75, "mean_ap": self.mean_ap, "n_objects": self.n_objects}


@dataclass(frozen=True)
class ScoreDifference:
    """A difference in score between two models: as measured, from `low` to `high` where chance alone could put it.

    `chance` is how often, of objects drawn anew, the second model is better. `n_objects` is how many there were.
    """

    difference: float
    low: float
    high: float
    chance: float
    n_objects: int

    @property
    def is_sure_gain(self) -> bool:
        return self.difference > 1e-6 and self.chance >= SURE

    @property
    def is_sure_loss(self) -> bool:
        return self.high < -1e-6

    @property
    def is_gain(self) -> bool:
        return self.difference > 1e-6


def collect_evidence(truth: npt.NDArray[Any], predicted: npt.NDArray[Any], image: int = 0) -> Evidence:
    """Compare two label arrays (Y, X) of the image of number `image`."""
    labels = [int(label) for label in np.unique(truth) if label > 0] or [0]
    row = {label: number for number, label in enumerate(labels)}
    rows = np.zeros((len(labels), _COLUMNS), np.int64)
    rows[:, -2] = labels != [0]
    table = overlap_table(truth, predicted)
    for column, threshold in enumerate(THRESHOLDS):
        for label, _ in match_objects(table, threshold):
            rows[row[int(label)], column] = 1
    for label in _owners(truth, predicted, labels):
        rows[row[label], -1] += 1
    return Evidence(tuple((image, label) for label in labels), rows)


def _owners(truth: npt.NDArray[Any], predicted: npt.NDArray[Any], labels: list[int]) -> list[int]:
    """For each predicted object the reviewed one that it fits best, or else lies nearest to."""
    found = [int(label) for label in np.unique(predicted) if label > 0]
    if not found or labels == [0]:
        return [0] * len(found)
    table = overlap_table(truth, predicted)
    best = {int(table.predicted[i]): int(table.truth[i]) for i in np.argsort(table.iou)}  # the last one wins
    centers = np.array(ndimage.center_of_mass(truth > 0, truth, labels))
    tree = KDTree(centers)
    lost = [label for label in found if label not in best]
    if lost:
        nearest = tree.query(np.array(ndimage.center_of_mass(predicted > 0, predicted, lost)))[1]
        best |= {label: labels[int(at)] for label, at in zip(lost, np.atleast_1d(nearest), strict=True)}
    return [best[label] for label in found]


def compare_evidence(
    before: Evidence, after: Evidence, draws: int = _DRAWS, seed: int = 0, wary: bool = False
) -> ScoreDifference:
    """How much better `after` is than `before`, on the same objects, and how sure that is.

    `wary` is for who tells it to a person: few objects, and objects of few images, are trusted less.
    """
    order = {key: number for number, key in enumerate(before.keys)}
    first, second = before.rows, np.zeros_like(before.rows)
    second[[order[key] for key in after.keys]] = after.rows
    measured = float((_rank(second.sum(axis=0)[None]) - _rank(first.sum(axis=0)[None]))[0])
    generator = np.random.default_rng(seed)
    n = len(before.keys)
    if wary:
        weights = _draw_images_first([image for image, _ in before.keys], draws, generator)
        first, second = (
            np.concatenate([rows, more]) for rows, more in zip((first, second), _unseen(first), strict=True)
        )
    else:
        weights = generator.multinomial(n, np.full(n, 1 / n), size=draws)
    differences = _rank(weights @ second) - _rank(weights @ first)
    low, high = (float(value) for value in np.quantile(differences, [1 - SURE, SURE]))
    n_objects = sum(label > 0 for _, label in before.keys)
    return ScoreDifference(measured, low, high, float(np.mean(differences > 1e-9)), n_objects)


def _draw_images_first(images: Sequence[int], draws: int, generator: np.random.Generator) -> npt.NDArray[np.int64]:
    """How often each object is drawn (draws, objects + 2): as many images anew as there are, then objects of each.

    The last two are those that nobody saw.
    """
    names, home = np.unique(images, return_inverse=True)
    often = generator.multinomial(len(names), np.full(len(names), 1 / len(names)), size=draws)
    weights = np.zeros((draws, len(images) + 2), np.int64)
    for number in range(len(names)):
        mine = np.flatnonzero(home == number)
        weights[:, mine] = generator.multinomial(often[:, number] * len(mine), np.full(len(mine), 1 / len(mine)))
    weights[:, -2:] = generator.multinomial(2, [0.5, 0.5], size=draws)
    return weights


def _unseen(rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Two objects before and after, in as many planes as is usual: one is found before alone, one after alone."""
    there = rows[:, -2] > 0
    planes = max(1, round(float(rows[there, -2].mean()))) if there.any() else 1
    found, missed = np.full(_COLUMNS, planes), np.zeros(_COLUMNS, np.int64)
    missed[-2] = planes
    return np.stack([found, missed]), np.stack([missed, found])


def _rank(sums: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """What models are compared by, of sums (draws, 11): the mean of AP@0.5 and mean AP."""
    hits, either = sums[:, :-2], sums[:, -2:].sum(axis=1, keepdims=True) - sums[:, :-2]
    precision = np.where(either > 0, hits / np.maximum(either, 1), 1.0)
    mean: npt.NDArray[np.float64] = 0.5 * (precision[:, 0] + precision.mean(axis=1))
    return mean


def add_evidence(parts: Sequence[Evidence]) -> Evidence:
    """All of it, with one row for each object however many planes it runs through."""
    place: dict[EvidenceKey, int] = {}
    for part in parts:
        for key in part.keys:
            place.setdefault(key, len(place))
    rows = np.zeros((len(place), _COLUMNS), np.int64)
    for part in parts:
        np.add.at(rows, [place[key] for key in part.keys], part.rows)
    return Evidence(tuple(place), rows)
