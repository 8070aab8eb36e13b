"""The formats by name: how labels become files, and files become labels."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from napari_unet.errors import UserError, require
from napari_unet.images.files.reading import image_name
from napari_unet.images.image import Image
from napari_unet.results.exports.coco import read_coco, write_coco
from napari_unet.results.exports.geojson import Naming, read_geojson, write_geojson
from napari_unet.results.exports.imagej import read_rois, write_rois
from napari_unet.results.exports.object_classes import ObjectClasses
from napari_unet.results.exports.ome_zarr import write_ome_zarr
from napari_unet.results.exports.planes import Exported, Imported
from napari_unet.results.exports.rasters import read_masks, write_masks, write_ome_tiff
from napari_unet.results.exports.tracks import read_tracks, write_tracks


@dataclass(frozen=True)
class Format:
    """A file format: what is put after the image's name, who writes it, and whether it holds classes of objects."""

    name: str
    title: str
    ending: str
    write: Callable[[Image, Path, ObjectClasses | None], Exported]
    holds_classes: bool = True


def _write_images(write: Callable[[Image, Path], Exported]) -> Callable[[Image, Path, ObjectClasses | None], Exported]:
    """Who writes images of ids, which hold no classes: that is told."""

    def told(labels: Image, path: Path, classes: ObjectClasses | None) -> Exported:
        written = write(labels, path)
        return replace(written, differences=(*written.differences, _NO_CLASSES)) if classes else written

    return told


_NO_CLASSES = "An image of ids holds no classes: the table of objects has them."

FORMATS = {
    found.name: found
    for found in (
        Format("geojson", "QuPath GeoJSON", ".geojson", lambda a, to, own: write_geojson(a, to, Naming(classes=own))),
        Format("imagej", "ImageJ / Fiji ROIs", "_rois.zip", write_rois),
        Format("coco", "COCO, run lengths", "_coco.json", lambda a, to, own: write_coco(a, to, False, own)),
        Format("coco-polygons", "COCO, polygons", "_coco.json", lambda a, to, own: write_coco(a, to, True, own)),
        Format("ome-zarr", "OME-Zarr 0.5", ".ome.zarr", lambda a, to, own: write_ome_zarr(a, to, classes=own)),
        Format(
            "ome-zarr-0.4", "OME-Zarr 0.4", ".ome.zarr", lambda a, to, own: write_ome_zarr(a, to, "0.4", classes=own)
        ),
        Format("ome-tiff", "OME-TIFF", "_labels.ome.tif", _write_images(write_ome_tiff), False),
        Format("ctc", "Cell Tracking Challenge", "_TRA", _write_images(write_tracks), False),
        Format("png", "Masks as PNG or TIFF", "_masks.png", _write_images(write_masks), False),
    )
}


def export_labels(
    labels: Image, name: str, folder: Path, force: bool = False, classes: ObjectClasses | None = None
) -> Exported:
    """Write `labels` (axes of TZYX) into `folder` in the format called `name`, under the image's own name.

    `classes` of the objects go into it, too, if the format holds any. The file appears only when it is complete.
    Raises `UserError` if it exists, unless `force`.
    """
    chosen = FORMATS[name]
    target = folder / f"{labels.name.removesuffix('_labels')}{chosen.ending}"
    require(
        force or not target.exists(), f"{target} exists already: add --force to overwrite it, or choose another folder."
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if chosen.name.startswith(("ome-zarr", "ctc")):
            if target.exists():
                shutil.rmtree(target)
            return chosen.write(labels, target, classes)
        return _complete(chosen.write(labels, _partial(target), classes), target)
    except OSError as error:
        raise UserError(f"{target} cannot be written: {error.strerror or error}. Choose another folder.") from error
    finally:
        for left in folder.glob(f".{os.getpid()}.{target.stem}.*"):
            left.unlink(missing_ok=True)


def _partial(target: Path) -> Path:
    """A name beside `target`, with its ending."""
    return target.with_name(f".{os.getpid()}.{target.name}")


def _complete(exported: Exported, target: Path) -> Exported:
    """Give the one file that was written its name; a format may have chosen another ending."""
    [partial] = exported.paths
    final = target.with_name(partial.name.removeprefix(f".{os.getpid()}."))
    os.replace(partial, final)
    return replace(exported, paths=(final,))


def import_labels(path: Path, like: Image) -> Imported:
    """Labels of the shape of the grey image `like` from a file of any of the formats, known by its ending."""
    require(path.exists(), f"There is no file {path}: check its name and folder.")
    name = path.name.lower()
    if name.endswith((".zip", ".roi")):
        return read_rois(path, like)
    if name.endswith(".geojson"):
        return read_geojson(path, like)
    if name.endswith(".json"):
        return (
            read_coco(path, like) if '"annotations"' in path.read_text("utf-8", "replace") else read_geojson(path, like)
        )
    if path.is_dir() and not name.endswith(".zarr"):
        return read_tracks(path, like)
    return read_masks(path, like)


def image_of(path: Path) -> str:
    """Name of the image that a file of labels belongs to: without what `export_labels` put after it."""
    name = path.name
    for ending in ("_rois.zip", "_coco.json", "_TRA", ".geojson", ".zip", ".roi", ".json"):
        if name.endswith(ending):
            return name.removesuffix(ending)
    name = image_name(path)
    for ending in ("_labels", "_masks"):
        name = name.removesuffix(ending)
    return name
