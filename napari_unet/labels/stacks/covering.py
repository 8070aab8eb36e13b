"""Objects of a frame that cover several of the frame before, and how they are divided."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.segmentation import watershed  # type: ignore[attr-defined,unused-ignore]

from napari_unet.labels.ids import object_boxes
from napari_unet.labels.stacks.frames import Frames, FrameSizes, Ids
from napari_unet.labels.types import Box

_WITHIN = 0.5  # share of an object that lies where the one that covers it is


@dataclass(frozen=True, eq=False)
class Covering:
    """An object of a frame, its box, and the ids of those of the frame before that it covers, as they come in the box.

    So what is made of them does not hang on how objects are numbered.
    """

    label: int
    box: Box
    held: Ids


def find_covering(frames: Frames, t: int, sizes: FrameSizes) -> list[Covering]:
    """Objects of frame `t` that hold most of several objects of the frame before."""
    pairs, shared = _shared_pixels(frames, t)
    if not shared.size:
        return []
    mostly = shared >= _WITHIN * sizes.of(t - 1, pairs[:, 0])
    holders, counts = np.unique(pairs[mostly, 1], return_counts=True)
    several = holders[counts > 1]
    boxes = _boxes(frames, t, several)
    found = []
    for one in several.tolist():
        held = pairs[mostly & (pairs[:, 1] == one), 0]
        ids, first = np.unique(frames.read(t - 1, boxes[one]), return_index=True)
        found.append(Covering(one, boxes[one], held[np.argsort(first[np.searchsorted(ids, held)])]))
    return found


def part_covering(
    frames: Frames, first: int, part: Callable[[Frames, int, Covering, FrameSizes], int]
) -> Iterator[int]:
    """Have `part` divide what may be several objects, frame by frame from `first` on: those parted serve the next.

    `part` returns how many objects there are more for one of them; yields how many in each frame.
    """
    sizes = FrameSizes(frames, most=3)
    for t in range(first, frames.shape[0]):
        more = 0
        for one in find_covering(frames, t, sizes):
            parts = part(frames, t, one, sizes)
            if parts:
                sizes.forget(t)
            more += parts
        yield more


def _shared_pixels(frames: Frames, t: int) -> tuple[Ids, Ids]:
    """Pairs (n, 2) of ids, in frame `t` - 1 and in frame `t`, that lie at the same pixels, and at how many (n,)."""
    found, counts = [np.zeros((0, 2), np.int64)], [np.zeros(0, np.int64)]
    for part in frames.parts(t):
        before, now = frames.read(t - 1, part), frames.read(t, part)
        there = (before > 0) & (now > 0)
        ids, at = np.unique(now[there], return_inverse=True)
        keys, shared = np.unique(before[there].astype(np.int64) * max(1, ids.size) + at.ravel(), return_counts=True)
        held, holder = np.divmod(keys, max(1, ids.size))
        found.append(np.stack([held, ids[holder].astype(np.int64)], axis=1))
        counts.append(shared)
    pairs, where = np.unique(np.concatenate(found), axis=0, return_inverse=True)
    return pairs, np.bincount(where.ravel(), np.concatenate(counts), len(pairs)).astype(np.int64)


def _boxes(frames: Frames, t: int, ids: Ids) -> dict[int, Box]:
    """Boxes of some objects of frame `t`, which may lie in several parts of it."""
    boxes: dict[int, Box] = {}
    for part in frames.parts(t) if ids.size else ():
        labels = frames.read(t, part)
        for one, box in object_boxes(np.where(np.isin(labels, ids), labels, 0)).items():
            there = [slice(a.start + b.start, a.start + b.stop) for a, b in zip(part, box, strict=True)]
            known = boxes.get(one, tuple(there))
            boxes[one] = tuple(
                slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(known, there, strict=True)
            )
    return boxes


def most_common(ids: npt.NDArray[Any]) -> tuple[int, int]:
    """The id that most pixels have, and how many; of several the one that comes first."""
    values, first, counts = np.unique(ids, return_index=True, return_counts=True)
    at = np.lexsort((first, -counts))[0]
    return int(values[at]), int(counts[at])


def find_whole(frames: Frames, t: int, label: int, near: Box, size: int) -> tuple[Box, npt.NDArray[np.bool_]]:
    """A box around a whole object of `size` pixels that has some in the box `near`, and where in it the object is."""
    box = near
    while np.count_nonzero(mask := frames.read(t, box) == label) < size:
        box = _grown(box, frames.shape[1:])
    return box, mask


def _grown(box: Box, shape: tuple[int, ...]) -> Box:
    """A box with half of its length more at each end, within a frame."""
    steps = [(one.stop - one.start + 1) // 2 for one in box]
    return tuple(
        slice(max(0, one.start - step), min(size, one.stop + step))
        for one, step, size in zip(box, steps, shape, strict=True)
    )


def divide(frames: Frames, t: int, box: Box, here: npt.NDArray[np.bool_], seeds: npt.NDArray[np.int32]) -> int:
    """Divide the object `here`: all but the first of the parts that grow from `seeds` get ids of their own.

    Returns how many these are.
    """
    depth = ndimage.distance_transform_edt(np.pad(here, 1))[(slice(1, -1),) * here.ndim]
    parts = watershed(-depth, seeds, mask=here)
    count = int(seeds.max())
    first = frames.fresh(t, count - 1)
    labels: npt.NDArray[Any] = frames.read(t, box)
    frames.write(t, box, np.where(here & (parts > 1), parts.astype(labels.dtype) + (first - 2), labels))
    return count - 1


def lay_seeds(here: npt.NDArray[np.bool_], places: Iterator[npt.NDArray[np.bool_]]) -> npt.NDArray[np.int32]:
    """Numbers from 1 on where an object is, and was what it is to be divided into."""
    seeds = np.zeros(here.shape, np.int32)
    for number, place in enumerate(places, start=1):
        seeds[here & place] = number
    return seeds
