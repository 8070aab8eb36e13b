"""Average precision, pooled over images: AP = TP / (TP + FP + FN) at a threshold on IoU, as in StarDist's paper."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.ids import compact_ids
from napari_unet.labels.matching import count_objects, match_objects, overlap_table

THRESHOLDS = tuple(round(0.5 + 0.05 * i, 2) for i in range(9))
"""0.5, 0.55, ... 0.9: what `mean_ap` is the mean over."""


@dataclass
class ObjectTally:
    """True positives at each threshold, and the objects on both sides; tallies of images add up."""

    true_positives: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(len(THRESHOLDS), np.int64))
    n_truth: int = 0
    n_predicted: int = 0
    title = "AP@0.5"

    def __add__(self, other: ObjectTally) -> ObjectTally:
        return ObjectTally(
            self.true_positives + other.true_positives,
            self.n_truth + other.n_truth,
            self.n_predicted + other.n_predicted,
        )

    def average_precision(self) -> dict[float, float]:
        """AP by threshold; nothing to find and nothing found counts as 1."""
        either = self.n_truth + self.n_predicted - self.true_positives
        return {
            t: float(tp / n) if n else 1.0 for t, tp, n in zip(THRESHOLDS, self.true_positives, either, strict=True)
        }

    @property
    def main(self) -> float:
        """The number that is shown."""
        return self.average_precision()[0.5]

    def figures(self) -> dict[str, float]:
        """AP by threshold, and its mean."""
        return {f"ap{round(100 * t)}": ap for t, ap in self.average_precision().items()} | {"mean_ap": self.mean_ap}

    @property
    def mean_ap(self) -> float:
        """Mean AP over the thresholds."""
        return float(np.mean(list(self.average_precision().values())))


def tally_objects(truth: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> ObjectTally:
    """Tally of one image: two integer label arrays of one shape."""
    ((truth,), _), ((predicted,), _) = compact_ids([truth]), compact_ids([predicted])
    table = overlap_table(truth, predicted)
    hits = np.array([len(match_objects(table, threshold)) for threshold in THRESHOLDS], np.int64)
    return ObjectTally(hits, count_objects(truth), count_objects(predicted))


def average_precision(
    truths: Iterable[npt.NDArray[Any]], predictions: Iterable[npt.NDArray[Any]]
) -> dict[float, float]:
    """AP by threshold, pooled over pairs of label arrays."""
    pooled = sum((tally_objects(t, p) for t, p in zip(truths, predictions, strict=True)), ObjectTally())
    return pooled.average_precision()
