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
from napari_unet.images.files.photometry import apply_palette, invert
from napari_unet.images.files.request import AS_SHOWN, EAGER_BYTES, ReadRequest
from napari_unet.images.files.tiff.directories import check_directories
from napari_unet.images.files.tiff.metadata import tiff_metadata
from napari_unet.images.files.tiff.planes import check_complete, largest_series, read_whole
from napari_unet.images.image import Image
from napari_unet.images.lazy import lazy_array

_LOSSY = (6, 7, 33003, 33005, 33007, 34712, 34892, 52546)  # JPEG in its kinds; they change single values
_GREY = (tifffile.PHOTOMETRIC.MINISBLACK, tifffile.PHOTOMETRIC.MINISWHITE)
# Without any handler Python prints warnings of the library to the terminal, where nobody can act on them.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


def read_tiff(path: Path, request: ReadRequest = AS_SHOWN) -> Image:
    """Largest image of a TIFF file: in memory if small, memory-mapped or a dask array over the file if large."""
    if not request.incomplete:
        check_directories(path)
    tif = tifffile.TiffFile(path)
    keep_open = False
    try:
        series, notes = largest_series(tif)
        if request.ids and int(series.keyframe.compression) in _LOSSY:
            raise UserError("it is compressed with loss (JPEG), which changes ids: save labels as PNG or as plain TIFF")
        metadata = tiff_metadata(tif, series)
        if request.incomplete:
            data, letters, note = read_whole(tif, series)
            notes = (*notes, note) if note else notes
        else:
            check_complete(tif, series, series.nbytes <= EAGER_BYTES)
            (data, keep_open), letters = _pixels(tif, series), series.axes
    finally:
        if not keep_open:
            tif.close()
    if not request.ids:
        data, letters = _as_shown(data, letters, series.keyframe)
    data, axes = _axes(data, letters, series.keyframe)
    if "C" not in axes or len(metadata.channel_names) != data.shape[axes.index("C")]:
        metadata.channel_names = ()
    return Image(data, axes, metadata.scale, metadata.units, metadata.channel_names, notes=notes)


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


def _as_shown(data: Any, letters: str, page: Any) -> tuple[Any, str]:
    """`data` with what is shown bright as large numbers; a palette of colours adds the axis S."""
    if page.photometric == tifffile.PHOTOMETRIC.SEPARATED:
        raise UserError("it holds amounts of ink (CMYK), not grey values: save it as grey or RGB")
    bits = page.bitspersample if isinstance(page.bitspersample, int) else max(page.bitspersample)
    if page.photometric == tifffile.PHOTOMETRIC.MINISWHITE:
        return invert(data, bits), letters
    if page.photometric == tifffile.PHOTOMETRIC.PALETTE and page.colormap is not None and "S" not in letters:
        data, colour = apply_palette(data, np.asarray(page.colormap), bits)
        return data, letters + "S" * colour
    return data, letters


def _axes(data: Any, letters: str, page: Any) -> tuple[Any, str]:
    """`data` and its axes, with the samples of a colour pixel last and those of any other pixel as channels."""
    if letters.count("S") and page.photometric in _GREY and _has_alpha(page):
        samples = [slice(None)] * data.ndim
        samples[letters.index("S")] = slice(0, page.samplesperpixel - 1)
        data = data[tuple(samples)]  # how opaque a pixel is is no channel
    kinds = (tifffile.PHOTOMETRIC.RGB, tifffile.PHOTOMETRIC.YCBCR, tifffile.PHOTOMETRIC.PALETTE)
    colour = page.photometric in kinds
    if "S" in letters and "C" not in letters and not (colour and data.shape[letters.index("S")] in (3, 4)):
        letters = letters.replace("S", "C")
    axes = complete_axes(letters, data.shape, data.dtype)
    if "S" in axes and not axes.endswith("S"):
        at = axes.index("S")
        order = [axis for axis in range(data.ndim) if axis != at] + [at]
        data, axes = data.transpose(order), axes.replace("S", "") + "S"
    return data, axes


def _has_alpha(page: Any) -> bool:
    extra = page.extrasamples
    return bool(extra) and int(extra[-1]) in (1, 2)
