import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_unet.images.normalization import Limits, NormalizationConfig, measure_limits, normalize

DTYPES = ["u1", "u2", "i2", ">u2", "u4", "i8", "f4", "f8", ">f4", "f2", "?"]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=6))
    )
)
def test_any_image_becomes_finite_and_limited(data):
    limits = measure_limits(data)
    assert np.isfinite([limits.low, limits.high]).all()
    assert limits.low < limits.high
    scaled = normalize(data, limits)
    assert scaled.dtype == np.float32
    assert scaled.shape == data.shape
    assert np.isfinite(scaled).all()
    assert np.abs(scaled).max(initial=0) <= NormalizationConfig().clip


@pytest.mark.parametrize("value", [0, 7, 65535])
def test_constant_image_becomes_zero(value):
    data = np.full((20, 30), value, np.uint16)
    assert not normalize(data, measure_limits(data)).any()


def test_without_finite_values_all_is_zero():
    data = np.array([[np.nan, np.inf], [-np.inf, np.nan]])
    assert not normalize(data, measure_limits(data)).any()


def test_infinities_among_finite_values_are_clipped():
    data = np.array([[np.nan, np.inf], [-np.inf, 1.0], [0.0, 0.5]])
    np.testing.assert_array_equal(normalize(data, measure_limits(data))[:2, :1], [[0], [-3]])
    assert normalize(data, measure_limits(data))[0, 1] == 3


@pytest.mark.parametrize("dtype", [np.float64, np.uint32, np.int64])
def test_grey_values_on_a_large_offset_survive(dtype):
    values = np.random.default_rng(0).integers(0, 1000, (64, 64))
    data = (values + 2**31).astype(dtype)
    expected = normalize(values.astype(np.float64), measure_limits(values))
    np.testing.assert_allclose(normalize(data, measure_limits(data)), expected, atol=1e-6)


def test_numbers_near_the_end_of_float64_keep_their_contrast():
    values = np.random.default_rng(0).uniform(0.1, 1.5, (64, 64))
    np.testing.assert_allclose(
        normalize(values * 5e306, measure_limits(values * 5e306)), normalize(values, measure_limits(values)), atol=1e-6
    )


@pytest.mark.parametrize("offset", [0, 500])
@pytest.mark.parametrize("factor", [1, 17])
def test_brightness_and_contrast_do_not_matter(offset, factor):
    values = np.random.default_rng(1).integers(0, 2000, (64, 64)).astype(np.uint16)
    other = (values * factor + offset).astype(np.uint16)
    np.testing.assert_allclose(
        normalize(other, measure_limits(other)), normalize(values, measure_limits(values)), atol=1e-5
    )


def test_nan_and_inf_do_not_move_the_limits():
    data = np.random.default_rng(2).normal(size=(64, 64))
    spoiled = np.concatenate([data, np.full((3, 64), np.nan), np.full((3, 64), np.inf)])
    assert measure_limits(spoiled) == measure_limits(data)


def test_mostly_saturated_and_mostly_empty_images_keep_contrast():
    saturated = np.full((100, 100), 65535, np.uint16)
    saturated[:1, :5] = 100
    empty = np.zeros((100, 100), np.uint16)
    empty[0, 0] = 900
    for data in (saturated, empty):
        scaled = normalize(data, measure_limits(data))
        assert (scaled.min(), scaled.max()) == (0, 1)


def test_big_lazy_stack_is_sampled_and_gets_the_limits_of_the_whole():
    data = np.random.default_rng(3).integers(0, 4000, (70, 256, 256)).astype(np.uint16)
    limits, exact = (
        measure_limits(da.from_array(data, chunks=(1, 256, 256), name=False)),
        np.percentile(data, [1, 99.8]),
    )
    np.testing.assert_allclose([limits.low, limits.high], exact, atol=20)


def test_huge_plane_is_read_in_blocks():
    plane = (
        da.zeros((2**14, 2**13), chunks=(256, 256), dtype=np.uint8) + da.arange(2**13, chunks=256).astype("f4") / 2**13
    )
    limits = measure_limits(plane)
    assert 0 <= limits.low < 0.05
    assert 0.9 < limits.high <= 1


def test_limits_become_zero_and_one():
    np.testing.assert_allclose(normalize(np.array([10, 15, 20], np.uint8), Limits(10, 20)), [0, 0.5, 1])
