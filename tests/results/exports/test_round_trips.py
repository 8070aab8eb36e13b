"""Labels to a file and back are the same pixels, in every format that can hold them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_unet.images.image import Image
from napari_unet.results.exports.coco import read_coco, write_coco
from napari_unet.results.exports.formats import FORMATS, export_labels, import_labels
from napari_unet.results.exports.outlines import trace_outlines

_HOLDS_ALL = ("geojson", "imagej", "coco", "ome-zarr", "ome-zarr-0.4", "ome-tiff", "png")
# a ring whose hole touches it at a corner, objects of one pixel, two parts that meet at a corner, a part in a hole
_AWKWARD = np.array(
    [
        [1, 1, 1, 1, 0, 3, 0, 5],
        [1, 0, 1, 1, 3, 0, 0, 5],
        [1, 1, 0, 1, 4, 4, 4, 4],
        [1, 0, 1, 0, 4, 0, 0, 4],
        [1, 1, 1, 1, 4, 0, 4, 4],
        [7, 0, 0, 1, 4, 4, 4, 4],
        [2, 7, 2, 2, 2, 2, 2, 2],
    ],
    np.uint8,
)
planes = hnp.arrays(np.uint8, st.tuples(st.integers(1, 8), st.integers(1, 8)), elements=st.integers(0, 3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exports")


def round_trip(labels: Any, axes: str, name: str, folder: Path) -> tuple[Any, Any]:
    image = Image(labels, axes, name="cells")
    exported = export_labels(image, name, folder, force=True)
    path = exported.paths[0] if name != "ctc" else exported.paths[0].parent
    return exported, import_labels(path, image)


@pytest.mark.parametrize("name", ["geojson", "imagej", "coco", "ome-tiff", "png"])
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(labels=planes)
@example(labels=_AWKWARD)
def test_any_plane_comes_back(name: str, folder: Path, labels: Any) -> None:
    exported, imported = round_trip(labels, "YX", name, folder)
    np.testing.assert_array_equal(imported.labels, labels)
    assert exported.objects == imported.objects == np.count_nonzero(np.unique(labels))
    assert exported.differences == imported.differences == ()


@pytest.mark.parametrize("name", _HOLDS_ALL)
@pytest.mark.parametrize("axes", ["ZYX", "TYX", "TZYX"])
def test_stacks_and_time_lapses_come_back(name: str, axes: str, tmp_path: Path) -> None:
    shape = {"T": 3, "Z": 2, "Y": 7, "X": 9}
    labels = np.random.default_rng(0).integers(0, 70_000, [shape[letter] for letter in axes]).astype(np.int32)
    labels[labels < 40_000] = 0
    exported, imported = round_trip(labels, axes, name, tmp_path)
    np.testing.assert_array_equal(imported.labels, labels)
    assert imported.differences == ()
    in_slices = "Z" in axes and name in ("geojson", "imagej", "coco")
    assert any("slice" in sentence for sentence in exported.differences) == in_slices
    assert exported.objects == np.unique(labels).size - 1


def test_tracks_come_back_and_a_gap_is_told(tmp_path: Path) -> None:
    labels = np.zeros((4, 5, 6), np.int32)
    labels[:, 1, 1], labels[1:3, 3, 3], labels[[0, 3], 4, 4] = 5, 9, 2
    exported, imported = round_trip(labels, "TYX", "ctc", tmp_path)
    again = np.where((labels == 2) & (np.arange(4) == 3)[:, None, None], 10, labels)
    np.testing.assert_array_equal(imported.labels, again)
    assert exported.paths[-1].read_text().splitlines() == ["2 0 0 0", "5 0 3 0", "9 1 2 0", "10 3 3 2"]
    assert [sentence.split()[0] for sentence in exported.differences] == ["1"]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(labels=planes)
@example(labels=_AWKWARD)
def test_polygons_of_coco_come_back_but_for_holes_which_are_told(folder: Path, labels: Any) -> None:
    image = Image(labels, "YX", name="cells")
    exported = write_coco(image, folder / "p.json", polygons=True)
    imported = read_coco(folder / "p.json", image)
    holes = any(len(part) > 1 for outline in trace_outlines(labels) for part in outline.parts)
    assert bool(exported.differences) == holes
    if not holes:
        np.testing.assert_array_equal(imported.labels, labels)


@given(labels=planes)
@example(labels=_AWKWARD)
def test_outlines_are_simple_rings_of_the_right_area(labels: Any) -> None:
    outlines = trace_outlines(labels)
    assert [outline.label for outline in outlines] == np.unique(labels[labels > 0]).tolist()
    for outline in outlines:
        total = 0.0
        for part in outline.parts:
            for number, ring in enumerate(part):
                x, y = ring.T
                area = np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) / 2
                assert (area < 0) == (number > 0)  # holes run the other way
                assert len({tuple(point) for point in ring.tolist()}) == len(ring)
                steps = np.abs(np.roll(ring, -1, axis=0) - ring)
                assert (np.count_nonzero(steps, axis=1) == 1).all()
                assert (steps[:, 0] > 0).tolist() != np.roll(steps[:, 0] > 0, 1).tolist()  # every corner turns
                total += area
        assert total == np.count_nonzero(labels == outline.label)


def test_large_ids_go_to_a_tiff_in_place_of_a_png_and_that_is_told(tmp_path: Path) -> None:
    labels = np.array([[0, 70_000]], np.int32)
    exported, imported = round_trip(labels, "YX", "png", tmp_path)
    assert [path.name for path in exported.paths] == ["cells_masks.tif"]
    assert "70000" in exported.differences[0]
    np.testing.assert_array_equal(imported.labels, labels)
    assert [path.name for path in tmp_path.iterdir()] == ["cells_masks.tif"]


def test_the_same_labels_give_the_same_file(tmp_path: Path) -> None:
    image = Image(_AWKWARD, "YX", name="cells")
    for name in ("geojson", "imagej", "coco"):
        written = [export_labels(image, name, tmp_path / str(k)).paths[0].read_bytes() for k in range(2)]
        assert written[0] == written[1]


def test_every_format_says_what_it_is() -> None:
    for name, found in FORMATS.items():
        assert (found.name, bool(found.title), bool(found.ending)) == (name, True, True)
