"""Files of other programs that lack something, or have something else there: a sentence, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_unet.errors import UserError
from napari_unet.images.image import Image
from napari_unet.results.exports.coco import read_coco
from napari_unet.results.exports.geojson import read_geojson
from napari_unet.results.exports.planes import Canvas, counted, parse_id, read_text

LIKE = Image.from_array(np.zeros((6, 8), np.float32), "YX", name="a")
SQUARE = [[1, 1], [4, 1], [4, 3], [1, 3], [1, 1]]


def written(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


def annotation(**changed: Any) -> dict[str, Any]:
    found = {"image_id": 1, "category_id": 1, "segmentation": [[1, 1, 4, 1, 4, 3, 1, 3]], "label": 5}
    return found | changed


def coco(**changed: Any) -> dict[str, Any]:
    return {"images": [{"id": 1, "file_name": "a.tif"}], "annotations": [annotation()], "categories": []} | changed


def test_what_is_whole_is_read(tmp_path: Path) -> None:
    expected = np.zeros((6, 8), np.int32)
    expected[1:3, 1:4] = 5
    np.testing.assert_array_equal(read_coco(written(tmp_path / "a.json", coco()), LIKE).labels, expected)
    feature = {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [SQUARE]}, "properties": {"name": "5"}}
    np.testing.assert_array_equal(read_geojson(written(tmp_path / "b.json", feature), LIKE).labels, expected)


@pytest.mark.parametrize(
    "content",
    [
        coco(images=[{"file_name": "a.tif"}]),
        coco(images=3),
        coco(annotations=[4]),
        coco(annotations=[annotation(segmentation={"counts": [48]})]),
        coco(annotations=[annotation(segmentation={"size": [6, 8]})]),
        coco(annotations=[annotation(segmentation={"size": ["a", 8], "counts": [48]})]),
        coco(annotations=[annotation(segmentation=[[1, 1, 4]])]),
        coco(annotations=[annotation(segmentation=[["x", 1]])]),
    ],
)
def test_coco_that_lacks_something_is_told(tmp_path: Path, content: Any) -> None:
    with pytest.raises(UserError, match=r"a\.json cannot be read as COCO, .*: export it again, or choose"):
        read_coco(written(tmp_path / "a.json", content), LIKE)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ([], "it has no images or no annotations"),
        ({"images": []}, "it has no images or no annotations"),
        (coco(annotations=[annotation(segmentation={"size": [8, 6], "counts": [48]})]), "of images of 8 x 6"),
        (coco(annotations=[annotation(segmentation={"size": [6, 8], "counts": [40]})]), "40 pixels does not fit"),
        (coco(annotations=[annotation(segmentation={"size": [6, 8], "counts": [50, -2]})]), "does not fit"),
        (coco(annotations=[annotation(segmentation={"size": [6, 8], "counts": "P"})]), "in the middle of a number"),
    ],
)
def test_coco_of_something_else_says_what(tmp_path: Path, content: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        read_coco(written(tmp_path / "a.json", content), LIKE)


def test_coco_leaves_out_what_is_of_other_images_or_has_no_area_and_counts_what_is_painted_over(tmp_path: Path) -> None:
    annotations = [
        annotation(),
        annotation(image_id=7),
        annotation(segmentation=[]),
        annotation(label=9, segmentation=[[3, 1, 6, 1, 6, 3, 3, 3]]),
    ]
    found = read_coco(written(tmp_path / "a.json", coco(annotations=annotations)), LIKE)
    assert found.objects == 2
    assert found.differences == (
        "2 annotations of other images, or without an area, left out.",
        "2 pixels in several objects went to the last of them.",
    )


@pytest.mark.parametrize(
    "feature",
    [
        {"geometry": "POLYGON"},
        {"geometry": {"type": "Polygon", "coordinates": 3}},
        {"geometry": {"type": "Polygon", "coordinates": [[1, 2, 3]]}},
        {"geometry": {"type": "Polygon", "coordinates": [[["a", "b"]]]}},
        {"geometry": {"type": "Polygon", "coordinates": [SQUARE], "plane": {"t": None}}},
        {"geometry": {"type": "Polygon", "coordinates": [SQUARE], "plane": 4}},
        {"geometry": {"type": "Polygon", "coordinates": [SQUARE]}, "properties": [1]},
    ],
)
def test_geojson_that_lacks_something_is_told(tmp_path: Path, feature: Any) -> None:
    with pytest.raises(UserError, match=r"a\.json cannot be read as GeoJSON, .*: export it again, or choose"):
        read_geojson(written(tmp_path / "a.json", [feature]), LIKE)


@pytest.mark.parametrize("content", [3, {"type": "Topology"}, {"features": 4}, [1, 2], "text"])
def test_what_is_no_geojson_is_told(tmp_path: Path, content: Any) -> None:
    with pytest.raises(UserError, match="is no GeoJSON: it holds no features"):
        read_geojson(written(tmp_path / "a.json", content), LIKE)


@pytest.mark.parametrize("read", [read_coco, read_geojson])
def test_broken_json_says_the_line_and_what_is_no_text_is_told(tmp_path: Path, read: Any) -> None:
    path = tmp_path / "a.json"
    path.write_text('{\n"images": [\n')
    with pytest.raises(UserError, match="damaged at line 3"):
        read(path, LIKE)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match=r"a\.json cannot be read"):
        read(path, LIKE)
    with pytest.raises(UserError, match=r"b\.json cannot be read"):
        read(tmp_path / "b.json", LIKE)


def test_a_missing_file_says_why() -> None:
    with pytest.raises(UserError, match=r"nowhere\.json cannot be read: No such file"):
        read_text(Path("nowhere.json"))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("7", 7), (" 12 ", 12), (3, 3), ("2147483647", 2147483647), ("2147483648", None), ("0", None), ("-4", None),
        ("4.0", None), ("cell 4", None), ("", None), (None, None), (4.0, None), ("٣", None),
    ],
)  # fmt: skip
def test_a_name_is_an_id_only_if_it_is_one(text: object, number: int | None) -> None:
    assert parse_id(text) == number


def test_a_canvas_has_the_planes_of_the_image_and_ids_that_are_free() -> None:
    canvas = Canvas(Image.from_array(np.zeros((2, 3, 4, 5), np.uint8), "TZYX"))
    plane = canvas.plane(1, 2)
    assert plane is not None
    plane[:] = 4
    assert (canvas.labels[1, 2] == 4).all()
    assert canvas.labels.sum() == 4 * 20
    for t, z in ((2, 0), (0, 3), (-1, 0), (0, -1)):
        assert canvas.plane(t, z) is None
    assert [canvas.choose_id(one) for one in (None, 7, None, 3, None)] == [1, 7, 8, 3, 9]


@pytest.mark.parametrize(
    ("probability", "kept"),
    [(0.25, 0.25), ("0.5", 0.5), (1, 1.0), (0, 0.0), (1.01, None), ("high", None), (None, None)],
)
def test_a_probability_is_between_0_and_1(probability: object, kept: float | None) -> None:
    canvas = Canvas(LIKE)
    canvas.classify(0, 3, " dead ", probability)
    canvas.classify(0, 4, " ", 0.5)
    canvas.classify(0, 5, 17, 0.5)
    assert {key: (one.name, one.probability) for key, one in canvas.classes.items()} == {(0, 3): ("dead", kept)}


def test_sentences_count() -> None:
    assert counted(0, "feature", "left out.") == []
    assert counted(1, "feature", "left out.") == ["1 feature left out."]
    assert counted(2, "feature", "left out.") == ["2 features left out."]
