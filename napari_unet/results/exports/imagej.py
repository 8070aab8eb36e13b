"""ImageJ and Fiji: a zip of regions of interest for the ROI Manager."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from roifile import ROI_OPTIONS, ROI_TYPE, ImagejRoi

from napari_unet.errors import UserError, require
from napari_unet.images.image import Image
from napari_unet.results.exports.filling import Shape, fill_outlines
from napari_unet.results.exports.object_classes import ObjectClasses
from napari_unet.results.exports.outlines import Outline, trace_outlines
from napari_unet.results.exports.planes import (
    Canvas,
    Exported,
    Imported,
    Plane,
    counted,
    iterate_planes,
    parse_id,
    reading_as,
)

_LARGEST = 2**15 - 1  # ImageJ keeps places as 16-bit numbers
_MOVE, _LINE, _CLOSE = 0.0, 1.0, 4.0  # steps of a path, as in java.awt.geom.PathIterator
_MOST_GROUPS = 255
_OWN_NAME = re.compile(r"(?:t\d+-)?(?:z\d+-)?(\d+)")
_AREAS = (ROI_TYPE.POLYGON, ROI_TYPE.FREEHAND, ROI_TYPE.TRACED)


def write_rois(labels: Image, path: Path, classes: ObjectClasses | None = None) -> Exported:
    """Write the objects of `labels` (axes of TZYX) as ROIs; an object is one in each plane that it is in.

    A ROI is called after frame, slice and id ("t0001-z0003-00007"), as far as there are several, and goes with its
    slice and frame. Objects with holes or several parts are composite ROIs. A class is the group of a ROI, the colour
    of its outline, and two of its properties.
    """
    require(
        max(labels.shape[-2:]) <= _LARGEST,
        f"ImageJ's ROIs reach to {_LARGEST} pixels, and {labels.name} is larger: export GeoJSON.",
    )
    ids: set[int] = set()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for plane in iterate_planes(labels):
            for outline in trace_outlines(plane.pixels):
                ids.add(outline.label)
                roi = _roi(outline, plane, labels.axes)
                if classes:
                    _classify(roi, classes, plane.t, outline.label)
                file.writestr(zipfile.ZipInfo(f"{roi.name}.roi"), roi.tobytes(), zipfile.ZIP_DEFLATED)
    told = ["Objects in 3D are one ROI a slice, with the same number."] if "Z" in labels.axes else []
    if classes:
        numbered = ", ".join(f"{classes.number(name)} {name}" for name in classes.names)
        told.append(f"In ImageJ a class is a group: {numbered}. Its name is among the ROI's properties.")
    return Exported((path,), len(ids), tuple(told))


def _roi(outline: Outline, plane: Plane, axes: str) -> ImagejRoi:
    prefix = "".join(
        f"{letter.lower()}{at + 1:04d}-" for letter, at in (("T", plane.t), ("Z", plane.z)) if letter in axes
    )
    left, top, width, height = outline.box()
    roi = ImagejRoi(
        name=f"{prefix}{outline.label:05d}", left=left, top=top, right=left + width, bottom=top + height,
        # a stack of one axis counts its planes, a hyperstack slices and frames
        position=plane.index[0] + 1 if len(plane.index) == 1 else 0,
        z_position=plane.z + 1 if "Z" in axes else 0, t_position=plane.t + 1 if "T" in axes else 0,
    )  # fmt: skip
    if outline.is_simple:
        [ring] = outline.rings
        roi.roitype = ROI_TYPE.TRACED
        roi.n_coordinates = len(ring)
        roi.integer_coordinates = (ring - np.array([left, top])).astype(np.int32)
    else:
        roi.roitype = ROI_TYPE.RECT
        roi.multi_coordinates = _path(outline)
        roi.shape_roi_size = roi.multi_coordinates.size
    return roi


def _classify(roi: ImagejRoi, classes: ObjectClasses, frame: int, label: int) -> None:
    own = classes.of(frame, label)
    if own is None:
        return
    roi.group = min(classes.number(own.name), _MOST_GROUPS)
    roi.stroke_color = bytes((255, *classes.rgb(own.name)))
    likely = "" if own.probability is None else f"probability: {own.probability:.6g}\n"
    roi.props = f"class: {own.name}\n{likely}"


def _properties(roi: ImagejRoi) -> dict[str, str]:
    """What a ROI says of itself, a line each."""
    lines = (roi.props or "").splitlines()
    return {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines) if value}


def _path(outline: Outline) -> npt.NDArray[np.float32]:
    steps: list[float] = []
    for ring in outline.rings:
        for number, (x, y) in enumerate(ring.tolist()):
            steps += [_LINE if number else _MOVE, x, y]
        steps.append(_CLOSE)
    return np.array(steps, np.float32)


def read_rois(path: Path, like: Image) -> Imported:
    """Labels of the shape of the grey image `like` from a .roi file or a zip of them.

    A ROI whose name is a number (or one that `write_rois` gave) keeps it as id, and its class, or group, is its class.
    Lines, points and text are left out.
    """
    with reading_as(path, "ImageJ ROIs"):
        return _fill(path, like)


def _fill(path: Path, like: Image) -> Imported:
    canvas = Canvas(like)
    shapes: dict[tuple[int, int], list[Shape]] = {}
    skipped = outside = 0
    for name, roi in _read(path):
        rings = _rings(roi)
        if rings is None:
            skipped += 1
            continue
        at = _place(roi, like.axes)
        if canvas.plane(*at) is None:
            outside += 1
            continue
        own = _OWN_NAME.fullmatch(name)
        label = canvas.choose_id(parse_id(own.group(1)) if own else None)
        properties = _properties(roi)
        in_group = f"group {roi.group}" if roi.group else None
        canvas.classify(at[0], label, properties.get("class", in_group), properties.get("probability"))
        shapes.setdefault(at, []).append((label, rings))
    over = 0
    for at, found in shapes.items():
        plane = canvas.plane(*at)
        if plane is not None:
            over += fill_outlines(found, plane)
    return canvas.finish([
        *counted(skipped, "ROI", "without an area (lines, points, text) left out."),
        *counted(outside, "ROI", "in slices or frames that the image has not left out."),
        *counted(over, "pixel", "in several ROIs went to the last of them."),
    ])  # fmt: skip


def _read(path: Path) -> Iterator[tuple[str, ImagejRoi]]:
    try:
        if not zipfile.is_zipfile(path):
            yield path.stem, ImagejRoi.frombytes(path.read_bytes())
            return
        with zipfile.ZipFile(path) as file:
            for name in file.namelist():
                if name.lower().endswith(".roi"):
                    roi = ImagejRoi.frombytes(file.read(name))
                    yield roi.name or Path(name).stem, roi
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise UserError(f"{path.name} holds no ImageJ ROIs that can be read: {error}.") from error


def _rings(roi: ImagejRoi) -> list[npt.NDArray[Any]] | None:
    """The rings (n, 2; x, y) of the area of a ROI; None if it has none."""
    if roi.composite:
        return [np.asarray(ring, np.float64) for ring in roi.coordinates(multi=True)]
    if roi.roitype in _AREAS and not (roi.subpixelresolution and roi.subpixel_coordinates is None):
        return [np.asarray(roi.coordinates(), np.float64)]
    if roi.roitype == ROI_TYPE.RECT and not ROI_OPTIONS.SUB_PIXEL_RESOLUTION & roi.options:
        left, top, right, bottom = roi.left, roi.top, roi.right, roi.bottom
        return [np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float64)]
    if roi.roitype in (ROI_TYPE.RECT, ROI_TYPE.OVAL):
        return [np.asarray(roi.coordinates(), np.float64)]
    return None


def _place(roi: ImagejRoi, axes: str) -> tuple[int, int]:
    """Frame and slice, from 0; a ROI that names none is in the first."""
    t, z = roi.t_position, roi.z_position
    if not t and not z and roi.position:
        t, z = (roi.position, 0) if "T" in axes and "Z" not in axes else (0, roi.position)
    return max(t - 1, 0) if "T" in axes else 0, max(z - 1, 0) if "Z" in axes else 0
