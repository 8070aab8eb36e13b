"""The small picture of a segmented file: which pixels it shows, and of what there is none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from napari_unet.workflows.files.glance import draw_thumbnail, glance_at


def save(path: Path, array: np.ndarray, **more: object) -> Path:
    tifffile.imwrite(path, array, **more)
    return path


def test_of_a_stack_the_middle_slice_of_the_first_frame_is_shown(tmp_path: Path) -> None:
    pixels = np.zeros((2, 5, 20, 30), np.uint16)
    labels = np.zeros((2, 5, 20, 30), np.uint16)
    pixels[0, 2, :, 15:], labels[0, 2, 4:12, 4:12] = 900, 3
    image = save(tmp_path / "a.ome.tif", pixels, metadata={"axes": "TZYX"}, ome=True)
    found = glance_at(image, save(tmp_path / "l.ome.tif", labels, metadata={"axes": "TZYX"}, ome=True))
    assert found is not None
    assert found.path == image
    assert found.picture.shape == (20, 30, 3)
    assert (found.picture[0, 20:] == 255).all()
    assert not found.picture[0, :15].any()
    outlined = (found.picture == (255, 170, 0)).all(axis=-1)
    assert np.count_nonzero(outlined) == 28  # the border of 8 x 8 pixels
    assert not outlined[5:11, 5:11].any()


def test_of_what_cannot_be_read_there_is_none(tmp_path: Path) -> None:
    image = save(tmp_path / "a.tif", np.zeros((8, 9), np.uint8))
    assert glance_at(image, tmp_path / "none.tif") is None
    assert glance_at(tmp_path / "none.tif", image) is None
    (tmp_path / "b.tif").write_bytes(b"no picture")
    assert glance_at(tmp_path / "b.tif", image) is None
    assert glance_at(image, image) is not None


@pytest.mark.parametrize(
    ("shape", "small"),
    [((96, 40), (96, 40)), ((97, 40), (49, 20)), ((10, 960), (1, 96)), ((1, 1), (1, 1)), ((961, 3), (88, 1))],
)
def test_the_longer_side_is_at_most_96_pixels(shape: tuple[int, int], small: tuple[int, int]) -> None:
    assert draw_thumbnail(np.ones(shape), np.zeros(shape, int)).shape == (*small, 3)


def test_pixels_that_are_no_numbers_and_images_of_one_grey_are_drawn() -> None:
    pixels = np.full((6, 6), np.nan)
    pixels[3:] = 5
    picture = draw_thumbnail(pixels, np.zeros((6, 6), int))
    assert not picture[:3].any()
    assert (picture[3:] == 255).all()
    assert not draw_thumbnail(np.full((6, 6), 7), np.zeros((6, 6), int)).any()


def test_outlines_lie_within_objects_also_where_two_touch() -> None:
    labels = np.zeros((6, 10), int)
    labels[1:5, 1:5], labels[1:5, 5:9] = 4, 9
    outlined = (draw_thumbnail(np.zeros((6, 10)), labels) == (255, 170, 0)).all(axis=-1)
    expected = labels > 0
    expected[2:4, 2:4] = expected[2:4, 6:8] = False
    np.testing.assert_array_equal(outlined, expected)
