"""Which pixels of a large array are drawn: those in view, and of these no more than the screen has room for.

An excerpt is a range for each axis that the canvas shows: from where, to where, and every how-manieth pixel. Thin
objects may fall between these when all of a plane is in view; they are there again as one comes closer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Excerpt = Mapping[int, range]
"""By axis of the array."""

BLOCK = 256
"""Excerpts begin and end at multiples of so many drawn pixels: a small move of the camera draws nothing anew."""
MOST_SIDE = 8192
"""Drawn pixels a side: what every graphics card takes, and more than a screen has."""
_OVERVIEW_SIDE = 32  # that of the small picture in the list of layers; each pixel of it reads a page of a mapped file
_VOLUME_PIXELS = 2**20


def find_excerpt(
    shape: Sequence[int], axes: Sequence[int], seen: npt.NDArray[np.int_], canvas: Sequence[float]
) -> Excerpt | None:
    """What is drawn of an array; None if nothing of it is in view.

    Parameters
    ----------
    shape : sequence of int
        Of the array.
    axes : sequence of int
        Those that the canvas shows, rows first.
    seen : (2, n) int
        First and last pixel in view along these, which may lie outside.
    canvas : sequence of float
        Its pixels along these.
    """
    parts = [
        _part(shape[axis], int(low), int(high) + 1, pixels)
        for axis, (low, high), pixels in zip(axes, np.transpose(seen), canvas, strict=True)
    ]
    return dict(zip(axes, parts, strict=True)) if all(len(part) for part in parts) else None


def _part(size: int, low: int, high: int, pixels: float) -> range:
    step = 1
    while (high - low) / (2 * step) >= max(pixels, 1):
        step *= 2
    part = _in_blocks(size, low, high, step)
    while len(part) > MOST_SIDE:
        step *= 2
        part = _in_blocks(size, low, high, step)
    return part


def _in_blocks(size: int, low: int, high: int, step: int) -> range:
    block = BLOCK * step
    return range(max(0, low // block * block), min(size, -(-high // block) * block), step)


def overview(shape: Sequence[int], axes: Sequence[int], flat: bool = True) -> Excerpt:
    """All of an array with few pixels: until the canvas says what is in view, and (not `flat`) in 3D."""
    side = _OVERVIEW_SIDE if flat else int(_VOLUME_PIXELS ** (1 / len(axes)))
    return {axis: range(0, shape[axis], -(-shape[axis] // side) or 1) for axis in axes}


def holds(known: Excerpt, wanted: Excerpt, shape: Sequence[int]) -> bool:
    """Whether all that is `wanted` is drawn by a `known` excerpt of an array of `shape`, as finely."""
    return known.keys() == wanted.keys() and all(
        known[axis].step == part.step
        and known[axis].start <= part.start
        and part.stop <= known[axis].stop <= shape[axis]
        for axis, part in wanted.items()
    )


def drawn_in(part: range, box: slice, margin: int) -> slice:
    """Which of the drawn pixels of one axis lie in `box` (with a start and a stop), and `margin` more on each side."""
    first, last = (-(-(at - part.start) // part.step) for at in (box.start, box.stop))
    return slice(max(0, first - margin), max(0, min(len(part), last + margin)))
