"""Classes of objects go into the formats that hold them, and come back; where they cannot, that is told."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import zarr
from roifile import roiread

from napari_unet.errors import UserError
from napari_unet.images.image import Image
from napari_unet.results.exports.formats import FORMATS, export_labels, import_labels
from napari_unet.results.exports.object_classes import (
    ObjectClass,
    ObjectClasses,
    classes_of_image,
    classes_of_table,
    read_class_tables,
)

LABELS = np.zeros((2, 12, 12), np.int32)
LABELS[:, 1:4, 1:4], LABELS[:, 6:9, 1:5], LABELS[1, 5:9, 7:11] = 3, 5, 8
FILM = Image(LABELS, "TYX", name="cells")
GIVEN = ObjectClasses(
    {
        (0, 3): ObjectClass("mitotic", 0.75), (1, 3): ObjectClass("mitotic", 0.75),
        (0, 5): ObjectClass("resting"), (1, 5): ObjectClass("resting"),
    },
    {"mitotic": "#ff0080", "resting": "#00ff00"},
)  # fmt: skip


@pytest.mark.parametrize("name", [name for name, one in FORMATS.items() if one.holds_classes])
def test_classes_come_back(name: str, tmp_path: Path) -> None:
    exported = export_labels(FILM, name, tmp_path, classes=GIVEN)
    found = import_labels(exported.paths[0], FILM)
    np.testing.assert_array_equal(found.labels, LABELS)
    assert dict(found.classes.found) == GIVEN.found  # 8 has none, before and after
    (tmp_path / "plain").mkdir()
    plain = export_labels(FILM, name, tmp_path / "plain")
    assert not import_labels(plain.paths[0], FILM).classes


@pytest.mark.parametrize("name", [name for name, one in FORMATS.items() if not one.holds_classes])
def test_images_of_ids_say_that_they_hold_none(name: str, tmp_path: Path) -> None:
    assert "holds no classes" in export_labels(FILM, name, tmp_path, classes=GIVEN).differences[-1]


def test_each_program_finds_them_where_it_looks(tmp_path: Path) -> None:
    paths = {name: export_labels(FILM, name, tmp_path, True, GIVEN).paths[0] for name in ("geojson", "imagej", "coco")}
    features = json.loads(paths["geojson"].read_text())["features"]
    assert features[0]["properties"]["classification"] == {"name": "mitotic", "color": [255, 0, 128]}
    assert features[0]["properties"]["measurements"] == {"Class probability": 0.75}
    assert "measurements" not in features[1]["properties"]
    rois = {roi.name: roi for roi in roiread(paths["imagej"])}
    assert [rois[f"t0002-0000{label}"].group for label in (3, 5, 8)] == [1, 2, 0]
    assert rois["t0001-00003"].stroke_color == bytes((255, 255, 0, 128))
    coco = json.loads(paths["coco"].read_text())
    names = {one["id"]: one["name"] for one in coco["categories"]}
    assert [names[one["category_id"]] for one in coco["annotations"][2:]] == ["mitotic", "resting", "object"]
    assert [one.get("score") for one in coco["annotations"][:2]] == [0.75, None]
    group = zarr.open_group(str(export_labels(FILM, "ome-zarr", tmp_path, classes=GIVEN).paths[0]), mode="r")
    told = group.attrs["ome"]["image-label"]["properties"]  # type: ignore[call-overload,index]
    assert told[0] == {"label-value": 3, "class": "mitotic", "probability": 0.75}


def test_an_id_that_changes_its_class_is_told_where_a_format_knows_no_frames(tmp_path: Path) -> None:
    changing = ObjectClasses({(0, 3): ObjectClass("a"), (1, 3): ObjectClass("b"), (2, 3): ObjectClass("b")})
    assert changing.by_id() == {3: ObjectClass("b")}
    [told] = export_labels(FILM, "ome-zarr", tmp_path, classes=changing).differences
    assert "commonest" in told


def test_tables_there_and_back_and_of_several_images(tmp_path: Path) -> None:
    table = GIVEN.table()
    assert list(table.columns) == ["t", "label", "class", "probability"]
    assert dict(classes_of_table(table).found) == GIVEN.found
    pd.concat([table.assign(image="a.ome.tif"), table.head(1).assign(image="b.tif")]).to_csv(tmp_path / "c.csv")
    tables = read_class_tables(tmp_path / "c.csv")
    assert dict(classes_of_image(tables, "a.tif").found) == GIVEN.found
    assert len(classes_of_image(tables, "b").found) == 1
    measured = pd.DataFrame({"t": [1, 0, 1], "label": [3, 5, 8], "area": [9, 12, 16]})
    found = GIVEN.added_to(measured)
    assert found["class"].tolist() == ["mitotic", "resting", ""]
    np.testing.assert_array_equal(found["probability"], [0.75, np.nan, np.nan])
    (tmp_path / "bad.csv").write_text("label,class,probability\n1,x,7\n")
    with pytest.raises(UserError, match="from 0 to 1"):
        read_class_tables(tmp_path / "bad.csv")
