"""Objects of a time-lapse that touch in some frames and are taken for one there, told apart by the frames around."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.segmentation import watershed  # type: ignore[attr-defined,unused-ignore]

from napari_unet.labels.ids import object_boxes
from napari_unet.labels.types import Box

_FARTHEST = 5  # frames on, in which objects may come apart again
_WITHIN = 0.5  # share of an object that lies where the merged one is
_SAME = 0.25  # IoU of an object before the merged one and of the same after it, at least


def part_merged(frames: npt.NDArray[np.int32]) -> int:
    """Divide, in place, objects of `frames` (T, (Z,) Y, X) that were two or more before and are so again later.

    An object of a frame that covers most of several objects of the frame before, each of which is found again (at its
    place, within five frames) where the object is, is divided by a watershed from where these lie before and after.
    What divides for good was not several before; what was several objects and never is again stays. No pixel comes or
    goes. Frame by frame: those that were parted serve the next. Returns how many objects there are more.
    """
    more, known = 0, dict[int, list[tuple[int, Box, npt.NDArray[np.int64]]]]()
    for ahead in range(1, _FARTHEST + 1):  # the nearest frames know best
        for t in range(1, len(frames) - 1):
            if t not in known:
                known[t] = list(_covering(frames[t - 1], frames[t]))
            for label, box, before in known[t]:
                here = frames[t][box] == label
                for later in frames[t + 1 : t + ahead + 1]:
                    seeds = _seeds(here, frames[t - 1][box], before, later, box)
                    if seeds is not None:
                        more += _divide(frames[t], box, here, seeds)
                        known.pop(t + 1, None)
                        break
    return more


def _covering(
    before: npt.NDArray[np.int32], now: npt.NDArray[np.int32]
) -> Iterator[tuple[int, Box, npt.NDArray[np.int64]]]:
    """Objects of `now` that hold most of several objects of `before`: their ids, boxes, and the ids of those."""
    sizes = np.bincount(before.ravel())
    there = (before > 0) & (now > 0)
    pairs, shared = np.unique(
        before[there].astype(np.int64) * (int(now.max(initial=0)) + 1) + now[there], return_counts=True
    )
    held, holder = np.divmod(pairs, int(now.max(initial=0)) + 1)
    mostly = shared >= _WITHIN * sizes[held]
    several = np.flatnonzero(np.bincount(holder[mostly]) > 1)
    boxes = object_boxes(now) if several.size else {}
    for label in several.tolist():
        yield label, boxes[label], held[mostly & (holder == label)]


def _seeds(
    here: npt.NDArray[np.bool_], before: npt.NDArray[Any], ids: npt.NDArray[np.int64], later: npt.NDArray[Any], box: Box
) -> npt.NDArray[np.int32] | None:
    """Where those of the objects `ids` that are found again lie in an object (`here`, in its box), before and later.

    `before` is the frame before in the box, `later` a whole frame. None unless there are two.
    """
    after = later[box]
    seeds, taken = np.zeros(here.shape, np.int32), set[int]()
    for one in ids.tolist():
        was = before == one
        values, counts = np.unique(after[was], return_counts=True)
        again, shared = int(values[counts.argmax()]), int(counts.max())
        area = int(np.count_nonzero(later == again))
        inside = int(np.count_nonzero(here & (after == again)))
        both = here & was & (after == again)
        same = again > 0 and shared >= _SAME * (was.sum() + area - shared) and inside >= _WITHIN * area
        if same and again not in taken and both.any():
            taken.add(again)
            seeds[both] = len(taken)
    return seeds if len(taken) > 1 else None


def _divide(frame: npt.NDArray[np.int32], box: Box, here: npt.NDArray[np.bool_], seeds: npt.NDArray[np.int32]) -> int:
    """Give all but the first of the parts that grow from `seeds` an id of their own; returns how many these are."""
    depth = ndimage.distance_transform_edt(np.pad(here, 1))[(slice(1, -1),) * here.ndim]
    parts = watershed(-depth, seeds, mask=here)
    first = int(frame.max()) - 1
    count = int(seeds.max())
    frame[box] = np.where(here & (parts > 1), parts + first, frame[box])
    return count - 1
