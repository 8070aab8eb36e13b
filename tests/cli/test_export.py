"""`napari-unet export` and `import-labels`: files that other programs read, and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import zarr

from napari_unet.cli.exchange.export import FORMATS
from napari_unet.images.files.label_files import open_label_file
from napari_unet.results.exports.formats import FORMATS as KNOWN

Run = Callable[..., Any]


@pytest.fixture
def masks(folders: Path) -> Path:
    """The folder of two label images, a.tif and b_labels.tif; the images are in `images`."""
    return folders / "labels"


def test_options_are_the_formats_there_are() -> None:
    assert tuple(KNOWN) == FORMATS


@pytest.mark.parametrize("name", ["geojson", "imagej", "coco", "png", "ome-tiff"])
def test_there_and_back(run: Run, folders: Path, masks: Path, name: str) -> None:
    out, back = folders / "out", folders / "back"
    ran = run("export", masks / "a.tif", masks / "b_labels.tif", "--format", name, "--output", out, "--json")
    assert ran.code == 0, ran.err
    files = [row["output"] for row in ran.answer["files"]]
    assert [Path(path).name for path in files] == [f"{stem}{KNOWN[name].ending}" for stem in "ab"]
    assert [row["objects"] for row in ran.answer["files"]] == [16, 16]
    ran = run("import-labels", *files, "--like", folders / "images", "--output", back, "--json")
    assert ran.code == 0, ran.err
    for stem, original in (("a", "a.tif"), ("b", "b_labels.tif")):
        np.testing.assert_array_equal(tifffile.imread(back / f"{stem}_labels.tif"), tifffile.imread(masks / original))
    again = run("import-labels", files[0], "--like", folders / "images" / "a.tif", "--output", back)
    assert again.code == 2
    assert "--force" in again.sentence


def test_classes_go_there_and_back_as_a_table(run: Run, folders: Path, masks: Path) -> None:
    table = folders / "classes.csv"
    table.write_text("image,label,class,probability\na.tif,1,round,0.9\na.tif,2,long,0.75\n")
    out = folders / "out"
    ran = run("export", masks / "a.tif", "--format", "geojson", "--output", out, "--object-classes", table)
    assert ran.code == 0, ran.err
    ran = run("import-labels", out / "a.geojson", "--like", folders / "images" / "a.tif", "--output", out, "--json")
    assert ran.code == 0, ran.err
    assert Path(ran.answer["files"][0]["classes"]).read_text() == table.read_text()
    image, measured = folders / "images" / "a.tif", folders / "m.csv"
    ran = run("measure", image, "--labels", masks, "--output", measured, "--object-classes", table)
    assert ran.code == 0, ran.err
    rows = [line.split(",") for line in measured.read_text().splitlines()]
    assert [row[rows[0].index("class")] for row in rows[1:4]] == ["round", "long", ""]
    ran = run("export", masks / "b_labels.tif", "--format", "geojson", "--output", out, "--object-classes", table)
    assert "no classes of b" in ran.sentence


def test_labels_go_into_the_ome_zarr_of_their_image(run: Run, folders: Path, masks: Path) -> None:
    image = folders / "a.ome.zarr"
    assert run("export", masks / "a.tif", "--format", "ome-zarr", "--output", folders).code == 0
    ran = run("export", masks / "b_labels.tif", "--format", "ome-zarr", "--into", image)
    assert ran.code == 0, ran.err
    assert zarr.open_group(str(image / "labels"), mode="r").attrs["ome"]["labels"] == ["b_labels"]  # type: ignore
    labels = np.asarray(open_label_file(image / "labels" / "b_labels").data)
    np.testing.assert_array_equal(labels, tifffile.imread(masks / "b_labels.tif"))


def test_bad_file_is_named_and_the_others_are_exported(run: Run, folders: Path, masks: Path) -> None:
    photo = np.random.default_rng(0).integers(0, 255, (32, 32, 3)).astype(np.uint8)
    photo[0] = 0
    tifffile.imwrite(folders / "rgb.tif", photo, photometric="rgb")
    ran = run("export", folders / "rgb.tif", masks / "a.tif", "--format", "geojson", "--output", folders)
    assert ran.code == 2
    assert "rgb.tif" in ran.sentence
    assert (folders / "a.geojson").is_file()
    ran = run("import-labels", folders / "nothing.zip", "--like", folders / "images" / "a.tif")
    assert (ran.code, "nothing.zip" in ran.sentence) == (2, True)
    ran = run("import-labels", folders / "c_rois.zip", "--like", folders / "images")
    assert (ran.code, "called c" in ran.sentence) == (2, True)


@pytest.mark.parametrize("dress", ["palette", "colours", "white is zero", "float"])
def test_labels_in_any_dress_are_exported_alike(run: Run, folders: Path, masks: Path, dress: str) -> None:
    labels = tifffile.imread(masks / "a.tif").astype(np.uint8)
    colours = np.random.default_rng(0).integers(1, 255, (256, 3)).astype(np.uint8)
    colours[0] = 0
    path = folders / "dressed.tif"
    if dress == "palette":
        tifffile.imwrite(path, labels, photometric="palette", colormap=colours.T.astype(np.uint16) * 257)
    elif dress == "colours":
        tifffile.imwrite(path, colours[labels], photometric="rgb")
    elif dress == "float":
        tifffile.imwrite(path, labels.astype(np.float32))
    else:
        tifffile.imwrite(path, labels, photometric="miniswhite")
    ran = run("export", path, "--format", "ome-tiff", "--output", folders / "out")
    assert ran.code == 0, ran.err
    (written,) = (folders / "out").iterdir()
    found = tifffile.imread(written)
    assert len(np.unique(found)) == len(np.unique(labels))
    np.testing.assert_array_equal(found > 0, labels > 0)


def test_a_grey_image_is_not_exported_as_labels(run: Run, folders: Path) -> None:
    ran = run("export", folders / "images" / "a.tif", "--format", "geojson", "--output", folders / "out")
    assert (ran.code, "a grey image and not labels" in ran.sentence) == (2, True)
