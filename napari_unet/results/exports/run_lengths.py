"""COCO's run lengths: how many pixels, column by column, are outside, inside, outside ... of an object."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.labels.object_runs import (
    find_runs,
)
from napari_unet.labels.types import Ints


def encode_runs(plane: npt.NDArray[Any]) -> dict[int, tuple[list[int], tuple[int, int, int, int], int]]:
    """(counts, box, area) by id of the objects of an integer YX plane; a box is x, y, width, height."""
    runs = find_runs(np.ascontiguousarray(plane.T))  # COCO goes down the columns
    order = np.argsort(runs.owner, kind="stable")
    starts = (runs.rows * runs.width + runs.starts)[order]
    stops = (runs.rows * runs.width + runs.stops)[order]
    firsts = np.searchsorted(runs.owner[order], np.arange(runs.objects.size + 1))
    boxes, areas = runs.boxes(), runs.total(runs.lengths)
    found = {}
    for place, label in enumerate(runs.objects.tolist()):
        part = slice(firsts[place], firsts[place + 1])
        left, right, top, bottom = boxes[place].tolist()
        counts = _counts(starts[part], stops[part], plane.size)
        found[label] = counts, (left, top, right - left, bottom - top), int(areas[place])
    return found


def _counts(starts: Ints, stops: Ints, size: int) -> list[int]:
    apart = starts[1:] != stops[:-1]  # a run that goes on at the top of the next column is one run
    ends = np.stack([starts[np.append(True, apart)], stops[np.append(apart, True)]], axis=1).ravel()
    counts: list[int] = np.diff(np.concatenate([[0], ends, [size]])).tolist()
    return counts if counts[-1] else counts[:-1]


def decode_runs(counts: list[int] | str, size: tuple[int, int]) -> tuple[Ints, Ints]:
    """Rows and columns of the pixels in counts, plain or in COCO's compressed text, of an image of `size` (Y, X).

    Raises `UserError` if the counts do not fit the image.
    """
    numbers = np.array(expand_text(counts) if isinstance(counts, str) else counts, np.int64)
    height, width = size
    if numbers.sum() != height * width or (numbers < 0).any():
        raise UserError(f"A run length of {numbers.sum()} pixels does not fit an image of {height} x {width}.")
    starts, lengths = (np.cumsum(numbers) - numbers)[1::2], numbers[1::2]
    first = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths)
    columns, rows = np.divmod(first + np.arange(first.size), height)
    return rows, columns


def expand_text(text: str) -> list[int]:
    """Counts from COCO's compressed text: 6 bits a character, the third and later ones as a difference.

    As in `rleFrString` of the COCO API (maskApi.c).
    """
    counts: list[int] = []
    at = 0
    while at < len(text):
        value, shift, more = 0, 0, True
        while more:
            if at >= len(text):
                raise UserError("A compressed run length ends in the middle of a number: the file is damaged.")
            bits = ord(text[at]) - 48
            value |= (bits & 0x1F) << shift
            more = bool(bits & 0x20)
            at, shift = at + 1, shift + 5
            if not more and bits & 0x10:
                value |= -1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
    return counts
