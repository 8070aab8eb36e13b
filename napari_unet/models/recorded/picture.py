"""The small picture in a model's file: what the images look like that it knows, with outlines of their objects."""

from __future__ import annotations

import io
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image as Raster
from PIL import UnidentifiedImageError

SIDE = 112  # pixels of the picture
_OBJECTS_ACROSS = 5.0  # typical diameters that it shows
_YELLOW = np.array([255, 214, 0], np.uint8)
_LARGEST = 2**20  # bytes; no picture of ours comes near
NAME = "picture"  # of the tensor with its bytes, of each kind in a file


def draw_kind(pixels: npt.NDArray[Any], labels: npt.NDArray[Any]) -> bytes:
    """A PNG of `SIDE` pixels a side of the part of an image that has most objects, outlined in yellow.

    Parameters
    ----------
    pixels : array
        (Y, X) grey or (Y, X, 3) in colour, of any real dtype; light is spread between the 1 and 99.5 percentiles.
    labels : array of int
        (Y, X), 0 background.
    """
    part = _fullest(labels)
    shown = labels[part]
    grey = _spread(np.asarray(pixels)[part])
    size = (SIDE, SIDE)
    colours = np.asarray(Raster.fromarray(grey).resize(size, Raster.Resampling.BOX if grey.shape[0] > SIDE else 2))
    rows, columns = ((np.arange(SIDE) + 0.5) * n / SIDE for n in shown.shape)
    enlarged = shown[np.ix_(rows.astype(int), columns.astype(int))]
    picture = colours.copy()
    picture[_inner_edges(enlarged)] = _YELLOW
    stream = io.BytesIO()
    Raster.fromarray(picture).save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _fullest(labels: npt.NDArray[Any]) -> tuple[slice, slice]:
    """The square, some objects across, that is covered most by objects."""
    areas = np.bincount(labels.ravel())[1:]
    typical = 2 * np.sqrt(np.median(areas[areas > 0]) / np.pi) if areas.any() else 24.0
    side = int(min(max(32.0, _OBJECTS_ACROSS * typical), *labels.shape))
    total = np.pad((labels > 0).cumsum(0, dtype=np.int64).cumsum(1), ((1, 0), (1, 0)))
    covered = total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    fullest = np.argwhere(covered == covered.max())
    distances = np.abs(fullest - fullest.mean(axis=0)).sum(axis=1)  # in the middle of what is as full, not at its edge
    row, column = (int(start) for start in fullest[int(distances.argmin())])
    return slice(row, row + side), slice(column, column + side)


def _spread(pixels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """(Y, X, 3) uint8."""
    values = np.nan_to_num(pixels.astype(np.float32))
    low, high = np.percentile(values, [1, 99.5])
    scaled = np.clip((values - low) / max(float(high - low), 1e-6), 0, 1) * 255
    return np.repeat(scaled.astype(np.uint8)[..., None], 3, axis=2) if scaled.ndim == 2 else scaled.astype(np.uint8)


def _inner_edges(labels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Pixels of objects that have a neighbour of another value."""
    around = np.pad(labels, 1, mode="edge")
    other = [around[1 + y : around.shape[0] - 1 + y, 1 + x : around.shape[1] - 1 + x] for y, x in _STEPS]
    return np.asarray((labels > 0) & np.any([one != labels for one in other], axis=0))


_STEPS = ((-1, 0), (1, 0), (0, -1), (0, 1))


def is_picture(payload: bytes) -> bool:
    """Whether `payload` is a PNG that can be shown."""
    try:
        with Raster.open(io.BytesIO(payload), formats=("PNG",)) as found:
            found.verify()
            return max(found.size) <= 4 * SIDE
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError):
        return False


def read_pictures(path: str | Path, prefixes: tuple[str, ...]) -> tuple[bytes | None, ...]:
    """The PNGs in the model file at `path`, of the kinds whose tensors have these prefixes; None where there is none.

    Reads these few bytes of the file alone, without torch. Of a file that is damaged or gone there are none.
    """
    try:
        with Path(path).open("rb") as file:
            (length,) = struct.unpack("<Q", file.read(8))
            header = json.loads(file.read(length))
            places = [header.get(prefix + NAME, {}).get("data_offsets") for prefix in prefixes]
            return tuple(None if place is None else _read(file, 8 + length, place) for place in places)
    except (OSError, ValueError, struct.error, AttributeError, TypeError, MemoryError, OverflowError):
        return (None,) * len(prefixes)


def without_pictures(payload: bytes) -> bytes:
    """The model file `payload` without its pictures; all else is the same bit for bit."""
    from safetensors.torch import load, save

    (length,) = struct.unpack("<Q", payload[:8])
    metadata = json.loads(payload[8 : 8 + length]).get("__metadata__")
    kept = {name: value for name, value in load(payload).items() if name.split(".")[-1] != NAME}
    return save(kept, metadata=metadata)


def _read(file: io.BufferedReader, start: int, place: list[int]) -> bytes | None:
    first, last = place
    if not 0 < last - first <= _LARGEST:
        return None
    file.seek(start + first)
    payload = file.read(last - first)
    return payload if is_picture(payload) else None
