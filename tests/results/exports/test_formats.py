"""What other programs read in our files, and what we read in theirs."""

from __future__ import annotations

import json
import uuid
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from jsonschema import Draft202012Validator
from roifile import ROI_TYPE, ImagejRoi, roiread

from napari_unet.errors import UserError
from napari_unet.images.files.label_files import open_label_file
from napari_unet.images.image import Image
from napari_unet.results.exports.coco import read_coco, write_coco
from napari_unet.results.exports.formats import export_labels, import_labels
from napari_unet.results.exports.geojson import Naming, read_geojson, write_geojson
from napari_unet.results.exports.imagej import read_rois, write_rois
from napari_unet.results.exports.object_classes import ObjectClass, ObjectClasses
from napari_unet.results.exports.ome_zarr import write_ome_zarr
from napari_unet.results.exports.run_lengths import decode_runs, expand_text

_POINT = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
_RING = {"type": "array", "items": _POINT, "minItems": 4}
_POLYGON = {"type": "array", "items": _RING, "minItems": 1}
_INTEGER = {"type": "integer", "minimum": 0}
# what QuPath's GsonTools and QuPathTypeAdapters read
_GEOJSON = {
    "type": "object",
    "required": ["type", "features"],
    "properties": {
        "type": {"const": "FeatureCollection"},
        "features": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["type", "id", "geometry", "properties"],
                "additionalProperties": False,
                "properties": {
                    "type": {"const": "Feature"},
                    "id": {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"},
                    "geometry": {
                        "type": "object",
                        "required": ["type", "coordinates"],
                        "properties": {
                            "plane": {
                                "type": "object",
                                "required": ["c", "z", "t"],
                                "properties": {"c": {"const": -1}, "z": _INTEGER, "t": _INTEGER},
                            }
                        },
                        "oneOf": [
                            {"properties": {"type": {"const": "Polygon"}, "coordinates": _POLYGON}},
                            {
                                "properties": {
                                    "type": {"const": "MultiPolygon"},
                                    "coordinates": {"type": "array", "items": _POLYGON, "minItems": 2},
                                }
                            },
                        ],
                    },
                    "properties": {
                        "type": "object",
                        "required": ["objectType"],
                        "additionalProperties": False,
                        "properties": {
                            "objectType": {"enum": ["detection", "cell", "annotation"]},
                            "name": {"type": "string"},
                            "isLocked": {"type": "boolean"},
                            "classification": {
                                "type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}
                            },
                            "measurements": {"type": "object", "additionalProperties": {"type": "number"}},
                        },
                    },
                },
            },
        },
    },
}  # fmt: skip
_COCO = {
    "type": "object",
    "required": ["images", "annotations", "categories"],
    "properties": {
        "images": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "file_name", "width", "height"],
                "properties": {"id": _INTEGER, "file_name": {"type": "string"}, "width": _INTEGER, "height": _INTEGER},
            },
        },
        "annotations": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "image_id", "category_id", "segmentation", "area", "bbox", "iscrowd"],
                "properties": {
                    "id": _INTEGER, "image_id": _INTEGER, "category_id": {"const": 1}, "iscrowd": {"const": 0},
                    "area": {"type": "number", "exclusiveMinimum": 0},
                    "bbox": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 4},
                    "segmentation": {
                        "oneOf": [
                            {
                                "type": "object",
                                "required": ["size", "counts"],
                                "properties": {
                                    "size": {"type": "array", "items": _INTEGER, "minItems": 2, "maxItems": 2},
                                    "counts": {"type": "array", "items": _INTEGER},
                                },
                            },
                            {
                                "type": "array",
                                "minItems": 1,
                                "items": {"type": "array", "items": {"type": "number"}, "minItems": 6},
                            },
                        ]
                    },
                },
            },
        },
        "categories": {
            "type": "array",
            "minItems": 1,
            "items": {"type": "object", "required": ["id", "name"]},
        },
    },
}  # fmt: skip


