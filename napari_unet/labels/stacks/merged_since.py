"""Objects of a time-lapse that have merged and may stay so: told from one object by how convex their outlines are."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.spatial import ConvexHull, QhullError

from napari_unet.labels.stacks.covering import Covering, divide, find_whole, lay_seeds, most_common, part_covering
from napari_unet.labels.stacks.frames import Frames, FrameSizes

_SAME = 0.25  # IoU of an object with itself in the frame before, at least
_ROUNDING = 1e-6  # pixels beyond a side of the hull that are on it


def part_merged_since(frames: Frames) -> Iterator[int]:
    """Divide objects that several objects, apart in two frames before, have become, where they lay last.

    Cells do not become one. What had been cut in two does: that is as convex as its parts were, or more so.
    Frame by frame: those that were parted serve the next. Yields how many objects there are more in each.
    """
    yield from part_covering(frames, 2, _parted)


def _parted(frames: Frames, t: int, one: Covering, sizes: FrameSizes) -> int:
    """Divide an object if it is several; returns how many objects there are more."""
    here = frames.read(t, one.box) == one.label
    apart = dict[int, npt.NDArray[np.bool_]]()  # by id in the frame before: the object there
    earlier = list[int]()
    for held, size in zip(one.held.tolist(), sizes.of(t - 1, one.held).tolist(), strict=True):
        box, was = find_whole(frames, t - 1, held, one.box, size)
        past, shared = most_common(frames.read(t - 2, box)[was])
        if past and shared >= _SAME * (size + int(sizes.of(t - 2, np.array([past]))[0]) - shared):
            apart[held] = was
            earlier.append(past)
    if len(apart) < 2 or len(set(earlier)) < len(earlier):
        return 0
    if convexity(here) >= min(map(convexity, apart.values())):
        return 0
    before = frames.read(t - 1, one.box)
    return divide(frames, t, one.box, here, lay_seeds(here, (before == held for held in apart)))


def convexity(mask: npt.NDArray[np.bool_]) -> float:
    """Share of the pixels within its convex hull that an object ((Z,) Y, X) has: exactly 1 for what is convex.

    The hull is of the centres of pixels, so that how an outline is cut into pixels does not count.
    """
    points = np.argwhere(mask)
    points = points[:, np.ptp(points, axis=0) > 0]  # what is flat is as convex as it is without the axis
    if points.shape[1] < 2:
        return 1.0
    try:
        sides = ConvexHull(points).equations
    except QhullError:  # all on one slanted line
        return 1.0
    low, high = points.min(axis=0), points.max(axis=0)
    places = np.meshgrid(*(np.arange(a, b + 1) for a, b in zip(low, high, strict=True)), indexing="ij", sparse=True)
    inside = np.ones(high - low + 1, np.bool_)
    for *normal, offset in sides.tolist():
        inside &= sum(part * place for part, place in zip(normal, places, strict=True)) + offset <= _ROUNDING
    return len(points) / int(np.count_nonzero(inside))
