"""Reading TIFF in its dialects: OME-TIFF, ImageJ hyperstacks, LSM, and files that say nothing about themselves."""

from __future__ import annotations

import logging
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from napari_unet.errors import UserError
from napari_unet.images.axes import complete_axes
from napari_unet.images.files.tiff_directories import check_directories
from napari_unet.images.files.tiff_metadata import tiff_metadata
from napari_unet.images.image import Image
from napari_unet.images.lazy import lazy_array

EAGER_BYTES = 2**28  # smaller images are read into memory: quicker to work on, and the file is free again
# Without any handler Python prints warnings of the library to the terminal, where nobody can act on them.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def read_tiff(path: Path) -> Image:
    """Image of the first series of a TIFF file: in memory if small, memory-mapped or a dask array over it if large."""
    check_directories(path)
    tif = tifffile.TiffFile(path)
    keep_open = False
    try:
        series, notes = _first_series(tif)
        _check_complete(tif, series)
        metadata = tiff_metadata(tif, series)
        data, keep_open = _pixels(tif, series)
    finally:
        if not keep_open:
            tif.close()
    data, axes = _axes(data, series)
    if "C" not in axes or len(metadata.channel_names) != data.shape[axes.index("C")]:
        metadata.channel_names = ()
    return Image(data, axes, metadata.scale, metadata.units, metadata.channel_names, notes=notes)


def _first_series(tif: tifffile.TiffFile) -> tuple[Any, tuple[str, ...]]:
    """The first image in the file whose planes are all there, and a note if there are more."""
    all_series = [series for series in tif.series if series.size]
    if not all_series:
        raise UserError("it holds no image")
    complete = [series for series in all_series if all(page is not None for page in series.pages)]
    if not complete:
        raise UserError("planes that its header promises are missing: the file or a companion file is incomplete")
    more = len(all_series) - 1
    notes = (f"The file holds {more + 1} images: the first is shown.",) if more else ()
    return complete[0], notes


def _check_complete(tif: tifffile.TiffFile, series: Any) -> None:
    """Raise if pixels lie beyond the end of the file, which decoders would fill with zeros or random values."""
    small = series.nbytes <= EAGER_BYTES
    pages = series.pages if small else (series.pages[0], series.pages[-1])
    for page in pages:
        size = page.parent.filehandle.size if hasattr(page, "parent") else tif.filehandle.size
        ends = [start + count for start, count in zip(page.dataoffsets, page.databytecounts, strict=False)]
        if ends and max(ends) > size:
            raise UserError("the file ends in the middle of its pixels: copy or save it again")


def _pixels(tif: tifffile.TiffFile, series: Any) -> tuple[Any, bool]:
    """Pixels of `series` in native byte order, and whether they need the file to stay open."""
    native = series.dtype.newbyteorder("=")
    if series.nbytes <= EAGER_BYTES:
        return np.asarray(series.asarray(level=0)).astype(native, copy=False), False
    stored = series.dtype.newbyteorder(tif.byteorder)
    if series.dataoffset is not None and stored == native:
        path = tif.filehandle.path
        return np.memmap(path, dtype=native, mode="r", offset=series.dataoffset, shape=series.shape), False
    import zarr

    store = series.aszarr(level=0)
    weakref.finalize(store, tif.close)
    return lazy_array(zarr.open_array(store, mode="r")), True


def _axes(data: Any, series: Any) -> tuple[Any, str]:
    """`data` and its axes, with the samples of a colour pixel last and those of any other pixel as channels."""
    letters = series.axes
    colour = series.keyframe.photometric in (tifffile.PHOTOMETRIC.RGB, tifffile.PHOTOMETRIC.YCBCR)
    if "S" in letters and "C" not in letters and not (colour and data.shape[letters.index("S")] in (3, 4)):
        letters = letters.replace("S", "C")
    axes = complete_axes(letters, data.shape, data.dtype)
    if "S" in axes and not axes.endswith("S"):
        at = axes.index("S")
        order = [axis for axis in range(data.ndim) if axis != at] + [at]
        data, axes = data.transpose(order), axes.replace("S", "") + "S"
    return data, axes
