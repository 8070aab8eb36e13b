"""The parts of an array that somebody wrote: of one that lies in a sparse file, holes are 0 and need not be read."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

_AT_ONCE = 2**24  # values


def written_parts(array: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """Flat parts of `array` that hold all of it that is not 0, in their order, of at most 16 million values each.

    Of an array in memory, and where the system does not tell holes of files, that is all of it.
    """
    if not array.flags.c_contiguous or not array.size:
        yield array
        return
    flat = array.reshape(-1)
    for start, stop in _extents(array):
        for first in range(start, stop, _AT_ONCE):
            yield flat[first : min(first + _AT_ONCE, stop)]


def _extents(array: npt.NDArray[Any]) -> list[tuple[int, int]]:
    """First and behind the last value of each part that the file of a mapped array has on the disk."""
    root: Any = array
    while isinstance(root.base, np.ndarray):  # a plain view of a mapped array does not know of the file itself
        root = root.base
    if not isinstance(root, np.memmap) or root.filename is None or not hasattr(os, "SEEK_DATA"):
        return [(0, array.size)]
    begin = root.offset + array.ctypes.data - root.ctypes.data  # bytes in the file
    try:
        with open(root.filename, "rb") as file:
            return list(_data(file.fileno(), begin, begin + array.nbytes, array.itemsize))
    except OSError:  # the file has gone, or lies where nobody knows of holes
        return [(0, array.size)]


def _data(file: int, begin: int, end: int, itemsize: int) -> Iterator[tuple[int, int]]:
    at = begin
    while at < end:
        try:
            start = os.lseek(file, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole is left
                return
            raise
        if start >= end:
            return
        at = min(os.lseek(file, start, os.SEEK_HOLE), end)
        yield (start - begin) // itemsize, -(-(at - begin) // itemsize)


def written_rows(array: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Which rows of `array` (..., Y, X) may hold something that is not 0: (..., Y); the others need not be read."""
    if not array.flags.c_contiguous or not array.size:
        return np.ones(array.shape[:-1], bool)
    rows = np.zeros(array.size // array.shape[-1], bool)
    for start, stop in _extents(array):
        rows[start // array.shape[-1] : -(-stop // array.shape[-1])] = True
    return rows.reshape(array.shape[:-1])


def count_written(array: npt.NDArray[Any]) -> int:
    """How many values of `array` are not 0."""
    return sum(int(np.count_nonzero(part)) for part in written_parts(array))


def highest_written(array: npt.NDArray[Any]) -> int:
    """The highest value of an array of ids, 0 if it has none above that."""
    return max((int(part.max(initial=0)) for part in written_parts(array)), default=0)
