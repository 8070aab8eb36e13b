"""Another size: whole planes, ids without mixing, and parts that are what the whole would be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_unet.images.resampling import pick_nearest, resample, resample_part, resampled_shape, source_of


@pytest.mark.parametrize(
    ("shape", "factor", "expected"),
    [((10, 20), 0.5, (5, 10)), ((3, 10, 20), 2.0, (20, 40)), ((1, 3), 0.1, (1, 1)), ((7, 9), 1.0, (7, 9))],
)
def test_a_plane_keeps_a_pixel_at_least(shape: tuple[int, ...], factor: float, expected: tuple[int, int]) -> None:
    assert resampled_shape(shape, factor) == expected


def test_shrinking_averages_and_does_not_skip() -> None:
    stripes = np.tile([0.0, 8.0], (1, 8, 8))
    small = resample(stripes, (4, 4))
    assert small.dtype == np.float32
    np.testing.assert_allclose(small[0, :, 1:3], 4, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float64, ">u2"])
def test_the_same_size_is_the_same_pixels_of_any_type(dtype: object) -> None:
    planes = np.arange(24).reshape(2, 3, 4).astype(dtype)
    found = resample(planes, (3, 4))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, planes)


def test_grey_values_of_one_are_that_whatever_the_size() -> None:
    for shape in ((1, 1), (5, 3), (13, 31)):
        np.testing.assert_allclose(resample(np.full((1, 7, 9), 41.0), shape), np.full((1, *shape), 41), rtol=1e-6)


@pytest.mark.parametrize(
    ("factor", "expected"),
    [(2.0, [3, 3, 9, 9, 70_000, 70_000]), (1.0, [3, 9, 70_000]), (1 / 3, [9]), (0.01, [9]), (4 / 3, [3, 9, 9, 70_000])],
)
def test_ids_are_picked_at_the_middles_of_the_new_pixels(factor: float, expected: list[int]) -> None:
    found = pick_nearest(np.array([[3, 9, 70_000]], np.int32), factor)
    assert found.dtype == np.int32
    assert found[0].tolist() == expected


def test_ids_lie_where_the_image_shows_them() -> None:
    labels = np.zeros((31, 44), np.int32)
    labels[8:20, 10:30] = 5
    for factor in (0.4, 1.7, 3.0):
        shown = resample((labels[None] > 0).astype(np.float32), resampled_shape(labels.shape, factor))[0]
        picked = pick_nearest(labels, factor)
        assert set(np.unique(picked)) == {0, 5}
        assert ((shown > 0.5) != (picked == 5)).mean() < 0.05
        assert (picked[shown > 0.99] == 5).all()
        assert not picked[shown < 0.01].any()


sizes = st.integers(2, 40)  # torch itself takes a plane of one column for one row


@given(st.data(), st.tuples(sizes, sizes), st.tuples(sizes, sizes), st.integers(1, 3))
def test_a_part_is_what_the_whole_would_be_there(
    data: st.DataObject, old: tuple[int, int], new: tuple[int, int], channels: int
) -> None:
    planes = np.random.default_rng(0).integers(0, 1000, (channels, *old)).astype(np.uint16)
    starts = [data.draw(st.integers(0, size - 1)) for size in new]
    region = tuple(
        slice(start, data.draw(st.integers(start + 1, size))) for start, size in zip(starts, new, strict=True)
    )
    sources = [source_of(part, *one) for part, *one in zip(region, old, new, strict=True)]
    assert all(0 <= one.start < one.stop <= size for one, size in zip(sources, old, strict=True))
    found = resample_part(
        planes[:, sources[0], sources[1]], (sources[0].start, sources[1].start), old, (region[0], region[1]), new
    )
    np.testing.assert_allclose(found, resample(planes, new)[:, region[0], region[1]], rtol=1e-3, atol=0.05)


@pytest.mark.parametrize(
    ("part", "old", "new", "least", "most"),
    [
        (slice(0, 10), 1000, 1000, (0, 10), (0, 11)),
        (slice(500, 501), 1000, 1000, (500, 501), (499, 502)),
        (slice(100, 101), 1000, 250, (399, 405), (397, 407)),
        (slice(0, 250), 1000, 250, (0, 1000), (0, 1000)),
        (slice(400, 500), 250, 1000, (100, 125), (98, 127)),
    ],
)
def test_a_part_needs_no_more_than_is_around_it(
    part: slice, old: int, new: int, least: tuple[int, int], most: tuple[int, int]
) -> None:
    found = source_of(part, old, new)
    assert most[0] <= found.start <= least[0]
    assert least[1] <= found.stop <= most[1]
