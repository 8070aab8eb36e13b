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
from napari_unet.images.files.reading import read_image
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


def test_labels_go_into_the_ome_zarr_of_their_image(run: Run, folders: Path, masks: Path) -> None:
    image = folders / "a.ome.zarr"
    assert run("export", masks / "a.tif", "--format", "ome-zarr", "--output", folders).code == 0
    ran = run("export", masks / "b_labels.tif", "--format", "ome-zarr", "--into", image)
    assert ran.code == 0, ran.err
    assert zarr.open_group(str(image / "labels"), mode="r").attrs["ome"]["labels"] == ["b_labels"]  # type: ignore
    labels = np.asarray(read_image(image / "labels" / "b_labels").data)
    np.testing.assert_array_equal(labels, tifffile.imread(masks / "b_labels.tif"))


def test_bad_file_is_named_and_the_others_are_exported(run: Run, folders: Path, masks: Path) -> None:
    colour = folders / "rgb.tif"
    tifffile.imwrite(colour, np.zeros((8, 8, 3), np.uint8), photometric="rgb")
    ran = run("export", colour, masks / "a.tif", "--format", "geojson", "--output", folders)
    assert ran.code == 2
    assert "rgb.tif" in ran.sentence
    assert (folders / "a.geojson").is_file()
    ran = run("import-labels", folders / "nothing.zip", "--like", folders / "images" / "a.tif")
    assert (ran.code, "nothing.zip" in ran.sentence) == (2, True)
    ran = run("import-labels", folders / "c_rois.zip", "--like", folders / "images")
    assert (ran.code, "called c" in ran.sentence) == (2, True)
