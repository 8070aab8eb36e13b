"""What becomes of labels and corrections when an image is segmented again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.merging import keep_ids, merge_segmentation
from napari_unet.corrections.replacing import PlaneLabels, Replacing, plan_replacing
from napari_unet.events import Finished, StopFlag
from napari_unet.labels.types import PlaneIndex
from napari_unet.project.storage.tiles import copy_array
from napari_unet.segmentation.blocks.events import StageStep
from napari_unet.segmentation.events import Segmentation

MOST_UNDONE = 2**25
"""Pixels that may change for it to be one step that can be undone, in memory: 16 bytes each."""


@dataclass(frozen=True, eq=False)
class Replacement:
    """How labels change when an image is segmented again: per plane, where (rows, columns), from what and to what."""

    changes: list[tuple[PlaneIndex, tuple[npt.NDArray[Any], npt.NDArray[Any]], npt.NDArray[Any], npt.NDArray[Any]]]
    prediction: npt.NDArray[np.int32]
    n_kept: int
    written: bool = False
    """Whether more changes than can be undone: then these are none, and all was handed out as `RewrittenBand`."""


@dataclass(frozen=True, eq=False)
class RewrittenBand:
    """Rows of a plane as they are from now on; `labels` lie where they came from."""

    plane: PlaneIndex
    rows: slice
    labels: npt.NDArray[np.int32]


def replacement_steps(
    labels: npt.NDArray[Any],
    prediction: npt.NDArray[np.int32],
    reviewed: npt.NDArray[Any] | None,
    result: Segmentation,
    keep: bool,
) -> Iterator[Finished[Replacement]]:
    """Work out, in the background, what segmenting again changes. Arrays have the axes of `result`."""
    merged, predicted, n_kept = labels.astype(np.int32), prediction.copy(), 0
    # An id is one object through Z and another one in each frame.
    n_frames_axes = 1 if result.axes.startswith("T") else 0
    for frame in np.ndindex(*labels.shape[:n_frames_axes]):
        done = result.done[frame]
        planes = done if done.ndim else ...
        if not np.any(done):
            continue
        new = result.labels[frame][planes]
        first = int(labels[frame].max(initial=0)) + 1
        if keep:
            seen = None if reviewed is None else reviewed[frame][planes]
            part = merge_segmentation(labels[frame][planes], prediction[frame][planes], new, seen, first)
            merged[frame][planes], predicted[frame][planes] = part.labels, part.prediction
            n_kept += part.n_kept
        else:
            merged[frame][planes] = predicted[frame][planes] = keep_ids(labels[frame][planes], new, first)
    yield Finished(Replacement(_changes(labels, merged), predicted, n_kept))


Again = tuple[PlaneIndex, Replacing]


def replacement_in_bands(
    labels: npt.NDArray[Any], prediction: npt.NDArray[np.int32], reviewed: npt.NDArray[Any] | None,
    locked: frozenset[int], result: Segmentation, keep: bool, predicted: npt.NDArray[np.int32], stop: StopFlag,
) -> Iterator[StageStep | RewrittenBand | Finished[Replacement]]:  # fmt: skip
    """The same for planes that lie on the disk, of which a band is in memory at a time.

    Nobody writes to these arrays meanwhile; `predicted`, empty as yet, becomes the new prediction. Where more pixels
    change than can be undone, the labels of `result` become those to be shown. After a `stop`, before anything has
    changed, there is no end.
    """
    planes = [(index, PlaneLabels(labels[index], prediction[index], result.labels[index],
               None if reviewed is None else reviewed[index], locked if keep else frozenset()))
              for index in np.ndindex(*labels.shape[:-2])]  # fmt: skip
    readings = [plane.count_readings(keep) if result.done[index] else 0 for index, plane in planes]
    done, plans = 0, list[Again]()
    for index, plane in planes:
        if not result.done[index]:
            copy_array(prediction[index], predicted[index])
            continue
        steps = plan_replacing(plane, keep)
        while True:
            try:
                next(steps)
            except StopIteration as end:
                plans.append((index, end.value))
                break
            if stop.requested:
                return
            done += 1
            yield StageStep("merge", done, sum(readings))
    changes = _few_changes(plans, predicted)
    if changes is None:
        yield from _rewrite(plans, predicted, result.labels)
    n_kept = sum(plan.n_kept for _, plan in plans)
    yield Finished(Replacement(changes or [], predicted, n_kept, written=changes is None))


def _few_changes(plans: list[Again], predicted: npt.NDArray[np.int32]) -> list[Any] | None:
    """What changes, band by band, and the new prediction; None if that is more than can be undone."""
    found, total = list[Any](), 0
    for plane, plan in plans:
        for band in plan.bands():
            predicted[plane][band.rows] = band.prediction
            where = np.nonzero(band.before != band.labels)
            total += where[0].size
            if total > MOST_UNDONE:
                return None
            if where[0].size:
                places = (where[0] + band.rows.start).astype(np.int32), where[1].astype(np.int32)
                found.append((plane, places, band.before[where], band.labels[where]))
    return found


def _rewrite(
    plans: list[Again], predicted: npt.NDArray[np.int32], into: npt.NDArray[np.int32]
) -> Iterator[RewrittenBand]:
    """All bands, the labels of each in place of what was found there."""
    for plane, plan in plans:
        for band in plan.bands():
            predicted[plane][band.rows] = band.prediction
            into[plane][band.rows] = band.labels
            yield RewrittenBand(plane, band.rows, into[plane][band.rows])


def _changes(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> list[Any]:
    found = []
    for plane in np.ndindex(*before.shape[:-2]):
        where = np.nonzero(before[plane] != after[plane])
        if where[0].size:
            found.append((plane, where, before[plane][where], after[plane][where]))
    return found
