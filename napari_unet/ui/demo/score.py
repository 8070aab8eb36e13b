"""How good the labels are on objects that nobody corrected: figures of the demo, measured against exact labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.scores import ObjectTally, tally_objects

HOW_SCORED = (
    "AP@0.5 = TP / (TP + FP + FN) of outlines in slices at IoU 0.5, pooled over all slices, by optimal matching with "
    "the exact labels. Left out are all cells, in every slice, that lie, in any slice, under a pixel that was drawn or "
    "reviewed, and predicted objects of which more than half lies there."
)


def touched_area(
    truth: npt.NDArray[Any], drawn: Sequence[int], reviewed: npt.NDArray[Any] | None
) -> npt.NDArray[np.bool_]:
    """Pixels (Y, X) that in any slice belong to a drawn cell (ids of `truth`, ZYX) or were reviewed (ZYX)."""
    touched = np.isin(truth, drawn)
    if reviewed is not None:
        touched |= reviewed != 0
    return np.asarray(touched.any(axis=0))


def score_untouched(
    truth: npt.NDArray[Any], labels: npt.NDArray[Any], touched: npt.NDArray[np.bool_]
) -> tuple[ObjectTally, int]:
    """Tally of the outlines (ZYX) away from `touched` (Y, X), and the number of cells that they belong to."""
    out = np.unique(truth[:, touched])
    tally = ObjectTally()
    for true_plane, plane in zip(truth, labels, strict=True):
        aside = touched | (np.isin(true_plane, out) & (true_plane > 0))
        total = np.bincount(plane.ravel())
        inside = np.bincount(plane[aside], minlength=total.size)
        dropped = np.flatnonzero(2 * inside > total)
        tally += tally_objects(
            np.where(np.isin(true_plane, out), 0, true_plane), np.where(np.isin(plane, dropped), 0, plane)
        )
    return tally, int(np.setdiff1d(np.unique(truth), np.append(out, 0)).size)