def scene() -> np.ndarray[Any, Any]:
    """A ring (3), two parts (8), a square (5) in the corner."""
    labels = np.zeros((2, 12, 14), np.int32)
    labels[:, 2:8, 2:8], labels[:, 4:6, 4:6] = 3, 0
    labels[0, 9:11, 1:3], labels[0, 9:11, 6:8], labels[1, 0:2, 12:14] = 8, 8, 5
    return labels


def test_geojson_is_what_qupath_reads(tmp_path: Path) -> None:
    classes = ObjectClasses({(0, 3): ObjectClass("Tumour")}, {"Tumour": "#0a0b0c"})
    naming = Naming("cell", classes, {3: {"Area": 32.0, "Nothing": float("nan")}})
    write_geojson(Image(scene(), "ZYX", name="cells"), tmp_path / "a.geojson", naming)
    found = json.loads((tmp_path / "a.geojson").read_text())
    Draft202012Validator(_GEOJSON).validate(found)
    ring, parts, *_ = found["features"]
    assert ring["properties"] == {
        "objectType": "cell", "name": "3", "isLocked": False,
        "classification": {"name": "Tumour", "color": [10, 11, 12]}, "measurements": {"Area": 32.0},
    }  # fmt: skip
    assert ring["geometry"]["plane"] == {"c": -1, "z": 0, "t": 0}
    outer, hole = ring["geometry"]["coordinates"]
    assert outer[0] == outer[-1]
    assert sorted(map(tuple, outer[1:])) == [(2, 2), (2, 8), (8, 2), (8, 8)]
    assert sorted(map(tuple, hole[1:])) == [(4, 4), (4, 6), (6, 4), (6, 6)]
    assert parts["geometry"]["type"] == "MultiPolygon"
    ids = [feature["id"] for feature in found["features"]]
    assert len({uuid.UUID(own) for own in ids}) == len(ids)
    write_geojson(Image(scene()[0], "YX"), tmp_path / "flat.geojson")
    flat = json.loads((tmp_path / "flat.geojson").read_text())
    Draft202012Validator(_GEOJSON).validate(flat)
    assert "plane" not in flat["features"][0]["geometry"]


def test_geojson_of_others_is_read_and_what_is_left_out_is_told(tmp_path: Path) -> None:
    square = [[[1.2, 1.2], [4.8, 1.2], [4.8, 3.7], [1.2, 3.7], [1.2, 1.2]]]
    over = [[[3, 3], [6, 3], [6, 6], [3, 6], [3, 3]]]
    features = [
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": square}, "properties": {"name": "Cell"}},
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": over}, "properties": {}},
        {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1, 1]}, "properties": {}},
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": over, "plane": {"z": 4}}, "properties": {}},
    ]
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(features))
    labels = Image(np.zeros((2, 8, 8), np.uint8), "ZYX")
    found = read_geojson(path, labels)
    assert np.count_nonzero(found.labels[0] == 1) == 3 * 4 - 2
    assert np.count_nonzero(found.labels[0] == 2) == 9
    assert [sentence.split(" ", 1)[0] for sentence in found.differences] == ["1", "1", "2"]
    path.write_text("[1, 2")
    with pytest.raises(UserError, match=r"a\.geojson"):
        read_geojson(path, labels)


def test_rois_have_places_and_names_as_imagej_keeps_them(tmp_path: Path) -> None:
    time_lapse = np.stack([scene(), scene()])
    write_rois(Image(time_lapse, "TZYX"), tmp_path / "a.zip")
    rois = {roi.name: roi for roi in roiread(tmp_path / "a.zip")}
    assert len(rois) == 8
    square = rois["t0002-z0002-00005"]
    assert (square.t_position, square.z_position, square.position, square.c_position) == (2, 2, 0, 0)
    assert (square.roitype, square.left, square.top, square.right, square.bottom) == (ROI_TYPE.TRACED, 12, 0, 14, 2)
    assert rois["t0001-z0001-00003"].composite
    assert len(rois["t0001-z0001-00008"].coordinates(multi=True)) == 2
    write_rois(Image(scene(), "ZYX"), tmp_path / "b.zip")
    assert {(roi.position, roi.z_position) for roi in roiread(tmp_path / "b.zip")} == {(1, 1), (2, 2)}


