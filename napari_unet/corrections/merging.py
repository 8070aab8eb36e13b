"""Segmenting again without losing what a person did: corrected and reviewed objects stay, the rest is replaced."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import fastremap
import numpy as np
import numpy.typing as npt

from napari_unet.corrections.comparison import compare_labels
from napari_unet.labels.ids import free_ids, object_boxes, object_sizes, where_ids
from napari_unet.labels.types import Labels


@dataclass(frozen=True, eq=False)
class Merged:
    """New `labels` to show, the new `prediction` to compare them with, and how many objects were kept as they were."""

    labels: Labels
    prediction: Labels
    n_kept: int


def merge_segmentation(
    labels: npt.NDArray[Any],
    prediction: npt.NDArray[Any],
    new: npt.NDArray[Any],
    reviewed: npt.NDArray[Any] | None = None,
    first: int = 0,
) -> Merged:
    """Replace by `new` what nobody touched. All are integer arrays of one shape (YX or ZYX); `reviewed` counts as bool.

    Kept are objects that differ from `prediction`, objects that reach into the reviewed region, places where an object
    was removed, and reviewed background; of an object in a z-stack, the slices in which that is so. A new object that
    lies mostly on any of these is left out, others are cut; one that continues a kept object into other slices gets
    its id. Other new ids begin at `first`, or after the largest of `labels` if that is larger.
    """
    comparison = compare_labels(prediction, labels)
    seen = np.zeros(labels.shape, bool) if reviewed is None else np.asarray(reviewed) != 0
    if comparison.removed:
        seen |= where_ids(prediction, comparison.removed) & (labels == 0)
    kept = (comparison.changed | set(np.unique(labels[seen]).tolist())) - {0}
    protected = seen | _touched(labels, prediction, seen, kept)
    shifted = keep_ids(np.where(protected, 0, labels), new, first=max(first, int(labels.max(initial=0)) + 1))
    _continue_kept(shifted, np.where(protected & where_ids(labels, kept), labels, 0))
    covered = where_ids(shifted, _mostly_inside(shifted, protected))
    fresh = np.where(protected | covered, 0, shifted)
    return Merged(
        labels=np.where(protected, labels, fresh).astype(np.int32),
        prediction=np.where(covered, shifted, fresh).astype(np.int32),
        n_kept=len(kept),
    )


def _touched(
    labels: npt.NDArray[Any], prediction: npt.NDArray[Any], seen: npt.NDArray[np.bool_], kept: Iterable[int]
) -> npt.NDArray[np.bool_]:
    """Where the `kept` objects are, in the planes in which a person changed or reviewed them."""
    touched = np.zeros(labels.shape, bool)
    for z in np.ndindex(labels.shape[:-2]):
        here, said = labels[z], prediction[z]
        different = here != said
        around = different | seen[z] | where_ids(said, np.unique(said[different]))
        touched[z] = where_ids(here, set(np.unique(here[around]).tolist()).intersection(kept))
    return touched


def _continue_kept(new: Labels, kept: npt.NDArray[Any]) -> None:
    """Give, in place, an object of `new` the id of the `kept` one that it is in those slices (IoU above a half)."""
    if new.ndim < 3 or not kept.any():
        return
    boxes = object_boxes(new)
    sizes = object_sizes(kept)
    taken: dict[int, int] = {}
    for before, now, overlap in sorted(_overlaps(kept, new), key=lambda pair: -pair[2]):
        mine = kept[boxes[now]] == before
        slices = mine.any(axis=(-2, -1))
        area = int((new[boxes[now]][slices] == now).sum())
        if now not in taken and 2 * overlap > area + int(sizes[before]) - overlap:
            taken[now] = before
    for now, before in taken.items():
        part = new[boxes[now]]
        part[part == now] = before


def keep_ids(old: npt.NDArray[Any], new: npt.NDArray[Any], first: int) -> Labels:
    """`new` with the ids of `old` for objects that overlap by more than half (IoU), and ids from `first` on for others.

    Objects keep their colours on the screen when an image is segmented again.
    """
    old_areas, new_areas = object_sizes(old), np.bincount(new.ravel())
    ids = np.zeros(len(new_areas), np.int32)
    present = np.flatnonzero(new_areas[1:]) + 1
    ids[present] = free_ids(old_areas, first, len(present))
    for before, now, overlap in _overlaps(old, new):
        if 2 * overlap > old_areas[before] + new_areas[now] - overlap:
            ids[now] = before
    renumbered: Labels = ids[new]
    return renumbered


def _overlaps(old: npt.NDArray[Any], new: npt.NDArray[Any]) -> list[tuple[int, int, int]]:
    """(old id, new id, pixels) of each pair of objects that share pixels."""
    both = (old > 0) & (new > 0)
    codes = old[both].astype(np.int64) << 32 | new[both].astype(np.int64)
    pairs, counts = fastremap.unique(codes, return_counts=True)
    return [(int(pair >> 32), int(pair & 0xFFFFFFFF), int(n)) for pair, n in zip(pairs, counts, strict=True)]


def _mostly_inside(labels: Labels, mask: npt.NDArray[np.bool_]) -> list[int]:
    """Ids of objects of which more than half lies inside `mask`."""
    total, inside = object_sizes(labels), object_sizes(labels[mask])
    return [key for key, count in inside.items() if 2 * count > total[key]]
