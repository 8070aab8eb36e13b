"""Label images as pictures: PNG and TIFF as Cellpose names them, and OME-TIFF."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import tifffile

from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.writing import write_labels
from napari_unet.images.image import Image
from napari_unet.results.exports.object_classes import ObjectClasses
from napari_unet.results.exports.ome_zarr import read_zarr_classes
from napari_unet.results.exports.planes import Exported, Imported, count_objects, iterate_planes

_PNG_MOST = 2**16 - 1


def write_masks(labels: Image, path: Path) -> Exported:
    """Write `labels` as a 16-bit PNG at `path`; what a PNG cannot hold (stacks, ids over 65535) as a TIFF beside it."""
    values = np.asarray(labels.data)
    highest = int(values.max(initial=0))
    if values.ndim == 2 and highest <= _PNG_MOST:
        PIL.Image.fromarray(values.astype(np.uint16)).save(path, format="PNG")
        return Exported((path,), count_objects(labels))
    why = "a stack" if values.ndim > 2 else f"ids up to {highest}"
    path = path.with_suffix(".tif")
    dtype = np.uint16 if highest <= _PNG_MOST else np.uint32
    tifffile.imwrite(path, values.astype(dtype), photometric="minisblack", compression="zlib")
    return Exported((path,), count_objects(labels), (f"A PNG cannot hold {why}: it is a TIFF.",))


def write_ome_tiff(labels: Image, path: Path) -> Exported:
    """Write `labels` (axes of TZYX) as OME-TIFF, with its pixel size."""
    return Exported((write_labels(path, labels.data, labels),), count_objects(labels))


def read_masks(path: Path, like: Image) -> Imported:
    """Labels of the shape of the grey image `like` from any label image that can be read, OME-Zarr included."""
    values = read_labels(path, like)
    classes = read_zarr_classes(path) if path.is_dir() else ObjectClasses({})
    if classes and "T" in like.axes:
        classes = _in_frames(classes, Image(values, like.axes))
    return Imported(values, int(np.count_nonzero(np.unique(values))), (), classes)


def _in_frames(classes: ObjectClasses, labels: Image) -> ObjectClasses:
    """Classes of ids as those of the objects in each frame."""
    here = {(plane.t, label) for plane in iterate_planes(labels) for label in np.unique(plane.pixels).tolist()}
    by_id = classes.by_id()
    return ObjectClasses({(t, label): by_id[label] for t, label in sorted(here) if label in by_id})
