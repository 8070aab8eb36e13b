"""Voxel ratios, and rows that are stretched and thinned at their places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_unet.errors import UserError
from napari_unet.images.image import Image
from napari_unet.restoration.side_views import coarsen, stretch, stretched_length, thin, voxel_ratio


def stack(slices: int = 4, z: float = 2.0, x: float = 0.5, y: float = 0.25) -> Image:
    return Image(np.zeros((slices, 6, 8)), "ZYX", {"Z": z, "Y": y, "X": x}, dict.fromkeys("ZYX", "micrometer"))


def test_the_ratio_is_of_z_to_x_unless_another_is_wanted() -> None:
    assert voxel_ratio(stack()) == 4
    assert voxel_ratio(stack(), 3) == 3
    assert voxel_ratio(Image(np.zeros((4, 6, 8)), "ZYX"), 2.5) == 2.5


@pytest.mark.parametrize("ratio", [1.25, 16.0])
def test_the_least_and_the_most_ratio_are_taken(ratio: float) -> None:
    assert voxel_ratio(stack(), ratio) == ratio


@pytest.mark.parametrize(
    ("image", "wanted", "said"),
    [
        (stack(3), 0.0, "has 3 slices: a z-stack of at least 4 is needed"),
        (stack(1), 4.0, "has 1 slice: a z-stack of at least 4 is needed"),
        (Image(np.zeros((6, 8)), "YX"), 4.0, "has 1 slice: a z-stack"),
        (Image(np.zeros((4, 6, 8)), "ZYX"), 0.0, "give the voxel ratio, or set the voxel size"),
        (stack(z=0.6), 0.0, r"are 1\.2 times as long along z as across: only from 1\.25 to 16 times"),
        (stack(), 1.24, "only from"),
        (stack(), 16.1, "are 16 times"),
    ],
)
def test_what_cannot_be_mended_is_told(image: Image, wanted: float, said: str) -> None:
    with pytest.raises(UserError, match=said):
        voxel_ratio(image, wanted)


@pytest.mark.parametrize(("n", "ratio", "rows"), [(1, 4, 1), (4, 4, 13), (5, 2.5, 11), (4, 1.25, 4), (11, 2.3, 24)])
def test_first_and_last_slice_keep_their_places(n: int, ratio: float, rows: int) -> None:
    assert stretched_length(n, ratio) == rows


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 9), st.integers(2, 6), st.integers(0, 99))
def test_slices_stand_unchanged_among_the_stretched_rows_and_are_what_thinning_leaves(
    n: int, ratio: int, seed: int
) -> None:
    slices = np.random.default_rng(seed).normal(size=(n, 3)).astype(np.float32)
    rows = stretch(slices, ratio)
    assert rows.shape == ((n - 1) * ratio + 1, 3)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows[::ratio], slices, atol=1e-5)
    np.testing.assert_allclose(thin(rows, ratio, 0), slices, atol=1e-5)


def test_between_slices_a_slope_goes_on_evenly_and_a_curve_is_cubic() -> None:
    slope = np.arange(6, dtype=np.float32)[:, None] * 4
    np.testing.assert_allclose(stretch(slope, 4)[4:17, 0], np.arange(4, 17), atol=1e-5)
    spike = np.array([0, 0, 0, 1, 0, 0, 0], np.float32)[:, None]
    np.testing.assert_allclose(stretch(spike, 2)[2:11, 0], [0, -0.0625, 0, 0.5625, 1, 0.5625, 0, -0.0625, 0], atol=1e-6)


def test_asked_for_more_rows_than_there_are_the_last_slice_goes_on() -> None:
    rows = stretch(np.array([[1], [2], [5]], np.float32), 2, 9)
    assert rows.shape == (9, 1)
    np.testing.assert_allclose(rows[6:, 0], 5, atol=1e-5)


def test_blur_goes_along_the_rows_alone_and_keeps_the_sum() -> None:
    plane = np.zeros((33, 5))
    plane[16, 2] = 1
    assert thin(plane, 4, 0)[:, 2].tolist() == [0, 0, 0, 0, 1, 0, 0, 0, 0]
    blurred = thin(plane, 4, 0.5)
    assert blurred.shape == (9, 5)
    assert not blurred[:, [0, 1, 3, 4]].any()
    weights = np.exp(-(np.arange(-6, 7) ** 2) / 8)
    assert blurred[4, 2] == pytest.approx(1 / weights.sum(), rel=1e-4)
    assert blurred[3, 2] == pytest.approx(np.exp(-2) / weights.sum(), rel=1e-4)


@pytest.mark.parametrize(("rows", "left"), [(33, 33), (34, 33), (36, 33), (37, 37)])
def test_a_coarsened_plane_ends_at_its_last_slice(rows: int, left: int) -> None:
    assert coarsen(np.ones((rows, 3)), 4, 0.4).shape == (left, 3)
