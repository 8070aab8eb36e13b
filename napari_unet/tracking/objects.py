"""What tracking knows of the objects of one frame: where they are, how large, and what they overlap in the next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import fastremap
import numpy as np
import numpy.typing as npt

from napari_unet.labels.matching import overlap_table
from napari_unet.tracking.tracks import Tracks

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FrameObjects:
    """Objects of one frame, by their place 0, 1, ... in `ids` (sorted).

    Attributes
    ----------
    ids : int array (n,)
        Their ids in the frame's labels.
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
    numbers: npt.NDArray[np.int32]
    area: Floats
    centre: Floats
    at_border: npt.NDArray[np.bool_]
    pixel: tuple[float, ...]

    def without_pixels(self) -> FrameObjects:
        """The same measures, without the frame itself."""
        return replace(self, numbers=np.zeros((0,) * self.numbers.ndim, np.int32))

    def renamed(self, tracks: Tracks, frame: int) -> FrameObjects:
        """The same objects under the ids of their tracks, sorted by them; this is frame number `frame`."""
        rows = np.flatnonzero(tracks.frame == frame)
        new = tracks.track[rows][np.argsort(tracks.label[rows])]  # a row an object, as `ids` are sorted too
        order = np.argsort(new)
        area, centre, at_border = self.area[order], self.centre[order], self.at_border[order]
        return replace(self.without_pixels(), ids=new[order], area=area, centre=centre, at_border=at_border)

    @property
    def place(self) -> Floats:
        """Centres in units of the last axis' pixel (n, ndim)."""
        found: Floats = self.centre * np.array(self.pixel)
        return found

    @property
    def diameters(self) -> Floats:
        """Diameter of the disc (or ball) of each object's size, in units of the last axis' pixel."""
        size = self.area * float(np.prod(self.pixel))
        found: Floats = 2 * np.sqrt(size / np.pi) if len(self.pixel) == 2 else np.cbrt(6 * size / np.pi)
        return found


def measure_frame(labels: npt.NDArray[Any], pixel: Sequence[float] | None = None) -> FrameObjects:
    """Measure the objects of one frame ((Z,) Y, X) of integers, 0 = background."""
    steps = np.asarray(pixel if pixel is not None else (1.0,) * labels.ndim, np.float64)
    numbers, ids = _renumbered(labels)
    flat = np.flatnonzero(numbers)
    owner = numbers.ravel()[flat]
    area = np.bincount(owner, minlength=ids.size + 1)[1:].astype(np.float64)
    centre = np.zeros((ids.size, labels.ndim))
    for axis, position in enumerate(np.unravel_index(flat, labels.shape)):
        centre[:, axis] = np.bincount(owner, weights=position, minlength=ids.size + 1)[1:]
    centre /= np.maximum(area, 1)[:, None]
    relative = tuple((steps / steps[-1]).tolist())
    return FrameObjects(ids, numbers, area, centre, _at_border(numbers, ids.size), relative)


def _renumbered(labels: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int32], Ints]:
    """`labels` as 1, 2, ... in the order of their ids, and those ids."""
    found = fastremap.unique(labels)
    ids = found[found > 0].astype(np.int64)
    table = {int(old): new for new, old in enumerate(ids, start=1)} | {0: 0}
    numbers = fastremap.remap(labels.astype(np.int64), table, preserve_missing_labels=False)
    return numbers.astype(np.int32), ids


def _at_border(numbers: npt.NDArray[np.int32], count: int) -> npt.NDArray[np.bool_]:
    """Which objects touch the edge of the image in rows and columns (a stack's first and last slice are no edge)."""
    cut = np.zeros(count + 1, np.bool_)
    for axis in (-2, -1):
        for side in (0, -1):
            cut[np.take(numbers, side, axis=axis)] = True
    return cut[1:]


@dataclass(frozen=True, eq=False)
class Overlaps:
    """Pairs of objects of two frames that share pixels: places in the one and the other, and their IoU."""

    before: Ints
    after: Ints
    iou: Floats


def find_frame_overlaps(before: FrameObjects, after: FrameObjects) -> Overlaps:
    """Which objects of one frame lie where objects of another one lay."""
    table = overlap_table(before.numbers, after.numbers)
    return Overlaps(table.truth - 1, table.predicted - 1, table.iou)
