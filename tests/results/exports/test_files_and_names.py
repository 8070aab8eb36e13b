"""Where exported files go and what they are called, which images they belong to, and how a file is recognized."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image as Picture

from napari_unet.errors import UserError
from napari_unet.images.image import Image
from napari_unet.results.exports.formats import FORMATS, export_labels, image_of, import_labels
from napari_unet.results.exports.object_classes import ObjectClass, ObjectClasses
from napari_unet.results.exports.ome_zarr import write_ome_zarr

LABELS = np.zeros((2, 6, 8), np.int32)
LABELS[:, 1:3, 1:4], LABELS[1, 4:6, 6:8] = 4, 9


def flat(name: str = "cells") -> Image:
    return Image(LABELS[1], "YX", name=name)


@pytest.mark.parametrize("name", ["cells", "cells_labels", "zöllner 細胞 1.5", "a_labels_labels"])
@pytest.mark.parametrize("format_name", [name for name in FORMATS if name != "ctc"])
def test_files_are_called_after_the_image_and_lead_back_to_it(tmp_path: Path, name: str, format_name: str) -> None:
    [path] = export_labels(flat(name), format_name, tmp_path / "new" / "folder").paths
    own = name.removesuffix("_labels")
    assert path.name == own + FORMATS[format_name].ending
    if not own.endswith("_labels"):
        assert image_of(path) == own
    assert [found.name for found in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("file", "image"),
    [
        ("a_rois.zip", "a"), ("a.zip", "a"), ("a.roi", "a"), ("a_coco.json", "a"), ("a.json", "a"), ("a.geojson", "a"),
        ("a_TRA", "a"), ("a_masks.png", "a"), ("a_labels.ome.tif", "a"), ("a_labels.tif", "a"), ("a.ome.zarr", "a"),
        ("a.b_masks.tif", "a.b"), ("a_rois.geojson", "a_rois"), ("a_masks_rois.zip", "a_masks"), ("a", "a"),
    ],
)  # fmt: skip
def test_a_file_of_labels_names_its_image(file: str, image: str) -> None:
    assert image_of(Path("folder") / file) == image


@pytest.mark.parametrize("name", ["ome-zarr", "ome-zarr-0.4"])
def test_a_folder_that_is_written_again_is_all_new(tmp_path: Path, name: str) -> None:
    [path] = export_labels(flat(), name, tmp_path).paths
    (path / "left over").write_text("")
    with pytest.raises(UserError, match=r"cells\.ome\.zarr exists already: add --force to overwrite it, or choose"):
        export_labels(flat(), name, tmp_path)
    export_labels(Image(LABELS[0], "YX", name="cells"), name, tmp_path, force=True)
    assert not (path / "left over").exists()
    np.testing.assert_array_equal(import_labels(path, flat()).labels, LABELS[0])


@pytest.mark.parametrize("name", ["geojson", "ome-zarr"])
def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(UserError, match=r"cells\..* cannot be written: .* Choose another folder\."):
        export_labels(flat(), name, tmp_path / "file")


def test_what_was_begun_goes_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(labels: Image, path: Path, classes: object) -> Any:
        path.write_text("half of it")
        raise OSError(28, "No space left on device")

    chosen = FORMATS["geojson"]
    monkeypatch.setitem(FORMATS, "geojson", type(chosen)(chosen.name, chosen.title, chosen.ending, stop))
    (tmp_path / "cells.geojson").write_text("the old one")
    with pytest.raises(UserError, match=r"cells\.geojson cannot be written: No space left on device\."):
        export_labels(flat(), "geojson", tmp_path, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["cells.geojson"]
    assert (tmp_path / "cells.geojson").read_text() == "the old one"


@pytest.mark.parametrize("ending", [".json", "_other.JSON"])
def test_json_is_told_apart_by_what_it_holds(tmp_path: Path, ending: str) -> None:
    for name in ("coco", "geojson"):
        [path] = export_labels(flat(), name, tmp_path, force=True).paths
        renamed = path.rename(tmp_path / f"{name}{ending}")
        np.testing.assert_array_equal(import_labels(renamed, flat()).labels, LABELS[1])


def test_a_missing_file_is_told_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"There is no file .*none\.tif: check its name and folder\."):
        import_labels(tmp_path / "none.tif", flat())


@pytest.mark.parametrize(
    ("highest", "kind", "bits"), [(65_535, "png", np.uint16), (65_536, "tif", np.uint32), (2**31 - 1, "tif", np.uint32)]
)
def test_masks_are_a_png_up_to_16_bits_and_a_tiff_beyond(
    tmp_path: Path, highest: int, kind: str, bits: type[np.generic]
) -> None:
    labels = np.zeros((3, 5), np.int64)
    labels[0, 0], labels[2, 4] = 1, highest
    exported = export_labels(Image(labels, "YX", name="a"), "png", tmp_path)
    [path] = exported.paths
    assert path.name == f"a_masks.{kind}"
    if kind == "png":
        with Picture.open(path) as picture:
            pixels = np.asarray(picture)
    else:
        pixels = tifffile.imread(path)
        assert exported.differences == (f"A PNG cannot hold ids up to {highest}: it is a TIFF.",)
    assert pixels.dtype == bits
    np.testing.assert_array_equal(pixels, labels)


@pytest.mark.parametrize(("highest", "bits"), [(65_535, np.uint16), (65_536, np.uint32)])
def test_a_stack_of_masks_is_a_tiff_of_as_few_bytes_as_do(tmp_path: Path, highest: int, bits: type[np.generic]) -> None:
    stack = np.where(LABELS == 9, highest, LABELS)
    exported = export_labels(Image(stack, "ZYX", name="a"), "png", tmp_path)
    assert exported.differences == ("A PNG cannot hold a stack: it is a TIFF.",)
    assert exported.objects == 2
    assert tifffile.imread(exported.paths[0]).dtype == bits
    written = write_ome_zarr(Image(stack, "ZYX"), tmp_path / "z.zarr")
    level: Any = zarr.open_group(str(written.paths[0]), mode="r")["0"]
    assert level.dtype == bits
    assert level.chunks == (1, 6, 8)


def test_labels_under_an_image_keep_its_version_and_an_existing_name_is_refused(tmp_path: Path) -> None:
    image = tmp_path / "image.zarr"
    write_ome_zarr(flat(), image, "0.4")
    write_ome_zarr(flat(), tmp_path, "0.5", image=image, name="nuclei")
    group = zarr.open_group(str(image / "labels" / "nuclei"), mode="r")
    assert group.metadata.zarr_format == 2
    assert zarr.open_group(str(image / "labels"), mode="r").attrs.asdict() == {"labels": ["nuclei"]}
    with pytest.raises(UserError, match="nuclei exists already: give the labels another name"):
        write_ome_zarr(flat(), tmp_path, image=image, name="nuclei")
    plain = tmp_path / "plain.zarr"
    zarr.open_group(str(plain), mode="w")
    with pytest.raises(UserError, match="is no OME-Zarr image: choose its folder"):
        write_ome_zarr(flat(), tmp_path, image=plain)
    assert not (plain / "labels").exists()


def test_names_and_classes_of_an_id_stand_together(tmp_path: Path) -> None:
    classes = ObjectClasses({(0, 4): ObjectClass("dead", 0.5), (0, 9): ObjectClass("alive")})
    write_ome_zarr(flat(), tmp_path / "a.zarr", names={4: "the first"}, classes=classes)
    told: Any = zarr.open_group(str(tmp_path / "a.zarr"), mode="r").attrs["ome"]
    assert told["image-label"]["properties"] == [
        {"label-value": 4, "name": "the first", "class": "dead", "probability": 0.5},
        {"label-value": 9, "class": "alive"},
    ]


def test_coco_calls_the_image_by_its_file_and_counts_its_categories_from_two(tmp_path: Path) -> None:
    labels = Image(LABELS, "TYX", name="other", path=tmp_path / "cells 1.tif")
    classes = ObjectClasses({(1, 9): ObjectClass("b"), (0, 4): ObjectClass("a", 0.5), (1, 4): ObjectClass("b", 1.0)})
    [path] = export_labels(labels, "coco", tmp_path, classes=classes).paths
    found = json.loads(path.read_text())
    assert [(one["file_name"], one["t"], one["id"]) for one in found["images"]] == [
        ("cells 1.tif", 0, 1), ("cells 1.tif", 1, 2),
    ]  # fmt: skip
    assert [(one["id"], one["name"]) for one in found["categories"]] == [(1, "object"), (2, "a"), (3, "b")]
    told = [(one["id"], one["image_id"], one["label"], one["category_id"]) for one in found["annotations"]]
    assert told == [(1, 1, 4, 2), (2, 2, 4, 3), (3, 2, 9, 3)]
