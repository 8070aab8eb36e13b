"""How well a model tells classes apart on the held-out part of what was reviewed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from napari_unet.heads.semantic.survey import CELL
from napari_unet.labels.evidence import SURE, Score, ScoreDifference
from napari_unet.labels.ids import count_values

_DRAWS = 1000
ConfusionTable = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassScore(Score):
    """Agreement with the reviewed classes, pixels of all images together.

    `mean_iou`, the mean of IoU = TP / (TP + FP + FN) over the classes that were painted, stands in the places of AP, so
    that what ranks scores ranks these. `dice` is 2 TP / (2 TP + FP + FN) by class name. `n_objects` is how many cells
    of `CELL` pixels hold reviewed pixels, and `cells` has for each of them, in order, right, predicted and reviewed
    pixels of every class (n, 3, classes).
    """

    dice: dict[str, float] = field(default_factory=dict)
    cells: ConfusionTable = field(default_factory=lambda: np.zeros((0, 3, 1), np.int64), repr=False, compare=False)
    title = "mean IoU"

    @property
    def mean_iou(self) -> float:
        return self.mean_ap

    def compared_with(self, before: Score) -> dict[str, float]:
        """The numbers to be written down of a model whose parent scored `before`."""
        return self.figures() | {"mean_iou_before": before.mean_ap}

    def figures(self) -> dict[str, float]:
        """The numbers alone, to be written down."""
        return {"mean_iou": self.mean_iou} | {f"dice_{name}": value for name, value in self.dice.items()}


def count_cells(
    truth: npt.NDArray[np.int32], predicted: npt.NDArray[np.int32], region: npt.NDArray[np.bool_], n_classes: int
) -> ConfusionTable:
    """Right, predicted and reviewed pixels (n, 3, classes) of each cell of a YX plane in which something counts."""
    rows, columns = (np.arange(size) // CELL for size in truth.shape)
    cell = (rows[:, None] * (columns[-1] + 1) + columns)[region]
    _, cell = np.unique(cell, return_inverse=True)
    n = int(cell.max(initial=-1)) + 1
    true, said = truth[region], predicted[region]

    def count(values: npt.NDArray[np.int32], where: npt.NDArray[np.bool_]) -> ConfusionTable:
        flat = np.bincount(cell[where] * n_classes + values[where], minlength=n * n_classes)
        return flat.reshape(n, n_classes).astype(np.int64)

    everywhere = np.ones_like(true, bool)
    return np.stack([count(true, true == said), count(said, everywhere), count(true, everywhere)], axis=1)


def pool_cells(cells: ConfusionTable, class_names: Sequence[str]) -> ClassScore:
    """The score of all cells together."""
    right, said, true = cells.sum(axis=0)
    painted = np.flatnonzero(true > 0)
    dice = {class_names[i]: round(float(2 * right[i] / (said[i] + true[i])), 4) for i in map(int, painted)}
    mean_iou = float(_mean_iou(cells.sum(axis=0)[None])[0])
    return ClassScore(mean_iou, mean_iou, mean_iou, len(cells), None, dice, cells)


def compare_classes(before: ClassScore, after: ClassScore, seed: int = 0) -> ScoreDifference:
    """How much better `after` is, and how sure that is: cells are drawn anew, the same for both (paired bootstrap)."""
    n = len(before.cells)
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=_DRAWS)
    sums = [np.tensordot(weights, one.cells, axes=1) for one in (before, after)]
    differences = _mean_iou(sums[1]) - _mean_iou(sums[0])
    low, high = (float(value) for value in np.quantile(differences, [1 - SURE, SURE]))
    return ScoreDifference(after.mean_iou - before.mean_iou, low, high, float(np.mean(differences > 1e-9)), n)


def _mean_iou(sums: ConfusionTable) -> npt.NDArray[np.float64]:
    """Mean IoU of (draws, 3, classes), over the classes that were painted."""
    right, said, true = sums[:, 0], sums[:, 1], sums[:, 2]
    iou = right / np.maximum(said + true - right, 1)
    painted = true > 0
    mean: npt.NDArray[np.float64] = (iou * painted).sum(axis=1) / np.maximum(painted.sum(axis=1), 1)
    return mean


@dataclass
class ClassTally:
    """Right, predicted and true pixels of every class (3, classes) of whole images; tallies add up."""

    counts: ConfusionTable
    class_names: tuple[str, ...]
    title = "mean IoU"

    @classmethod
    def of(cls, truth: npt.NDArray[np.int32], found: npt.NDArray[np.int32], class_names: Sequence[str]) -> ClassTally:
        """Compare two label arrays of one shape."""
        n = len(class_names)
        true, said = np.asarray(truth).ravel(), np.asarray(found).ravel()
        columns = [count_values(values, n) for values in (true[true == said], said, true)]
        return cls(np.stack(columns).astype(np.int64), tuple(class_names))

    def __add__(self, other: ClassTally) -> ClassTally:
        return ClassTally(self.counts + other.counts, self.class_names)

    @property
    def main(self) -> float:
        return float(_mean_iou(self.counts[None])[0])

    def figures(self) -> dict[str, float]:
        """Mean IoU, and Dice by class."""
        right, said, true = self.counts
        seen = [i for i in range(len(self.class_names)) if true[i]]
        dice = {f"dice_{self.class_names[i]}": round(float(2 * right[i] / (said[i] + true[i])), 4) for i in seen}
        return {"mean_iou": round(self.main, 4)} | dice