def test_rois_of_others_are_read(tmp_path: Path) -> None:
    drawn = {
        "0003-0004": ImagejRoi(roitype=ROI_TYPE.RECT, left=1, top=2, right=4, bottom=4),
        "oval": ImagejRoi(roitype=ROI_TYPE.OVAL, left=5, top=5, right=11, bottom=11),
        "line": ImagejRoi(roitype=ROI_TYPE.LINE, x2=3),
        "free": ImagejRoi.frompoints([[11.5, 0.5], [13.5, 0.5], [13.5, 2.5], [11.5, 2.5]]),
    }
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        for name, roi in drawn.items():
            file.writestr(f"{name}.roi", roi.tobytes())
    found = read_rois(tmp_path / "a.zip", Image(np.zeros((12, 14), np.uint8), "YX"))
    assert np.bincount(found.labels.ravel())[1:].tolist() == [6, np.count_nonzero(found.labels == 2), 4]
    assert 24 <= np.count_nonzero(found.labels == 2) <= 32  # an oval of 6 x 6 pixels
    assert [sentence.split(" ", 1)[0] for sentence in found.differences] == ["1"]
    (tmp_path / "b.zip").write_bytes(b"PK nothing")
    with pytest.raises(UserError, match=r"b\.zip"):
        read_rois(tmp_path / "b.zip", Image(np.zeros((12, 14), np.uint8), "YX"))


@pytest.mark.parametrize("polygons", [False, True])
def test_coco_is_what_its_api_reads(tmp_path: Path, polygons: bool) -> None:
    told = write_coco(Image(scene(), "ZYX", name="cells"), tmp_path / "a.json", polygons)
    found = json.loads((tmp_path / "a.json").read_text())
    Draft202012Validator(_COCO).validate(found)
    assert [image["z"] for image in found["images"]] == [0, 1]
    ring = found["annotations"][0]
    assert (ring["label"], ring["area"], ring["bbox"]) == (3, 32, [2, 2, 6, 6])
    assert any("2 objects with holes" in sentence for sentence in told.differences) == polygons
    if polygons:
        assert len(found["annotations"][1]["segmentation"]) == 2


def test_compressed_run_lengths_of_coco_are_read() -> None:
    """The texts are what the COCO API (pycocotools 2.0.11) makes of the ring of `scene`, and of a wide image."""
    ring = np.zeros((12, 14), np.bool_)
    ring[decode_runs("j06600LL040L04400V2", (12, 14))] = True
    np.testing.assert_array_equal(ring, scene()[0] == 3)
    assert expand_text("n:1Vb^k01TgaTO0000") == [350, 1, 899654, 2, 298, 2, 298, 2, 298]
    with pytest.raises(UserError, match="damaged"):
        expand_text("n:1Vb^k")


def test_coco_of_other_images_is_refused_and_of_many_the_right_one_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_coco(Image(scene()[0], "YX", name="cells"), path)
    found = json.loads(path.read_text())
    found["images"].append({"id": 2, "file_name": "other.png", "width": 14, "height": 12})
    found["annotations"].append(found["annotations"][0] | {"image_id": 2, "label": 77})
    path.write_text(json.dumps(found))
    imported = read_coco(path, Image(scene()[0], "YX", name="cells"))
    np.testing.assert_array_equal(imported.labels, scene()[0])
    assert imported.differences[0].startswith("1 annotation")
    with pytest.raises(UserError, match="strange"):
        read_coco(path, Image(scene()[0], "YX", name="strange"))
    with pytest.raises(UserError, match="does not fit"):
        decode_runs([3, 5], (2, 2))


