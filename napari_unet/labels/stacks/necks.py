"""Round objects of a time-lapse that touch: where they were two, and a neck is left between them, they still are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.labels.stacks.covering import Covering, divide, find_whole, lay_seeds, part_covering
from napari_unet.labels.stacks.frames import Frames, FrameSizes
from napari_unet.labels.stacks.merged_since import convexity
from napari_unet.labels.types import Doubles, Mask

# Read off four simulated movies, of nuclei, and one of cells that are not round, of which none is to be parted.
_NECK = 0.98  # of the width of the narrower part: how wide a neck is at most
_ROUND = 0.88  # convexity of what is to be parted, and of its parts, at least


def part_at_necks(frames: Frames) -> Iterator[int]:
    """Divide objects that several were in the frame before, if all of it is round and a neck is between these.

    That they were apart for one frame is enough. Frame by frame: those that were parted serve the next. Yields how many
    objects there are more in each.
    """
    yield from part_covering(frames, 1, _parted)


def _parted(frames: Frames, t: int, one: Covering, sizes: FrameSizes) -> int:
    """Divide an object if it is several; returns how many objects there are more."""
    here = frames.read(t, one.box) == one.label
    before = frames.read(t - 1, one.box)
    places = [here & (before == held) for held in one.held.tolist()]
    if convexity(here) < _ROUND:
        return 0
    depth = ndimage.distance_transform_edt(np.pad(here, 1))[(slice(1, -1),) * here.ndim]
    if any(_neck(here, depth, a, b) >= _NECK for a, b in combinations(places, 2)):
        return 0
    for held, size in zip(one.held.tolist(), sizes.of(t - 1, one.held).tolist(), strict=True):
        if convexity(find_whole(frames, t - 1, held, one.box, size)[1]) < _ROUND:
            return 0
    return divide(frames, t, one.box, here, lay_seeds(here, iter(places)))


def _neck(here: Mask, depth: Doubles, one: Mask, other: Mask) -> float:
    """How wide the narrowest place is between two parts of an object, as a share of the width of the narrower part.

    By the `depth` of each pixel below the outline; of all ways between the deepest pixels of both the widest counts.
    """
    ends = [np.argmax(np.where(part, depth, 0)) for part in (one, other)]
    least = min(depth.ravel()[end] for end in ends)
    levels = np.unique(depth[here & (depth <= least)])
    low, high = 0, levels.size - 1
    while low < high:  # all hangs together at the lowest
        middle = (low + high + 1) // 2
        deep: npt.NDArray[np.int32] = ndimage.label(here & (depth >= levels[middle]), np.ones((3,) * here.ndim))[0]
        joined = deep.ravel()[ends[0]] == deep.ravel()[ends[1]]
        low, high = (middle, high) if joined else (low, middle - 1)
    return float(levels[low] / least)
