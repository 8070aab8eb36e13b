"""QuPath's GeoJSON: a FeatureCollection of polygons in pixels of the full resolution.

After QuPath's own reader and writer (its classes GsonTools and QuPathTypeAdapters): each feature has a uuid, a geometry
with closed rings and, for stacks, the plane inside the geometry.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.errors import UserError
from napari_unet.images.image import Image
from napari_unet.results.exports.filling import Shape, fill_outlines
from napari_unet.results.exports.object_classes import ObjectClasses
from napari_unet.results.exports.outlines import Outline, Ring, trace_outlines
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

_NAMESPACE = uuid.UUID("5a2b7c1e-6f0d-5c36-9a8e-3d6c0f2f4e11")
_OUTLINED = ("Polygon", "MultiPolygon", "GeometryCollection")


@dataclass(frozen=True)
class Naming:
    """What QuPath is told of each object: its kind, its class, and measurements (by id, then name)."""

    object_type: str = "detection"
    classes: ObjectClasses | None = None
    measurements: Mapping[int, Mapping[str, float]] | None = None


def write_geojson(labels: Image, path: Path, naming: Naming = Naming()) -> Exported:
    """Write the objects of `labels` (axes of TZYX) as one file; an object is a feature in each plane that it is in.

    The name of a feature is the object's id. The same labels give the same file, uuids included.
    """
    features: list[str] = []
    ids: set[int] = set()
    stacked = labels.ndim > 2
    for plane in iterate_planes(labels):
        for outline in trace_outlines(plane.pixels):
            features.append(_feature(outline, plane, labels.name, stacked, naming))
            ids.add(outline.label)
    path.write_text(f'{{"type":"FeatureCollection","features":[\n{_JOIN.join(features)}\n]}}\n', encoding="utf-8")
    told = ["Objects in 3D are one feature a slice, with the same name."] if "Z" in labels.axes else []
    return Exported((path,), len(ids), tuple(told))


_JOIN = ",\n"
_PROBABILITY = "Class probability"


def _feature(outline: Outline, plane: Plane, name: str, stacked: bool, naming: Naming) -> str:
    """One feature as JSON; numbers are written directly, since millions of little lists are slow."""
    parts = ["[" + ",".join(_closed(ring) for ring in part) + "]" for part in outline.parts]
    kind, coordinates = ("Polygon", parts[0]) if len(parts) == 1 else ("MultiPolygon", f"[{','.join(parts)}]")
    where = f',"plane":{{"c":-1,"z":{plane.z},"t":{plane.t}}}' if stacked else ""
    properties: dict[str, Any] = {"objectType": naming.object_type, "name": str(outline.label), "isLocked": False}
    values: dict[str, float] = dict((naming.measurements or {}).get(outline.label, {}))
    own_class = None if naming.classes is None else naming.classes.of(plane.t, outline.label)
    if own_class is not None and naming.classes is not None:
        properties["classification"] = {"name": own_class.name, "color": list(naming.classes.rgb(own_class.name))}
        if own_class.probability is not None:
            values[_PROBABILITY] = own_class.probability
    if values:
        properties["measurements"] = {key: float(value) for key, value in values.items() if np.isfinite(value)}
    own = uuid.uuid5(_NAMESPACE, f"{name}/{plane.t}/{plane.z}/{outline.label}")
    return (
        f'{{"type":"Feature","id":"{own}","geometry":{{"type":"{kind}","coordinates":{coordinates}{where}}},'
        f'"properties":{json.dumps(properties, separators=(",", ":"))}}}'
    )


def _closed(ring: Ring) -> str:
    """A ring as JSON, its first corner again at the end."""
    x, y = ring.T.tolist()
    points = [f"[{a},{b}]" for a, b in zip(x, y, strict=True)]
    return "[" + ",".join([*points, points[0]]) + "]"


def read_geojson(path: Path, like: Image) -> Imported:
    """Labels of the shape of the grey image `like` from QuPath's (or any) GeoJSON in pixels.

    A feature whose name is a number keeps it as id, and its classification becomes its class. Points and lines are left
    out, and that is told.
    """
    with reading_as(path, "GeoJSON"):
        return _read(path, like)


def _read(path: Path, like: Image) -> Imported:
    canvas = Canvas(like)
    shapes: dict[tuple[int, int], list[Shape]] = {}
    skipped = outside = 0
    for feature in _features(path):
        geometry = feature.get("geometry") or {}
        rings = list(_rings(geometry))
        if not rings:
            skipped += 1
            continue
        place = geometry.get("plane") or {}
        at = int(place.get("t", 0)), int(place.get("z", 0))
        if canvas.plane(*at) is None:
            outside += 1
            continue
        properties = feature.get("properties") or {}
        label = canvas.choose_id(parse_id(properties.get("name", "")))
        given = properties.get("classification")
        likely = properties.get("measurements")
        canvas.classify(
            at[0], label, given.get("name") if isinstance(given, dict) else None,
            likely.get(_PROBABILITY) if isinstance(likely, dict) else None,
        )  # fmt: skip
        shapes.setdefault(at, []).append((label, rings))
    over = 0
    for at, found in shapes.items():
        plane = canvas.plane(*at)
        if plane is not None:
            over += fill_outlines(found, plane)
    return canvas.finish([
        *counted(skipped, "feature", "without an area (points, lines) left out."),
        *counted(outside, "feature", "in slices or frames that the image has not left out."),
        *counted(over, "pixel", "in several objects went to the last of them."),
    ])  # fmt: skip


def _features(path: Path) -> list[dict[str, Any]]:
    """The features in a file: of a collection, a list, or a single one."""
    try:
        found = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise UserError(f"{path.name} is no GeoJSON: it is damaged at line {error.lineno}.") from error
    if isinstance(found, dict):
        found = found.get("features", [found] if found.get("type") == "Feature" else None)
    if not isinstance(found, list) or not all(isinstance(feature, dict) for feature in found):
        raise UserError(f"{path.name} is no GeoJSON: it holds no features.")
    return found


def _rings(geometry: Mapping[str, Any]) -> Iterator[Any]:
    """All rings of a geometry (n, 2), as arrays."""
    kind = geometry.get("type")
    if kind == "GeometryCollection":
        for part in geometry.get("geometries", []):
            yield from _rings(part)
    elif kind in _OUTLINED:
        parts = geometry.get("coordinates", [])
        for part in [parts] if kind == "Polygon" else parts:
            for ring in part:
                yield np.asarray(ring, np.float64)[:, :2]