@pytest.mark.parametrize(("version", "number"), [("0.5", 3), ("0.4", 2)])
def test_ome_zarr_labels_say_what_they_are(tmp_path: Path, version: Any, number: int) -> None:
    labels = Image(scene(), "ZYX", {"Z": 2.0, "Y": 0.5, "X": 0.5}, dict.fromkeys("ZYX", "micrometer"), name="cells")
    write_ome_zarr(labels, tmp_path / "a.zarr", version, names={3: "ring"})
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="r")
    assert group.metadata.zarr_format == number
    attributes = group.attrs.asdict()
    metadata: Any = attributes["ome"] if version == "0.5" else attributes
    assert [colour["label-value"] for colour in metadata["image-label"]["colors"]] == [3, 5, 8]
    assert metadata["image-label"]["properties"] == [{"label-value": 3, "name": "ring"}]
    assert (metadata if version == "0.5" else metadata["multiscales"][0])["version"] == version
    read = open_label_file(tmp_path / "a.zarr")
    assert (read.axes, read.scale_of("ZYX"), set(read.units_of("ZYX"))) == ("ZYX", (2.0, 0.5, 0.5), {"micrometer"})
    np.testing.assert_array_equal(np.asarray(read.data), scene())


def test_ome_zarr_labels_go_under_their_image(tmp_path: Path) -> None:
    write_ome_zarr(Image(scene() * 100, "ZYX", name="image"), tmp_path / "image.zarr")  # any image will do
    for name in ("cells", "nuclei"):
        write_ome_zarr(Image(scene(), "ZYX"), tmp_path, image=tmp_path / "image.zarr", name=name)
    listing: Any = zarr.open_group(str(tmp_path / "image.zarr" / "labels"), mode="r").attrs["ome"]
    assert listing["labels"] == ["cells", "nuclei"]
    under: Any = zarr.open_group(str(tmp_path / "image.zarr" / "labels" / "nuclei"), mode="r").attrs["ome"]
    assert under["image-label"]["source"] == {"image": "../../"}
    pixels: Any = zarr.open_group(str(tmp_path / "image.zarr"), mode="r")["0"]
    np.testing.assert_array_equal(np.asarray(pixels), scene() * 100)
    with pytest.raises(UserError, match="cells"):
        write_ome_zarr(Image(scene(), "ZYX"), tmp_path, image=tmp_path / "image.zarr", name="cells")
    with pytest.raises(UserError, match="no OME-Zarr"):
        write_ome_zarr(Image(scene(), "ZYX"), tmp_path, image=tmp_path / "none.zarr", name="cells")


def test_large_labels_have_resolution_levels_of_ids_that_exist(tmp_path: Path) -> None:
    labels = np.kron(np.arange(16).reshape(4, 4), np.ones((200, 200))).astype(np.int32)
    write_ome_zarr(Image(labels, "YX"), tmp_path / "a.zarr")
    group = zarr.open_group(str(tmp_path / "a.zarr"), mode="r")
    shapes = [group[str(level)].shape for level in range(3)]  # type: ignore[union-attr]
    assert shapes == [(800, 800), (400, 400), (200, 200)]
    assert set(np.unique(np.asarray(group["2"]))) == set(range(16))


def test_existing_file_is_kept_unless_forced_and_failure_leaves_nothing(tmp_path: Path) -> None:
    labels = Image(scene()[0], "YX", name="cells_labels")
    [path] = export_labels(labels, "geojson", tmp_path).paths
    assert path.name == "cells.geojson"
    with pytest.raises(UserError, match="exists already"):
        export_labels(labels, "geojson", tmp_path)
    export_labels(labels, "geojson", tmp_path, force=True)
    with pytest.raises(UserError, match="time-lapse"):
        export_labels(labels, "ctc", tmp_path)
    with pytest.raises(UserError, match="32767"):
        export_labels(Image(np.zeros((1, 40_000), np.uint8), "YX"), "imagej", tmp_path)
    assert [found.name for found in tmp_path.iterdir()] == ["cells.geojson"]
    with pytest.raises(UserError, match="no file"):
        import_labels(tmp_path / "none.zip", labels)
