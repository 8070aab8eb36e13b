"""What becomes of labels and corrections when an image is segmented again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.merging import keep_ids, merge_segmentation
from napari_unet.events import Finished
from napari_unet.labels.types import PlaneIndex
from napari_unet.segmentation.events import Segmentation


@dataclass(frozen=True, eq=False)
class Replacement:
    """How labels change when an image is segmented again: per plane, where (rows, columns), from what and to what."""

    changes: list[tuple[PlaneIndex, tuple[npt.NDArray[Any], npt.NDArray[Any]], npt.NDArray[Any], npt.NDArray[Any]]]
    prediction: npt.NDArray[np.int32]
    n_kept: int


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


def _changes(before: npt.NDArray[Any], after: npt.NDArray[Any]) -> list[Any]:
    found = []
    for plane in np.ndindex(*before.shape[:-2]):
        where = np.nonzero(before[plane] != after[plane])
        if where[0].size:
            found.append((plane, where, before[plane][where], after[plane][where]))
    return found
