"""Reading OME-Zarr 0.4 and 0.5 (and plain Zarr arrays), lazily."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from napari_unet.errors import UserError
from napari_unet.images.axes import complete_axes, guess_axes, looks_rgb
from napari_unet.images.files.request import AS_SHOWN, ReadRequest
from napari_unet.images.image import Image
from napari_unet.images.lazy import lazy_array
from napari_unet.images.units import to_standard


def read_zarr(path: Path, request: ReadRequest = AS_SHOWN) -> Image:
    """Image at full resolution in the OME-Zarr at `path`, as a dask array."""
    node = zarr.open(str(path), mode="r")
    if isinstance(node, zarr.Array):
        return _level(path, node)
    group, notes = _image_group(node, request)
    metadata = _ome(group)
    if not request.ids and "image-label" in metadata:
        raise UserError("it holds labels, not an image: give the folder of the image itself")
    datasets = metadata["multiscales"][0].get("datasets")
    if not datasets or datasets[0].get("path") not in group:
        raise UserError("its metadata name no array that is there: copy or save it again")
    return _describe(group, metadata, datasets[0], notes)


def _level(path: Path, array: Any) -> Image:
    """An array on its own; if it is a level of the image in the folder above, with what is said of it there."""
    try:
        parent = zarr.open_group(str(path.parent), mode="r")
        metadata = _ome(parent)
        datasets = metadata["multiscales"][0]["datasets"]
        dataset = next(one for one in datasets if one["path"] == path.name)
        return _describe(parent, metadata, dataset, ())
    except (KeyError, IndexError, StopIteration, TypeError, ValueError, OSError):
        return Image(_lazy(array), guess_axes(array.shape, looks_rgb(array.shape, array.dtype)))


def _describe(group: Any, metadata: Mapping[str, Any], dataset: Mapping[str, Any], notes: tuple[str, ...]) -> Image:
    """One level of the image that `metadata` describes."""
    multiscales = metadata["multiscales"][0]
    array = group[dataset["path"]]
    axes = _axes(multiscales, array)
    scale, units = _pixel_size(multiscales, dataset, axes)
    names = tuple(str(channel.get("label", "")) for channel in metadata.get("omero", {}).get("channels", []))
    if "C" not in axes or len(names) != array.shape[axes.index("C")]:
        names = ()
    return Image(_lazy(array), axes, scale, units, names, notes=notes)


def _lazy(array: Any) -> Any:
    np.asarray(array[(slice(0, 1),) * array.ndim])  # a missing codec or damaged chunk should show now, not later
    root = getattr(array.store, "root", None)
    return lazy_array(array if root is None else _StillThere(array, Path(root) / array.path))


@dataclass(frozen=True, eq=False)
class _StillThere:
    """An array whose folder has to be there whenever it is read: a chunk that is missing is read as zeros, and so would
    be all of an image whose folder was deleted, or whose drive has gone.
    """

    array: Any
    folder: Path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name in ("array", "folder"):  # while it is being copied there is nothing to ask
            raise AttributeError(name)
        return getattr(self.array, name)

    def __getitem__(self, index: Any) -> Any:
        values = self.array[index]
        if not self.folder.is_dir():
            raise UserError(f"{self.folder} is not there any more: connect its drive, or open the image anew.")
        return values


def _ome(group: Any) -> Mapping[str, Any]:
    """OME metadata of `group`: version 0.5 keeps it under one key, 0.4 at the top."""
    attributes = group.attrs.asdict()
    found: Mapping[str, Any] = attributes.get("ome", attributes)
    return found


def _image_group(group: Any, request: ReadRequest = AS_SHOWN) -> tuple[Any, tuple[str, ...]]:
    """The group that holds the (first) image, and a note if there are more."""
    metadata = _ome(group)
    if request.ids and "labels" not in metadata and "labels" in group:
        group = group["labels"]  # an image that brings its labels along
        metadata = _ome(group)
    if metadata.get("labels"):
        names = [str(name) for name in metadata["labels"]]
        return group[names[0]], (f"The labels {names[0]!r}, of {len(names)}.",) if len(names) > 1 else ()
    if "multiscales" in metadata:
        return group, ()
    if "plate" in metadata:
        well = group[metadata["plate"]["wells"][0]["path"]]
        field = well[_ome(well)["well"]["images"][0]["path"]]
        return field, ("A plate of several fields: the first is shown.",)
    if "0" in group and isinstance(group["0"], zarr.Group) and "multiscales" in _ome(group["0"]):
        more = "1" in group
        return group["0"], ("A file of several images: the first is shown.",) if more else ()
    raise UserError("this Zarr folder holds no image that OME-Zarr describes: choose the folder of the image itself")


def _axes(multiscales: Mapping[str, Any], array: Any) -> str:
    named = multiscales.get("axes")
    if not named:  # versions before 0.4 had a fixed order
        return "TCZYX"[-array.ndim :]
    letters = "".join(str(axis["name"] if isinstance(axis, Mapping) else axis)[:1] for axis in named)
    return complete_axes(letters, array.shape, array.dtype)


def _pixel_size(
    multiscales: Mapping[str, Any], dataset: Mapping[str, Any], axes: str
) -> tuple[dict[str, float], dict[str, str]]:
    """Scale and units by axis letter; the image's own transformation multiplies that of the resolution level."""
    factors = np.ones(len(axes))
    transformations = [*dataset.get("coordinateTransformations", []), *multiscales.get("coordinateTransformations", [])]
    for transformation in transformations:
        if transformation.get("type") == "scale" and "scale" in transformation:
            factors = factors * np.asarray(transformation["scale"], dtype=float)
    scale: dict[str, float] = {}
    units: dict[str, str] = {}
    for letter, axis, factor in zip(axes, multiscales.get("axes") or axes, factors, strict=True):
        unit = axis.get("unit") if isinstance(axis, Mapping) else None
        standard = to_standard(float(factor), unit)
        if letter in "TZYX" and standard and (unit or factor != 1):
            scale[letter], units[letter] = standard
    return scale, units
