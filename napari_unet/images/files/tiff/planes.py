"""Whether a TIFF file holds all the planes that its header promises, and what is whole of one that does not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tifffile

from napari_unet.errors import IncompleteError, UserError
from napari_unet.images.lazy import lazy_array

_LAZY_BYTES = 2**28
_MOST_LOOKED_AT = 64  # planes: each has to be read anew
_ADVICE = "copy or save it again, or ask for what is whole (--incomplete)"


def largest_series(tif: tifffile.TiffFile) -> tuple[Any, tuple[str, ...]]:
    """The image of the largest planes in the file (a thumbnail may come before it), and a note if there are more.

    Of images of one size the first whose planes are all there.
    """
    all_series = [series for series in tif.series if series.size]
    if not all_series:
        raise UserError("it holds no image")
    extent = max(_extent(series) for series in all_series)
    large = [series for series in all_series if _extent(series) == extent]
    chosen = next((series for series in large if all(page is not None for page in series.pages)), large[0])
    if len(all_series) == 1:
        return chosen, ()
    which = "first" if chosen is all_series[0] else "largest"
    return chosen, (f"The file holds {len(all_series)} images: the {which} is shown.",)


def _extent(series: Any) -> int:
    sizes = dict(zip(series.axes, series.shape, strict=True))
    return int(sizes.get("Y", 1)) * int(sizes.get("X", 1))


def check_complete(tif: tifffile.TiffFile, series: Any, every_page: bool) -> None:
    """Raise `UserError`, saying what is missing, if planes or pixels that the header promises are not there.

    With `every_page` the place of each is looked at, not that of the first and the last alone.
    """
    promised = _promised_planes(tif)
    found = sum(len(one.pages) for one in tif.series)
    if promised > found:
        whole = _contiguous_planes(tif, series.keyframe)
        raise IncompleteError(f"its header promises {promised} planes, and {whole} are there: {_ADVICE}")
    lost = sum(page is None for page in series.pages)
    if lost:
        raise IncompleteError(
            f"{lost} of the {len(series.pages)} planes that its header promises are missing, here or in a companion "
            f"file: {_ADVICE}"
        )
    _check_pixels(tif, series, every_page)
    _check_unmentioned(tif, series)


def _check_pixels(tif: tifffile.TiffFile, series: Any, every_page: bool) -> None:
    """Pixels beyond the end of the file, which decoders would fill with zeros or random values."""
    pages = list(series.pages) if every_page else [series.pages[0], series.pages[-1]]
    if not all(_is_whole(tif, page) for page in pages):
        raise IncompleteError(f"the file ends in the middle of its pixels: {_ADVICE}")
    if series.dataoffset is not None and series.dataoffset + series.nbytes > series.keyframe.parent.filehandle.size:
        raise IncompleteError(f"the file ends in the middle of its pixels: {_ADVICE}")


def _is_whole(tif: tifffile.TiffFile, page: Any) -> bool:
    size = page.parent.filehandle.size if hasattr(page, "parent") else tif.filehandle.size
    if not page.is_contiguous and len(page.dataoffsets) < math.prod(page.chunked):
        return False  # strips or tiles that are not even listed
    ends = [start + count for start, count in zip(page.dataoffsets, page.databytecounts, strict=False)]
    return not ends or max(ends) <= size


def _promised_planes(tif: tifffile.TiffFile) -> int:
    """How many planes ImageJ wrote; 0 of other files."""
    if not tif.is_imagej or not tif.imagej_metadata:
        return 0
    try:
        return int(tif.imagej_metadata.get("images", 0))
    except (TypeError, ValueError):
        return 0


def _contiguous_planes(tif: tifffile.TiffFile, page: Any) -> int:
    """Whole planes that lie one after another from the first on, as ImageJ writes them; at least those described."""
    described = len(tif.pages)
    if page.is_tiled or page.compression != 1 or not page.dataoffsets or not page.nbytes:
        return described
    return max(described, int((tif.filehandle.size - page.dataoffsets[0]) // page.nbytes))


def _check_unmentioned(tif: tifffile.TiffFile, series: Any) -> None:
    """OME headers that count fewer planes than there are: the others would be dropped without a word."""
    if not tif.is_ome:
        return
    used = {page.index for one in tif.series for level in one.levels for page in level.pages if page is not None}
    shape = series.keyframe.shape
    left = [number for number in range(len(tif.pages)) if number not in used]
    spare = [tif.pages.get(number, aspage=True) for number in left[:_MOST_LOOKED_AT]]
    if any(isinstance(page, tifffile.TiffPage) and page.shape == shape and not page.is_reduced for page in spare):
        count = len(series.pages)
        raise IncompleteError(
            f"its header tells of {count} {'plane' if count == 1 else 'planes'}, and {count + len(left)} are there: "
            "save it again with a right header, or ask for what the header tells of (--incomplete)"
        )


def read_whole(tif: tifffile.TiffFile, series: Any) -> tuple[Any, str, str]:
    """The planes that are whole, as an array with its axes, and a sentence on what is missing (empty: nothing).

    What is incomplete at the end of the slowest axis is left out. Raises `UserError` if no plane is whole.
    """
    promised = _promised_planes(tif)
    if promised > sum(len(one.pages) for one in tif.series):
        planes, axes, sizes = _imagej_planes(tif, series.keyframe, promised)
        total = promised
    else:
        pages = list(series.pages)
        total, planes = len(pages), []
        for page in pages:
            if page is None or not _is_whole(tif, page):
                break
            planes.append(page.asarray())
        inner = len(series.keyframe.shape)
        axes, sizes = series.axes[: series.ndim - inner], series.shape[: series.ndim - inner]
        if math.prod(sizes) != total:  # several planes a page, or pages of another kind: all or nothing
            raise UserError("what is whole of it cannot be told apart: copy or save it again")
        axes += series.axes[series.ndim - inner :]
    if not len(planes):
        raise UserError("not one of its planes is whole: copy or save it again")
    data, axes = _stack(planes, axes, tuple(sizes))
    kept = math.prod(data.shape[: data.ndim - planes[0].ndim])
    note = f"Incomplete: {kept} of {total} planes are shown, the others are missing." if kept < total else ""
    return data, axes, note


def _imagej_planes(tif: tifffile.TiffFile, page: Any, promised: int) -> tuple[Any, str, tuple[int, ...]]:
    """Planes of a hyperstack, its axes, and their promised sizes without those of the plane."""
    count = min(promised, _contiguous_planes(tif, page))
    metadata = tif.imagej_metadata or {}
    sizes = {
        "T": int(metadata.get("frames", 1)),
        "Z": int(metadata.get("slices", 1)),
        "C": int(metadata.get("channels", 1)),
    }
    sizes = {letter: size for letter, size in sizes.items() if size > 1}
    if math.prod(sizes.values()) != promised:
        sizes = {"Z": promised}
    stored = page.dtype.newbyteorder(tif.byteorder)
    memory = np.memmap(tif.filehandle.path, stored, "r", page.dataoffsets[0], (count, *page.shape))
    planes = lazy_array(memory) if memory.nbytes > _LAZY_BYTES else memory.astype(stored.newbyteorder("="))
    return planes, "".join(sizes) + page.axes, tuple(sizes.values())


def _stack(planes: Any, axes: str, sizes: tuple[int, ...]) -> tuple[Any, str]:
    """Planes as an array of `axes`, as many of the slowest axis as are whole; an axis not filled once goes."""
    while sizes and len(planes) < math.prod(sizes[1:]):
        axes, sizes = axes[1:], sizes[1:]
    if not sizes:
        return planes[0], axes
    inner = math.prod(sizes[1:])
    whole = min(sizes[0], len(planes) // inner)
    stacked = planes[: whole * inner] if hasattr(planes, "shape") else np.asarray(planes[: whole * inner])
    return stacked.reshape(whole, *sizes[1:], *stacked.shape[1:]), axes
