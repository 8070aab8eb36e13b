"""How many objects of a plane are found; those that the edge of what was reviewed cuts do not count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from napari_unet.heads.planes import HeldOutPlane
from napari_unet.labels.evidence import Evidence, Score, add_evidence, collect_evidence
from napari_unet.labels.regions import whole_objects
from napari_unet.labels.scores import ObjectTally, tally_objects


@dataclass(frozen=True, eq=False)
class ObjectPart:
    """One plane compared: how many were found, and which."""

    tally: ObjectTally
    evidence: Evidence


def whole_truth(plane: HeldOutPlane) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
    """The whole objects of a plane (Y, X), and where predictions count.

    What the region's edge cuts is not asked for, and finding it is no mistake.
    """
    if "whole" not in plane.memo:
        whole = [label for label, _, _ in whole_objects(plane.labels, plane.region)]
        truth = np.where(np.isin(plane.labels, whole), plane.labels, 0)
        plane.memo["whole"] = truth, plane.region & ((plane.labels == 0) | (truth > 0))
    return plane.memo["whole"]  # type: ignore[no-any-return]


def compare_objects(plane: HeldOutPlane, found: npt.NDArray[np.int32]) -> ObjectPart:
    """Compare the labels `found` (Y, X); those mostly outside of what was reviewed do not count.

    Of a volume each slice is compared that was reviewed.
    """
    if plane.region.ndim == 3:
        parts = [compare_objects(one, found[z]) for z, one in plane.slices]
        return ObjectPart(
            sum((one.tally for one in parts), ObjectTally()), add_evidence([one.evidence for one in parts])
        )
    truth, counts = whole_truth(plane)
    found = drop_uncounted(found, counts)
    return ObjectPart(tally_objects(truth, found), collect_evidence(truth, found, plane.image))


def pool_objects(parts: Sequence[ObjectPart]) -> Score:
    """The score of all planes together."""
    pooled = sum((part.tally for part in parts), ObjectTally())
    by_threshold = pooled.average_precision()
    evidence = add_evidence([part.evidence for part in parts])
    return Score(by_threshold[0.5], by_threshold[0.75], pooled.mean_ap, pooled.n_truth, evidence)


def drop_uncounted(predicted: npt.NDArray[np.int32], counts: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """`predicted` (Y, X) without the objects of which less than half lies where `counts`."""
    size = np.bincount(predicted.ravel())
    inside = np.bincount(predicted[counts], minlength=size.size)
    keep = 2 * inside >= size
    keep[0] = False
    return np.where(keep[predicted], predicted, 0)
