"""GeoJSON and COCO that other programs wrote, in the forms that they take."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_unet.errors import UserError
from napari_unet.images.image import Image
from napari_unet.results.exports.coco import read_coco
from napari_unet.results.exports.geojson import Naming, read_geojson, write_geojson
from napari_unet.results.exports.object_classes import ObjectClass, ObjectClasses

FLAT = Image(np.zeros((6, 8), np.uint8), "YX", name="a")
MOVIE = Image(np.zeros((2, 3, 6, 8), np.uint8), "TZYX", name="a")


def box(left: int, top: int, right: int, bottom: int) -> list[list[int]]:
    return [[left, top], [right, top], [right, bottom], [left, bottom], [left, top]]


def written(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return path


def feature(kind: str, coordinates: Any, plane: Any = None, **properties: Any) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": coordinates} | ({} if plane is None else {"plane": plane})
    return {"type": "Feature", "geometry": geometry, "properties": properties}


@pytest.mark.parametrize("form", ["collection", "list", "alone"])
def test_features_come_in_a_collection_in_a_list_or_alone(tmp_path: Path, form: str) -> None:
    one = feature("Polygon", [box(1, 1, 4, 3)], name="7")
    content = {"collection": {"type": "FeatureCollection", "features": [one]}, "list": [one], "alone": one}[form]
    found = read_geojson(written(tmp_path / "a.json", content), FLAT)
    expected = np.zeros((6, 8), np.int32)
    expected[1:3, 1:4] = 7
    np.testing.assert_array_equal(found.labels, expected)


@pytest.mark.parametrize(
    "geometry",
    [
        {"type": "MultiPolygon", "coordinates": [[box(0, 0, 2, 2)], [box(4, 0, 7, 4), box(5, 1, 6, 3)]]},
        {
            "type": "GeometryCollection",
            "geometries": [
                {"type": "Polygon", "coordinates": [box(0, 0, 2, 2)]},
                {"type": "Point", "coordinates": [5, 5]},
                {"type": "GeometryCollection", "geometries": [
                    {"type": "Polygon", "coordinates": [box(4, 0, 7, 4), box(5, 1, 6, 3)]}
                ]},
            ],
        },
    ],
)  # fmt: skip
def test_an_object_of_several_parts_with_a_hole_is_one(tmp_path: Path, geometry: dict[str, Any]) -> None:
    content = [{"type": "Feature", "geometry": geometry, "properties": {"name": "3"}}]
    found = read_geojson(written(tmp_path / "a.json", content), FLAT)
    expected = np.zeros((6, 8), np.int32)
    expected[0:2, 0:2], expected[0:4, 4:7], expected[1:3, 5] = 3, 3, 0
    np.testing.assert_array_equal(found.labels, expected)
    assert (found.objects, found.differences) == (1, ())


def test_places_with_a_height_are_read_without_it(tmp_path: Path) -> None:
    ring = [[x, y, 12.5] for x, y in box(1, 1, 4, 3)]
    assert read_geojson(written(tmp_path / "a.json", [feature("Polygon", [ring])]), FLAT).labels.sum() == 6


def test_features_without_geometry_lines_and_other_planes_are_left_out_and_told(tmp_path: Path) -> None:
    content = [
        {"type": "Feature", "geometry": None, "properties": None},
        {"type": "Feature"},
        feature("LineString", [[0, 0], [3, 3]]),
        feature("Polygon", [box(0, 0, 2, 2)], {"t": 2, "z": 0}),
        feature("Polygon", [box(0, 0, 2, 2)], {"t": 1, "z": 2}, name="4"),
        feature("Polygon", [box(1, 0, 3, 2)], {"t": 1, "z": 2}, name="5"),
        feature("Polygon", [box(1, 0, 3, 2)], {"t": 0}, name="5"),
    ]
    found = read_geojson(written(tmp_path / "a.json", content), MOVIE)
    expected = np.zeros(MOVIE.shape, np.int32)
    expected[1, 2, 0:2, 0], expected[1, 2, 0:2, 1:3], expected[0, 0, 0:2, 1:3] = 4, 5, 5
    np.testing.assert_array_equal(found.labels, expected)
    assert found.differences == (
        "3 features without an area (points, lines) left out.",
        "1 feature in slices or frames that the image has not left out.",
        "2 pixels in several objects went to the last of them.",
    )


@pytest.mark.parametrize(
    ("properties", "known"),
    [
        ({"classification": {"name": "Zelle-ß"}}, ObjectClass("Zelle-ß")),
        ({"classification": {"name": "x"}, "measurements": {"Class probability": 0.25}}, ObjectClass("x", 0.25)),
        ({"classification": {"name": "x"}, "measurements": [{"name": "Area", "value": 3}]}, ObjectClass("x")),
        ({"classification": {"names": ["x", "y"]}}, None),
        ({"classification": "x"}, None),
        ({"measurements": {"Class probability": 0.25}}, None),
    ],
)
def test_classes_as_qupath_has_written_them(
    tmp_path: Path, properties: dict[str, Any], known: ObjectClass | None
) -> None:
    one = feature("Polygon", [box(1, 1, 4, 3)], {"t": 1}, name="7", **properties)
    assert read_geojson(written(tmp_path / "a.json", [one]), MOVIE).classes.of(1, 7) == known


def test_a_feature_says_its_kind_its_numbers_and_its_probability_among_them(tmp_path: Path) -> None:
    labels = Image(np.array([[4, 0, 6]]), "YX", name="a")
    naming = Naming("annotation", ObjectClasses({(0, 6): ObjectClass("x", 0.5)}), {6: {"Area": 2, "Bad": np.inf}})
    told = write_geojson(labels, tmp_path / "a.geojson", naming)
    assert (told.objects, told.differences) == (2, ())
    plain, rich = (one["properties"] for one in json.loads((tmp_path / "a.geojson").read_text())["features"])
    assert plain == {"objectType": "annotation", "name": "4", "isLocked": False}
    assert rich["measurements"] == {"Area": 2.0, "Class probability": 0.5}
    ids = {one["id"] for one in json.loads((tmp_path / "a.geojson").read_text())["features"]}
    write_geojson(Image(labels.data, "YX", name="b"), tmp_path / "b.geojson")
    assert ids.isdisjoint(one["id"] for one in json.loads((tmp_path / "b.geojson").read_text())["features"])


def annotation(image: int, segmentation: Any, **more: Any) -> dict[str, Any]:
    return {"image_id": image, "category_id": 7, "segmentation": segmentation} | more


def polygon(left: int, top: int, right: int, bottom: int) -> list[int]:
    return [left, top, right, top, right, bottom, left, bottom]


@pytest.mark.parametrize(
    ("names", "place"),
    [
        (["a.tif", "b.tif"], 0),
        (["b.tif", "folder/a.png"], 1),
        (["b.tif", "a_labels.ome.tif"], 1),
        (["b.tif"], 0),  # the only one, whatever it is called
    ],
)
def test_of_many_images_that_of_the_same_name_is_taken(tmp_path: Path, names: list[str], place: int) -> None:
    content = {
        "images": [{"id": 10 + number, "file_name": name} for number, name in enumerate(names)],
        "annotations": [annotation(10 + n, [polygon(0, 0, 1 + n, 1)], label=10 + n) for n in range(len(names))],
    }
    path = written(tmp_path / "a.json", content)
    for name in ("a", "a_labels"):
        found = read_coco(path, Image(FLAT.data, "YX", name=name))
        assert np.unique(found.labels).tolist() == [0, 10 + place]
        assert len(found.differences) == len(names) - 1
    if len(names) > 1:
        with pytest.raises(UserError, match="no image called c: rename the image, or choose the file that has it"):
            read_coco(path, Image(FLAT.data, "YX", name="c"))


def test_parts_of_an_object_may_overlap_and_classes_are_categories(tmp_path: Path) -> None:
    content = {
        "images": [{"id": 1, "file_name": "a.tif", "t": 1, "z": 2}],
        "categories": [{"id": 7, "name": "Kern"}, {"id": 8, "name": "object"}, "nonsense"],
        "annotations": [
            annotation(1, [polygon(0, 0, 3, 2), polygon(1, 0, 4, 2)], score=0.5),
            annotation(1, {"size": [6, 8], "counts": [46, 2]}, category_id=8, score=0.5),
            annotation(1, [polygon(3, 0, 5, 1)], category_id=9),
        ],
    }
    found = read_coco(written(tmp_path / "a.json", content), MOVIE)
    expected = np.zeros(MOVIE.shape, np.int32)
    expected[1, 2, 0:2, 0:4], expected[1, 2, 4:6, 7], expected[1, 2, 0, 3:5] = 1, 2, 3
    np.testing.assert_array_equal(found.labels, expected)
    assert dict(found.classes.found) == {(1, 1): ObjectClass("Kern", 0.5)}
    assert found.differences == ("1 pixel in several objects went to the last of them.",)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e300"])
@pytest.mark.parametrize("read", [read_coco, read_geojson])
def test_corners_that_are_no_places_are_told(tmp_path: Path, read: Any, number: str) -> None:
    ring = f"[[1, 1], [4, 1], [{number}, 3]]"
    path = tmp_path / "a.json"
    path.write_text(f'[{{"geometry": {{"type": "Polygon", "coordinates": [{ring}]}}}}]')
    if read is read_coco:
        flat = ring.replace("[", "").replace("]", "")
        annotations = f'[{{"image_id": 1, "segmentation": [[{flat}]]}}]'
        path.write_text(f'{{"images": [{{"id": 1, "file_name": "a.tif"}}], "annotations": {annotations}}}')
    with pytest.raises(UserError, match=r"a\.json cannot be read as"):
        read(path, FLAT)
