"""ROIs that others made in Fiji, in every form, and ROI files that are damaged."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from roifile import ROI_TYPE, ImagejRoi, roiread

from napari_unet.errors import UserError
from napari_unet.images.image import Image
from napari_unet.results.exports.imagej import read_rois, write_rois
from napari_unet.results.exports.object_classes import ObjectClass, ObjectClasses

FLAT = Image(np.zeros((9, 11), np.uint8), "YX", name="a")
STACK = Image(np.zeros((3, 9, 11), np.uint8), "ZYX", name="a")
FILM = Image(np.zeros((3, 9, 11), np.uint8), "TYX", name="a")
MOVIE = Image(np.zeros((2, 3, 9, 11), np.uint8), "TZYX", name="a")


def zipped(path: Path, rois: dict[str, ImagejRoi]) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        for name, roi in rois.items():
            file.writestr(name, roi.tobytes())
    return path


def box(left: int = 1, top: int = 2, right: int = 4, bottom: int = 5, **more: object) -> ImagejRoi:
    return ImagejRoi(roitype=ROI_TYPE.RECT, left=left, top=top, right=right, bottom=bottom, **more)


def test_a_single_roi_is_read_by_the_name_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "17.roi").write_bytes(box().tobytes())
    found = read_rois(tmp_path / "17.roi", FLAT)
    expected = np.zeros((9, 11), np.int32)
    expected[2:5, 1:4] = 17
    np.testing.assert_array_equal(found.labels, expected)
    assert (found.objects, found.differences) == (1, ())


@pytest.mark.parametrize(
    ("like", "roi", "index"),
    [
        (STACK, box(), (0,)),
        (STACK, box(position=2), (1,)),
        (STACK, box(z_position=3), (2,)),
        (STACK, box(t_position=3), (0,)),  # of a hyperstack with frames: this image has none
        (FILM, box(position=2), (1,)),
        (FILM, box(t_position=3), (2,)),
        (FILM, box(z_position=2), (0,)),
        (MOVIE, box(z_position=3, t_position=2), (1, 2)),
        (MOVIE, box(position=3), (0, 2)),
        (FLAT, box(z_position=4, t_position=4), ()),
    ],
)
def test_a_roi_is_in_its_slice_and_frame_as_far_as_the_image_has_them(
    tmp_path: Path, like: Image, roi: ImagejRoi, index: tuple[int, ...]
) -> None:
    found = read_rois(zipped(tmp_path / "a.zip", {"4.roi": roi}), like)
    expected = np.zeros(like.shape, np.int32)
    expected[index][2:5, 1:4] = 4
    np.testing.assert_array_equal(found.labels, expected)


def test_what_is_elsewhere_or_no_area_or_no_roi_is_left_out_and_told(tmp_path: Path) -> None:
    rois = {
        "far.roi": box(z_position=9),
        "other.roi": box(z_position=4),
        "point.roi": ImagejRoi(roitype=ROI_TYPE.POINT),
        "5.roi": box(z_position=1),
        "6.ROI": box(3, 2, 5, 5, z_position=1),
        "notes.txt": box(),
    }
    found = read_rois(zipped(tmp_path / "a.zip", rois), STACK)
    assert np.unique(found.labels).tolist() == [0, 5, 6]
    assert found.differences == (
        "1 ROI without an area (lines, points, text) left out.",
        "2 ROIs in slices or frames that the image has not left out.",
        "3 pixels in several ROIs went to the last of them.",
    )


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("t0002-z0003-00007", 7),
        ("z0003-12", 12),
        ("t1-5", 5),
        ("0012", 12),
        ("0003-0004", 1),
        ("cell 8", 1),
        ("z1-", 1),
    ],
)
def test_names_are_ids_only_if_they_are_of_our_kind(tmp_path: Path, name: str, label: int) -> None:
    found = read_rois(zipped(tmp_path / "a.zip", {"file.roi": box(name=name)}), FLAT)
    assert np.unique(found.labels).tolist() == [0, label]


@pytest.mark.parametrize(
    ("more", "name", "probability"),
    [
        ({}, None, None),
        ({"group": 3}, "group 3", None),
        ({"group": 3, "props": "class: dead\nprobability: 0.25\n"}, "dead", 0.25),
        ({"props": "colour: red\n"}, None, None),
        ({"props": "class: a: b\nprobability: high\n"}, "a: b", None),
    ],
)
def test_the_class_is_a_property_or_else_the_group(
    tmp_path: Path, more: dict[str, object], name: str | None, probability: float | None
) -> None:
    classes = read_rois(zipped(tmp_path / "a.zip", {"2.roi": box(**more)}), FLAT).classes
    assert classes.of(0, 2) == (None if name is None else ObjectClass(name, probability))


def test_what_is_drawn_between_pixels_goes_to_those_whose_middles_it_holds(tmp_path: Path) -> None:
    triangle = ImagejRoi.frompoints(np.array([[0.2, 0.2], [6.6, 0.2], [0.2, 6.6]]), name="3")
    found = read_rois(zipped(tmp_path / "a.zip", {"cell.roi": triangle}), FLAT).labels
    rows, columns = np.indices(found.shape)
    np.testing.assert_array_equal(found == 3, rows + columns + 1 <= 6)


def test_groups_go_up_to_255_and_the_sentence_names_them(tmp_path: Path) -> None:
    labels = np.arange(300, dtype=np.int32).reshape(15, 20)
    classes = ObjectClasses({(0, label): ObjectClass(f"c{label:03}") for label in range(1, 299)})
    exported = write_rois(Image(labels, "YX"), tmp_path / "a.zip", classes)
    assert "1 c001, 2 c002, 3 c003" in exported.differences[-1]
    groups = [roi.group for roi in roiread(tmp_path / "a.zip")]
    assert groups == [*range(1, 256), *[255] * 43, 0]


def test_curves_and_packed_nonsense_are_told(tmp_path: Path) -> None:
    curved = ImagejRoi(roitype=ROI_TYPE.RECT, left=0, top=0, right=5, bottom=5)
    curved.multi_coordinates = np.array([0, 1, 1, 2, 2, 2, 3, 3, 4], np.float32)  # a quadratic curve
    curved.shape_roi_size = curved.multi_coordinates.size
    with pytest.raises(UserError, match=r"a\.zip cannot be read as ImageJ ROIs, .*: export it again, or choose"):
        read_rois(zipped(tmp_path / "a.zip", {"1.roi": curved}), FLAT)
    with pytest.raises(UserError, match=r"nothing\.zip holds no ImageJ ROIs that can be read"):
        read_rois(tmp_path / "nothing.zip", FLAT)


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A zip of a ring, which is a composite ROI, and a simple one."""
    labels = np.zeros((9, 11), np.int32)
    labels[1:6, 1:6], labels[3, 3], labels[7:9, 8:10] = 3, 0, 5
    path = tmp_path_factory.mktemp("rois") / "a.zip"
    write_rois(Image(labels, "YX"), path)
    return path


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), packed=st.booleans(), cut=st.booleans())
def test_a_damaged_file_is_read_or_told_never_a_traceback(
    intact: Path, data: st.DataObject, packed: bool, cut: bool
) -> None:
    """A corner that was not a number once ended the whole program."""
    content = bytearray(intact.read_bytes())
    if not packed:
        with zipfile.ZipFile(intact) as file:
            content = bytearray(file.read(file.namelist()[0]))
    place = data.draw(st.integers(0, len(content) - 1))
    if cut:
        del content[place:]
    else:
        content[place : place + 4] = data.draw(st.binary(min_size=4, max_size=4))
    damaged = intact.with_name("damaged.zip")
    damaged.write_bytes(content)
    told = ""
    try:
        read_rois(damaged, FLAT)
    except UserError as error:
        told = str(error)
    assert not told or "damaged.zip" in told
