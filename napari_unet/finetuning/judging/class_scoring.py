"""How well a model tells classes apart on the held-out part of what was reviewed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from napari_unet.finetuning.material.class_survey import CELL
from napari_unet.labels.evidence import SURE, Change, Score
from napari_unet.learning.scoring import HeldOutPlane, predict_labels
from napari_unet.models.model import Model
from napari_unet.segmentation.predictor import Predictor

_DRAWS = 1000
Table = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ClassScore(Score):
    """Agreement with the reviewed classes, pixels of all images together.

    `mean_iou`, the mean of IoU = TP / (TP + FP + FN) over the classes that were painted, stands in the places of AP, so
    that what ranks scores ranks these. `dice` is 2 TP / (2 TP + FP + FN) by class name. `n_objects` is how many cells
    of `CELL` pixels hold reviewed pixels, and `cells` has for each of them, in order, right, predicted and reviewed
    pixels of every class (n, 3, classes).
    """

    dice: dict[str, float] = field(default_factory=dict)
    cells: Table = field(default_factory=lambda: np.zeros((0, 3, 1), np.int64), repr=False, compare=False)
    title = "mean IoU"

    @property
    def mean_iou(self) -> float:
        return self.mean_ap

    def figures(self) -> dict[str, float]:
        """The numbers alone, to be written down."""
        return {"mean_iou": self.mean_iou} | {f"dice_{name}": value for name, value in self.dice.items()}


def score_classes(
    model: Model, planes: Sequence[HeldOutPlane], device: str = "auto", enough: Callable[[], bool] = lambda: False
) -> tuple[ClassScore, int]:
    """Pooled score of `model` on the held-out planes, and on how many of them: until `enough()`, but at least one."""
    predictor = Predictor(model, device)
    cells: list[Table] = []
    for plane in planes:
        predicted = predict_labels(predictor, *plane.input_of(model.record), plane.diameter)
        cells.append(count_cells(plane.truth, predicted, plane.region, len(model.record.class_names)))
        if enough():
            break
    return pool_cells(np.concatenate(cells), model.record.class_names), len(cells)


def count_cells(
    truth: npt.NDArray[np.int32], predicted: npt.NDArray[np.int32], region: npt.NDArray[np.bool_], n_classes: int
) -> Table:
    """Right, predicted and reviewed pixels (n, 3, classes) of each cell of a YX plane in which something counts."""
    rows, columns = (np.arange(size) // CELL for size in truth.shape)
    cell = (rows[:, None] * (columns[-1] + 1) + columns)[region]
    _, cell = np.unique(cell, return_inverse=True)
    n = int(cell.max(initial=-1)) + 1
    true, said = truth[region], predicted[region]

    def count(values: npt.NDArray[np.int32], where: npt.NDArray[np.bool_]) -> Table:
        flat = np.bincount(cell[where] * n_classes + values[where], minlength=n * n_classes)
        return flat.reshape(n, n_classes).astype(np.int64)

    everywhere = np.ones_like(true, bool)
    return np.stack([count(true, true == said), count(said, everywhere), count(true, everywhere)], axis=1)


def pool_cells(cells: Table, class_names: Sequence[str]) -> ClassScore:
    """The score of all cells together."""
    right, said, true = cells.sum(axis=0)
    painted = np.flatnonzero(true > 0)
    dice = {class_names[i]: round(float(2 * right[i] / (said[i] + true[i])), 4) for i in map(int, painted)}
    mean_iou = float(_mean_iou(cells.sum(axis=0)[None])[0])
    return ClassScore(mean_iou, mean_iou, mean_iou, len(cells), None, dice, cells)


def compare_classes(before: ClassScore, after: ClassScore, seed: int = 0) -> Change:
    """How much better `after` is, and how sure that is: cells are drawn anew, the same for both (paired bootstrap)."""
    n = len(before.cells)
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=_DRAWS)
    sums = [np.tensordot(weights, one.cells, axes=1) for one in (before, after)]
    differences = _mean_iou(sums[1]) - _mean_iou(sums[0])
    low, high = (float(value) for value in np.quantile(differences, [1 - SURE, SURE]))
    return Change(after.mean_iou - before.mean_iou, low, high, float(np.mean(differences > 1e-9)), n)


def _mean_iou(sums: Table) -> npt.NDArray[np.float64]:
    """Mean IoU of (draws, 3, classes), over the classes that were painted."""
    right, said, true = sums[:, 0], sums[:, 1], sums[:, 2]
    iou = right / np.maximum(said + true - right, 1)
    painted = true > 0
    mean: npt.NDArray[np.float64] = (iou * painted).sum(axis=1) / np.maximum(painted.sum(axis=1), 1)
    return mean
