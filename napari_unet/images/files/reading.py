"""Reading image files of every supported format into `Image`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from napari_unet.errors import UserError
from napari_unet.images.axes import check_axes, format_shape, order_axes, squeeze_axes
from napari_unet.images.files.request import ReadRequest
from napari_unet.images.image import Image
from napari_unet.images.pixel_size import fill_pixel_size

_SUFFIXES = (".tif", ".tiff", ".btf", ".tf8", ".lsm", ".stk", ".png", ".jpg", ".jpeg")
_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_RASTER_SIGNATURES = (b"\x89PNG", b"\xff\xd8\xff")
_NPY_SIGNATURE = b"\x93NUM"
_ZARR_MARKERS = (".zgroup", ".zattrs", ".zarray", "zarr.json")
Reader = Callable[[Path, ReadRequest], Image]
_FORMATS = "TIFF, OME-TIFF, LSM, PNG, JPEG or OME-Zarr"


def read_image(path: Path | str, axes: str | None = None, incomplete: bool = False) -> Image:
    """Read the image at `path`; large ones lazily. `axes` overrides what the file says or what would be guessed.

    Axes of length 1 are dropped, T, Z, Y and X are brought into this order, lengths are in micrometers and times in
    seconds. Of a file with several images the largest is taken, and `notes` says so. Raises `UserError` if planes are
    missing that the file promises, unless `incomplete`: then what is whole is read.
    """
    return read_stored(Path(path).expanduser(), axes, ReadRequest(incomplete=incomplete))


def read_stored(path: Path, axes: str | None, request: ReadRequest) -> Image:
    """As `read_image`, with the numbers that `request` asks for."""
    read = _reader_for(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what readers grumble about is either an error below or harmless
            image = _finish(read(path, request), path, axes)
    except UserError as error:
        raise type(error)(f"{path.name}: {error}") from error  # of its kind: some can be mended by a click
    except MemoryError as error:
        raise UserError(f"{path.name} does not fit into memory: close other programs or crop it.") from error
    except Exception as error:  # readers of damaged files raise anything at all
        raise UserError(
            f"{path.name} is damaged or incomplete and cannot be read ({_reason(error)}): copy or save it again."
        ) from error
    return image


def _reason(error: Exception) -> str:
    text = str(error).strip().splitlines()
    return (text[0] if text else type(error).__name__)[:200].rstrip(".")


def _reader_for(path: Path) -> Reader:
    """The reader for `path`, known by its first bytes, since suffixes lie. Each loads its libraries when needed."""
    if path.is_dir():
        return _zarr_reader(path)
    head = _first_bytes(path)
    if head.startswith(_TIFF_SIGNATURES):
        from napari_unet.images.files.tiff.opening import read_tiff

        return read_tiff
    if head.startswith(_RASTER_SIGNATURES):
        from napari_unet.images.files.raster import read_raster

        return read_raster
    if head.startswith(_NPY_SIGNATURE):
        from napari_unet.images.files.npy import read_npy

        return read_npy
    raise UserError(f"{path.name} is not an image that can be read here: give a {_FORMATS} file.")


def _zarr_reader(path: Path) -> Reader:
    if not any((path / marker).is_file() for marker in _ZARR_MARKERS):
        raise UserError(f"{path.name} is a folder, not an image: choose a file or an OME-Zarr folder.")
    from napari_unet.images.files.ome_zarr import read_zarr

    return read_zarr


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except FileNotFoundError:
        raise UserError(f"There is no file {path}: check its name and folder.") from None
    except OSError as error:
        raise UserError(f"{path.name} cannot be opened: {error.strerror or error}.") from error
    if not head:
        raise UserError(f"{path.name} is empty: it holds no data at all.")
    return head


def _finish(image: Image, path: Path, axes: str | None) -> Image:
    """`image` checked, with the user's `axes`, without axes of length 1, and with its name."""
    dtype = image.dtype
    if dtype.kind not in "biuf":
        if dtype.kind == "c":
            raise UserError("it holds complex numbers, not grey values: save its magnitude, or its real part")
        raise UserError(f"it holds values of type {dtype}, not grey values: save it as numbers")
    if 0 in image.shape:
        raise UserError(f"it has no pixels (its shape is {format_shape(image.shape)}): save it again")
    if axes is not None and len(axes.strip()) == image.ndim:
        image, axes = image.with_axes(axes), None
    data, left = squeeze_axes(image.data, image.axes)
    names = image.channel_names if "C" in left else ()
    scale = {letter: value for letter, value in image.scale.items() if letter in left}
    units = {letter: value for letter, value in image.units.items() if letter in left}
    image = replace(
        image, data=data, axes=left, scale=scale, units=units, channel_names=names, name=image_name(path), path=path,
        stored_axes=left,
    )  # fmt: skip
    if axes is not None:
        image = image.with_axes(check_axes(axes, image.shape))
    data, ordered = order_axes(image.data, image.axes)
    return fill_pixel_size(replace(image, data=data, axes=ordered))


def image_name(path: Path | str) -> str:
    """File name without the suffixes of image formats: "cells.ome.tif" -> "cells"."""
    name = Path(path).name
    for suffix in (*_SUFFIXES, ".npy", ".zarr", ".ome"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            name = name[: -len(suffix)]
    return name


def is_image_path(path: Path | str) -> bool:
    """Whether `path` looks, by its name, like an image that can be read (a file, or an OME-Zarr folder)."""
    path = Path(path)
    if path.name.startswith("."):
        return False
    if path.suffix.lower() == ".zarr":
        return path.is_dir()
    if any((path / marker).is_file() for marker in _ZARR_MARKERS):
        return True
    return path.suffix.lower() in _SUFFIXES and not path.is_dir()


def list_images(folder: Path | str) -> list[Path]:
    """Images directly in `folder`, by name; raises `UserError` if there is no such folder."""
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}: check its name.")
    return sorted(path for path in folder.iterdir() if is_image_path(path))
