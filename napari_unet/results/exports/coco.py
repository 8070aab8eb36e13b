"""COCO's JSON of instances: a category, an image a plane, an annotation an object of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.errors import UserError
from napari_unet.images.image import Image
from napari_unet.results.exports.filling import fill_outlines
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
    read_text,
    reading_as,
)
from napari_unet.results.exports.run_lengths import decode_runs, encode_runs

_OBJECT = "object"
_CATEGORY = {"id": 1, "name": _OBJECT, "supercategory": _OBJECT}


def write_coco(labels: Image, path: Path, polygons: bool = False, classes: ObjectClasses | None = None) -> Exported:
    """Write the objects of `labels` (axes of TZYX); run lengths, which hold every pixel, or polygons, without holes.

    Beside COCO's own keys an annotation has `label`, the id, and an image `t` and `z`. A class is a category, its
    probability a `score`, as in COCO's results.
    """
    classes = classes or ObjectClasses({})
    categories = [_CATEGORY, *({"id": i, "name": name, "supercategory": _OBJECT} for i, name in _numbered(classes))]
    number_of = {name: i for i, name in _numbered(classes)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    filled = 0
    for number, plane in enumerate(iterate_planes(labels), start=1):
        images.append(_image(labels, plane, number))
        outlines = {outline.label: outline for outline in trace_outlines(plane.pixels)} if polygons else {}
        for label, (counts, box, area) in encode_runs(plane.pixels).items():
            segmentation: Any = {"size": list(plane.pixels.shape), "counts": counts}
            if polygons:
                segmentation = [part[0].ravel().tolist() for part in outlines[label].parts]
                filled += _has_holes(outlines[label])
            annotations.append({
                "id": len(annotations) + 1, "image_id": number, "category_id": 1, "segmentation": segmentation,
                "area": area, "bbox": list(box), "iscrowd": 0, "label": label,
            })  # fmt: skip
            own = classes.of(plane.t, label)
            if own is not None:
                annotations[-1]["category_id"] = number_of[own.name]
                annotations[-1] |= {} if own.probability is None else {"score": own.probability}
    found = {"images": images, "annotations": annotations, "categories": categories}
    path.write_text(json.dumps(found, separators=(",", ":")), encoding="utf-8")
    ids = {annotation["label"] for annotation in annotations}
    told = counted(filled, "object", "with holes: COCO's polygons fill them, its run lengths do not.")
    if "Z" in labels.axes:
        told.append("Objects in 3D are one annotation a slice, with the same label.")
    return Exported((path,), len(ids), tuple(told))


def _numbered(classes: ObjectClasses) -> list[tuple[int, str]]:
    """Categories of classes: 1 is that of objects without one."""
    return list(enumerate(classes.names, start=2))


def _image(labels: Image, plane: Plane, number: int) -> dict[str, Any]:
    height, width = plane.pixels.shape
    name = labels.path.name if labels.path is not None else labels.name
    found = {"id": number, "file_name": name, "width": width, "height": height}
    return found | {letter.lower(): getattr(plane, letter.lower()) for letter in "TZ" if letter in labels.axes}


def _has_holes(outline: Outline) -> bool:
    return any(len(part) > 1 for part in outline.parts)


def read_coco(path: Path, like: Image) -> Imported:
    """Labels of the shape of the grey image `like` from COCO's JSON.

    It may be of many images: the one of the same name is taken, or the only one.
    """
    with reading_as(path, "COCO"):
        return _read(path, like)


def _read(path: Path, like: Image) -> Imported:
    found = _parse(path)
    places = _places(found["images"], like)
    canvas = Canvas(like)
    categories = {one.get("id"): one.get("name") for one in found.get("categories", []) if isinstance(one, dict)}
    skipped = over = 0
    for annotation in found["annotations"]:
        at = places.get(annotation.get("image_id"))
        plane = None if at is None else canvas.plane(*at)
        segmentation = annotation.get("segmentation")
        if plane is None or not segmentation:
            skipped += 1
            continue
        label = canvas.choose_id(parse_id(annotation.get("label")))
        category = categories.get(annotation.get("category_id"))
        canvas.classify(places[annotation["image_id"]][0], label, category if category != _OBJECT else None,
                        annotation.get("score"))  # fmt: skip
        if isinstance(segmentation, dict):
            height, width = (int(size) for size in segmentation["size"])
            if (height, width) != plane.shape:
                raise UserError(f"{path.name} is of images of {height} x {width}, and {like.name} is {plane.shape}.")
            pixels = decode_runs(segmentation["counts"], (height, width))
            over += int(np.count_nonzero(plane[pixels]))
            plane[pixels] = label
        else:
            rings = [np.array(ring, np.float64).reshape(-1, 2) for ring in segmentation]
            for ring in rings:  # parts of one object may overlap, and do not cut holes
                over += fill_outlines([(label, [ring])], plane)
    return canvas.finish([
        *counted(skipped, "annotation", "of other images, or without an area, left out."),
        *counted(over, "pixel", "in several objects went to the last of them."),
    ])  # fmt: skip


def _parse(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise UserError(f"{path.name} is no COCO file: it is damaged at line {error.lineno}.") from error
    if not isinstance(found, dict) or not {"images", "annotations"} <= found.keys():
        raise UserError(f"{path.name} is no COCO file: it has no images or no annotations.")
    return found


def _places(images: list[dict[str, Any]], like: Image) -> dict[Any, tuple[int, int]]:
    """(t, z) by id of the images of the file that are planes of `like`."""
    from napari_unet.images.files.reading import image_name

    def stem(image: dict[str, Any]) -> str:
        return image_name(str(image.get("file_name", ""))).removesuffix("_labels")

    names = {stem(image) for image in images}
    chosen = [image for image in images if stem(image) == like.name.removesuffix("_labels") or len(names) == 1]
    if not chosen:
        raise UserError(f"The file has no image called {like.name}: rename the image, or choose the file that has it.")
    return {image["id"]: (int(image.get("t", 0)), int(image.get("z", 0))) for image in chosen}
