"""How labels in view change when the model has learned: where nobody reviewed or corrected, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.merging import merge_segmentation
from napari_unet.finetuning.live.feed import LiveView
from napari_unet.labels.types import Labels, Mask, PlaneBox


@dataclass(frozen=True, eq=False)
class Shown:
    """What a view shows, copied: labels (Y, X) of `box`, what the model had said there, and what nobody may change."""

    box: PlaneBox
    labels: Labels
    prediction: Labels
    spared: Mask
    first: int


def copy_view(view: LiveView, box: PlaneBox) -> Shown:
    """What is in rows and columns `box` of the plane of `view` now."""
    at: Any = (*view.plane, *box)
    labels, prediction = np.array(view.labels[at]), np.array(view.prediction[at])
    spared = labels != prediction
    if view.reviewed is not None:
        spared |= np.asarray(view.reviewed[at]) != 0
    if view.locked:
        spared |= np.isin(labels, list(view.locked))
    first = max(view.highest, int(view.labels.max()), int(view.prediction.max())) + 1
    return Shown(box, labels.astype(np.int32), prediction.astype(np.int32), spared, first)


def change_objects(shown: Shown, new: Labels, shape: tuple[int, int]) -> Labels:
    """The labels of `shown` with the objects of `new` (both Y, X) in place of those that nobody touched.

    An object that the edge of the box cuts, in a plane of `shape`, stays as it is: nobody knows where it ends.
    """
    sides = _open_sides(shown.box, shape)
    cut_old, cut_new = _cut_ids(shown.labels, sides), _cut_ids(new, sides)
    dropped = np.isin(new, cut_new)
    # What lies where an object is cut stays too: something has to be there.
    kept = np.isin(shown.labels, np.union1d(cut_old, np.unique(shown.labels[dropped & (shown.labels > 0)])))
    merged = merge_segmentation(
        shown.labels, shown.prediction, np.where(dropped, 0, new), shown.spared | (kept & (shown.labels > 0)),
        first=shown.first,
    )  # fmt: skip
    return merged.labels


def change_classes(shown: Shown, new: Labels) -> Labels:
    """The labels of `shown` with the values of `new` where nobody painted or reviewed."""
    return np.where(shown.spared, shown.labels, new).astype(np.int32)


def _open_sides(box: PlaneBox, shape: tuple[int, int]) -> tuple[bool, bool, bool, bool]:
    """Whether the plane goes on above, below, left and right of `box`."""
    rows, columns = box
    return rows.start > 0, rows.stop < shape[0], columns.start > 0, columns.stop < shape[1]


def _cut_ids(labels: npt.NDArray[Any], sides: tuple[bool, bool, bool, bool]) -> npt.NDArray[Any]:
    edges = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    parts = [edge for edge, is_open in zip(edges, sides, strict=True) if is_open]
    found = np.unique(np.concatenate(parts)) if parts else np.zeros(0, labels.dtype)
    return found[found > 0]
