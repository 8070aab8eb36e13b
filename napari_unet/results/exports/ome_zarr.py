"""OME-Zarr labels, version 0.5 (Zarr 3) or 0.4 (Zarr 2), by themselves or under an image's group."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from napari_unet.errors import UserError, require
from napari_unet.images.files.ome_labels import Version, count_levels, describe_labels
from napari_unet.images.image import Image
from napari_unet.labels.types import PlaneIndex
from napari_unet.results.exports.object_classes import ObjectClass, ObjectClasses
from napari_unet.results.exports.planes import Exported

_CHUNK = 512
_PART = 2048  # pixels a side that are in memory at one go: whole chunks


def write_ome_zarr(
    labels: Image,
    path: Path,
    version: Version = "0.5",
    *,
    image: Path | None = None,
    name: str = "labels",
    names: Mapping[int, str] | None = None,
    classes: ObjectClasses | None = None,
) -> Exported:
    """Write `labels` (axes of TZYX) with resolution levels, `image-label` colours and, if given, names by id and
    classes, which are properties of an id.

    With `image`, an OME-Zarr folder, they go into its `labels/<name>` and are of its version; else to the folder
    `path`, which must not exist. They appear only when they are complete.
    """
    target = path
    if image is not None:
        version, target = _within(image, name)
    require(not target.exists(), f"{target} exists already: give the labels another name, or choose another folder.")
    partial = target.with_name(f".{target.name}.partial")
    group = zarr.open_group(str(partial), mode="w", zarr_format=3 if version == "0.5" else 2)
    try:
        ids = _write_levels(group, labels, version)
        describe_labels(group, labels, version, ids, _properties(names, classes), within=image is not None)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    if image is not None:
        _enter(image, name, version)
    return Exported((target,), len(ids), tuple(classes.told_of_frames() if classes else ()))


def _properties(names: Mapping[int, str] | None, classes: ObjectClasses | None) -> dict[int, dict[str, Any]]:
    """What is said of each id."""
    found: dict[int, dict[str, Any]] = {label: {"name": name} for label, name in (names or {}).items()}
    for label, own in (classes.by_id() if classes else {}).items():
        likely = {} if own.probability is None else {"probability": own.probability}
        found[label] = found.get(label, {}) | {"class": own.name} | likely
    return found


def read_zarr_classes(path: Path) -> ObjectClasses:
    """Classes of the ids in an OME-Zarr folder of labels; none if it has none."""
    attributes: Any = zarr.open_group(str(path), mode="r").attrs.asdict()
    told = attributes.get("ome", attributes).get("image-label", {}).get("properties", [])
    return ObjectClasses(
        {
            (0, int(one["label-value"])): ObjectClass(one["class"], one.get("probability"))
            for one in told
            if "class" in one
        }
    )


def _within(image: Path, name: str) -> tuple[Version, Path]:
    """The version of the image's group, and the folder for the labels called `name`."""
    try:
        group: Any = zarr.open_group(str(image), mode="r")
    except Exception as error:  # whatever is not Zarr fails in its own way
        raise UserError(f"{image} is no OME-Zarr image that labels could go under.") from error
    attributes = group.attrs.asdict()
    require("multiscales" in attributes.get("ome", attributes), f"{image} is no OME-Zarr image: choose its folder.")
    version: Version = "0.5" if group.metadata.zarr_format == 3 else "0.4"
    target = image / "labels" / name
    target.parent.mkdir(exist_ok=True)
    return version, target


def _enter(image: Path, name: str, version: Version) -> None:
    """Put `name` into the list of labels of `image`."""
    listing: Any = zarr.open_group(str(image / "labels"), mode="a", zarr_format=3 if version == "0.5" else 2)
    attributes = listing.attrs.asdict()
    known = attributes.get("ome", attributes).get("labels", [])
    entry: dict[str, Any] = {"labels": [*known, name]}
    listing.attrs.update({"ome": {"version": version, **entry}} if version == "0.5" else entry)


def _write_levels(group: Any, labels: Image, version: Version) -> set[int]:
    """Write every resolution level, a part of a plane at a time; returns the ids.

    Pixels are picked, since ids have no mean; each level from the one before, so that all are of one moment.
    """
    ids: set[int] = set()
    for index, region in _parts(labels.shape):
        ids.update(np.unique(labels.part(index, region)).tolist())
    dtype = np.uint16 if max(ids, default=0) < 2**16 else np.uint32
    finer: Any = None
    for level in range(count_levels(labels.shape)):
        shape = (*labels.shape[:-2], *(-(-size // 2**level) for size in labels.shape[-2:]))
        chunks = (1,) * (len(shape) - 2) + tuple(min(_CHUNK, size) for size in shape[-2:])
        keys = {} if version == "0.5" else {"chunk_key_encoding": {"name": "v2", "separator": "/"}}
        array = group.create_array(str(level), shape=shape, chunks=chunks, dtype=dtype, fill_value=0, **keys)
        for index, region in _parts(shape):
            array[(*index, *region)] = _picked(labels, finer, index, region, dtype)
        finer = array
    return ids - {0}


def _parts(shape: tuple[int, ...]) -> Iterator[tuple[PlaneIndex, tuple[slice, slice]]]:
    """All planes in parts that memory has room for, whatever the size of a plane."""
    for index in np.ndindex(*shape[:-2]):
        for top in range(0, shape[-2], _PART):
            for left in range(0, shape[-1], _PART):
                yield index, (slice(top, min(top + _PART, shape[-2])), slice(left, min(left + _PART, shape[-1])))


def _picked(
    labels: Image, finer: Any, index: PlaneIndex, region: tuple[slice, slice], dtype: type[np.unsignedinteger[Any]]
) -> npt.NDArray[np.unsignedinteger[Any]]:
    """A part of a level: of the labels themselves, or every second pixel of the level before."""
    if finer is not None:
        return np.asarray(finer[(*index, *(slice(2 * part.start, 2 * part.stop, 2) for part in region))])
    part = labels.part(index, region)
    require(
        part.max(initial=0) <= np.iinfo(dtype).max,
        "The labels were changed while they were written: export them again.",
    )
    return part.astype(dtype)
