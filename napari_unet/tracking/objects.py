"""What tracking knows of the objects of one frame: where they are, how large, and what they overlap in the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.ids import MOST_ID
from napari_unet.labels.types import Doubles, Ints
from napari_unet.tracking.tracks import Tracks

_MOST_PAIRS = 2**22
"""Up to so many pairs they are counted in a table of all, which needs no sorting."""


@dataclass(frozen=True, eq=False)
class FrameObjects:
    """Objects of one frame, by their place 0, 1, ... in `ids` (sorted).

    Attributes
    ----------
    ids : int array (n,)
        Their ids in the frame's labels.
    pixels : int64 array (m,)
        Flat indices of the foreground, and in `owner` (int64) the place of each one's object.
    numbers : int32 array ((Z,) Y, X)
        The frame with each object as its place + 1.
    area : float array (n,)
        Pixels (or voxels).
    centre : float array (n, ndim)
        Centres of mass in pixels.
    at_border : bool array (n,)
        Whether the edge of the image cuts them.
    pixel : tuple of float
        Size of a pixel along each axis, relative to the last axis: volumes may be coarser along z.
    """

    ids: Ints
    pixels: Ints
    owner: Ints
    numbers: npt.NDArray[np.int32]
    area: Doubles
    centre: Doubles
    at_border: npt.NDArray[np.bool_]
    pixel: tuple[float, ...]

    def without_pixels(self) -> FrameObjects:
        """The same measures, without the frame itself."""
        nothing = np.zeros(0, np.int64)
        return replace(self, pixels=nothing, owner=nothing, numbers=np.zeros((0,) * self.numbers.ndim, np.int32))

    def renamed(self, tracks: Tracks, frame: int) -> FrameObjects:
        """The same objects under the ids of their tracks, sorted by them; this is frame number `frame`."""
        rows = np.flatnonzero(tracks.frame == frame)
        new = tracks.track[rows][np.argsort(tracks.label[rows])]  # a row an object, as `ids` are sorted too
        order = np.argsort(new)
        area, centre, at_border = self.area[order], self.centre[order], self.at_border[order]
        return replace(self.without_pixels(), ids=new[order], area=area, centre=centre, at_border=at_border)

    @property
    def place(self) -> Doubles:
        """Centres in units of the last axis' pixel (n, ndim)."""
        found: Doubles = self.centre * np.array(self.pixel)
        return found

    @property
    def diameters(self) -> Doubles:
        """Diameter of the disc (or ball) of each object's size, in units of the last axis' pixel."""
        size = self.area * float(np.prod(self.pixel))
        found: Doubles = 2 * np.sqrt(size / np.pi) if len(self.pixel) == 2 else np.cbrt(6 * size / np.pi)
        return found


def measure_frame(labels: npt.NDArray[Any], pixel: Sequence[float] | None = None) -> FrameObjects:
    """Measure the objects of one frame ((Z,) Y, X) of integers, 0 = background."""
    steps = np.asarray(pixel if pixel is not None else (1.0,) * labels.ndim, np.float64)
    ids, pixels, owner = find_pixels(labels)
    numbers = np.zeros(labels.shape, np.int32)
    numbers.reshape(-1)[pixels] = owner + 1
    area = np.bincount(owner, minlength=ids.size).astype(np.float64)
    centre = np.zeros((ids.size, labels.ndim))
    for axis, position in enumerate(np.unravel_index(pixels, labels.shape)):
        centre[:, axis] = np.bincount(owner, weights=position, minlength=ids.size)
    centre /= np.maximum(area, 1)[:, None]
    relative = tuple((steps / steps[-1]).tolist())
    return FrameObjects(ids, pixels, owner, numbers, area, centre, _at_border(numbers, ids.size), relative)


def find_pixels(labels: npt.NDArray[Any]) -> tuple[Ints, Ints, Ints]:
    """Ids in an integer array, sorted; flat indices of its foreground; and the place of each one's id among the ids."""
    pixels = np.flatnonzero(labels)
    values = labels.reshape(-1)[pixels]
    highest = int(values.max(initial=0))
    if highest > MOST_ID:
        ids, owner = np.unique(values, return_inverse=True)
        return ids.astype(np.int64), pixels, owner.astype(np.int64)
    present = np.zeros(highest + 1, np.bool_)  # much quicker than sorting the pixels
    present[values] = True
    return np.flatnonzero(present), pixels, (np.cumsum(present) - 1)[values]


def _at_border(numbers: npt.NDArray[np.int32], count: int) -> npt.NDArray[np.bool_]:
    """Which objects touch the edge of the image in rows and columns (a stack's first and last slice are no edge)."""
    cut = np.zeros(count + 1, np.bool_)
    for axis in (-2, -1):
        for side in (0, -1):
            cut[np.take(numbers, side, axis=axis)] = True
    return cut[1:]


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Pairs of objects of two frames that share pixels, sorted: places in the one and the other, and their IoU."""

    before: Ints
    after: Ints
    iou: Doubles


def find_frame_overlaps(before: FrameObjects, after: FrameObjects) -> Overlaps:
    """Which objects of one frame lie where objects of another one lay."""
    owners = before.numbers.reshape(-1)[after.pixels].astype(np.int64)
    both = owners > 0
    keys = (owners[both] - 1) * max(1, after.ids.size) + after.owner[both]
    if before.ids.size * after.ids.size <= _MOST_PAIRS:
        counts = np.bincount(keys)
        pairs = np.flatnonzero(counts)
        shared = counts[pairs]
    else:
        pairs, shared = np.unique(keys, return_counts=True)
    i, j = np.divmod(pairs, max(1, after.ids.size))
    return Overlaps(i, j, shared / (before.area[i] + after.area[j] - shared))
