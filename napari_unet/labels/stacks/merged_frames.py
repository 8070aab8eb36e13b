"""Objects of a time-lapse that touch in some frames and are taken for one there, told apart by the frames around."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.stacks.covering import Covering, divide, find_covering, most_common
from napari_unet.labels.stacks.frames import Backwards, Frames, FrameSizes, HeldFrames
from napari_unet.labels.stacks.merged_since import part_merged_since
from napari_unet.labels.stacks.necks import part_at_necks

_FARTHEST = 5  # frames on, in which objects may come apart again
_SAME = 0.25  # IoU of an object before the merged one and of the same after it, at least
_WITHIN = 0.5  # share of the later object that lies where the merged one is


def part_merged(labels: npt.NDArray[np.int32]) -> int:
    """Divide, in place, objects of `labels` (T, (Z,) Y, X) that are several by the frames around.

    Returns how many objects there are more; see `part_merged_frames`.
    """
    return sum(part_merged_frames(HeldFrames(labels)))


def part_merged_frames(frames: Frames) -> Iterator[int]:
    """Divide objects of a frame that are several objects in the frames around. No pixel comes or goes.

    First those that were several before and are so again within five frames. Then those that several objects,
    apart for two frames, have become, whether they part again or not, and those that become several: if their outline
    is less convex than that of each of these, which tells two cells that touch from a cell that had been cut in two, or
    is going to divide. At last those that are round, and several in a frame beside, with a neck between these. Few
    frames are read at a time.

    Yields, `count_steps` times, how many objects a step has added. Who asks for no more steps has frames of which some
    objects are parted, and each of them whole.
    """
    yield from _part_between(frames)
    yield from part_merged_since(frames)
    yield from part_merged_since(Backwards(frames))
    yield from part_at_necks(frames)
    yield from part_at_necks(Backwards(frames))


def count_steps(n_frames: int) -> int:
    """The steps of `part_merged_frames`: each of its passes looks at all frames but one or both of the outermost."""
    return (_FARTHEST + 2) * max(0, n_frames - 2) + 2 * max(0, n_frames - 1)


def _part_between(frames: Frames) -> Iterator[int]:
    """Divide objects that were two or more before and are so again later.

    An object of a frame that covers most of several objects of the frame before, each of which is found again (at its
    place, within five frames) where the object is, is divided by a watershed from where these lie before and
    after. Frame by frame: those that were parted serve the next. Yields how many objects there are more in each.
    """
    known, sizes = dict[int, list[Covering]](), FrameSizes(frames)
    for ahead in range(1, _FARTHEST + 1):  # the nearest frames know best
        for t in range(1, frames.shape[0] - 1):
            if t not in known:
                known[t] = find_covering(frames, t, sizes)
            more = 0
            for one in known[t]:
                parts = _part_like_later(frames, t, one, ahead, sizes)
                if parts:
                    more += parts
                    known.pop(t + 1, None)
            yield more


def _part_like_later(frames: Frames, t: int, one: Covering, ahead: int, sizes: FrameSizes) -> int:
    """Divide an object as one of the next frames shows its parts; returns how many objects there are more."""
    here = frames.read(t, one.box) == one.label
    for later in range(t + 1, min(t + ahead + 1, frames.shape[0])):
        seeds = _seeds(frames, t, later, one, here, sizes)
        if seeds is not None:
            sizes.forget(t)
            return divide(frames, t, one.box, here, seeds)
    return 0


def _seeds(
    frames: Frames, t: int, later: int, one: Covering, here: npt.NDArray[np.bool_], sizes: FrameSizes
) -> npt.NDArray[np.int32] | None:
    """Where those objects that are found again lie in the one that covers them (`here`), before and later.

    None unless there are two.
    """
    before, after = frames.read(t - 1, one.box), frames.read(later, one.box)
    seeds, taken = np.zeros(here.shape, np.int32), set[int]()
    for held in one.held.tolist():
        was = before == held
        again = _found_again(was, after, here, later, sizes)
        both = here & was & (after == again)
        if again and again not in taken and both.any():
            taken.add(again)
            seeds[both] = len(taken)
    return seeds if len(taken) > 1 else None


def _found_again(
    was: npt.NDArray[np.bool_], after: npt.NDArray[Any], here: npt.NDArray[np.bool_], later: int, sizes: FrameSizes
) -> int:
    """The id in a later frame of an object that lay where it `was`, if it lies within `here`; 0 if it does not."""
    (again, shared), area = most_common(after[was]), int(was.sum())
    if again == 0 or shared < _SAME * area:
        return 0
    size = int(sizes.of(later, np.array([again]))[0])
    inside = int(np.count_nonzero(here & (after == again)))
    return again if shared >= _SAME * (area + size - shared) and inside >= _WITHIN * size else 0
