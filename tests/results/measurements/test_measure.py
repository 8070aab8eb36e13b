"""Measurements are scikit-image's, tile by tile and in units."""

from __future__ import annotations

import warnings
from typing import Any

import dask.array as da
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from skimage.measure import regionprops_table

from napari_unet.errors import UserError
from napari_unet.images.image import Image
from napari_unet.results.measurements.columns import BY_NAME
from napari_unet.results.measurements.config import MeasureConfig
from napari_unet.results.measurements.measure import measure_objects

_SKIMAGE = [
    "label", "area", "num_pixels", "equivalent_diameter_area", "feret_diameter_max", "axis_major_length",
    "axis_minor_length", "solidity", "extent", "centroid", "bbox",
    "intensity_mean", "intensity_min", "intensity_max", "intensity_std",
]  # fmt: skip
_ALL = MeasureConfig(columns=("all",))


def blobs(seed: int, shape: tuple[int, ...], smooth: float = 1.2) -> np.ndarray[Any, Any]:
    """Ragged objects that touch, with holes and stray pixels; some in several parts."""
    generator = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(generator.normal(size=shape), smooth)
    labels = generator.integers(1, 9, [-(-size // 6) for size in shape])
    for axis, size in enumerate(shape):
        labels = np.repeat(labels, 6, axis=axis).take(range(size), axis=axis)
    return np.where(noise > np.quantile(noise, 0.4), labels * 3, 0).astype(np.int32)


def expected(labels: Any, grey: Any, spacing: tuple[float, ...]) -> dict[str, Any]:
    names = [*_SKIMAGE, *(["eccentricity"] if labels.ndim == 2 else [])]
    if len(set(spacing)) == 1 and labels.ndim == 2:
        names.append("perimeter")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dict(regionprops_table(labels, grey, properties=names, spacing=spacing))


def compare(table: Any, reference: dict[str, Any]) -> None:
    for name, values in reference.items():
        np.testing.assert_allclose(table[name], values, rtol=1e-6, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("spacing", [(1.0, 1.0), (0.5, 0.5), (2.0, 0.25)])
@pytest.mark.parametrize("seed", range(3))
def test_plane_is_measured_as_by_scikit_image(seed: int, spacing: tuple[float, float]) -> None:
    labels = blobs(seed, (50, 61))
    grey = np.random.default_rng(seed).normal(1e5, 3, labels.shape).astype(np.float32)
    scale = dict(zip("YX", spacing, strict=True))
    image = Image(grey, "YX", scale, dict.fromkeys("YX", "micrometer"))
    table = measure_objects(Image(labels, "YX"), image, _ALL)
    compare(table, expected(labels, grey.astype(np.float64), spacing))
    assert set(table["unit"]) == {"um"}
    assert (
        table.attrs["units"] | {"area": "um^2", "centroid-0": "um", "bbox-3": "px", "solidity": ""}
        == (table.attrs["units"])
    )
    if spacing[0] != spacing[1]:
        assert table["perimeter"].isna().all()
        assert table["circularity"].isna().all()


@settings(max_examples=40)
@given(hnp.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 2)))
def test_any_small_plane_has_the_hull_and_outline_of_scikit_image(labels: Any) -> None:
    table = measure_objects(Image(labels, "YX"), None, _ALL)
    if labels.any():
        names = ("label", "area", "perimeter", "solidity", "feret_diameter_max", "eccentricity", "bbox")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compare(table, dict(regionprops_table(labels, properties=names)))
    else:
        assert len(table) == 0


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (2.5, 0.5, 0.25)])
def test_volume_is_measured_as_by_scikit_image(spacing: tuple[float, ...]) -> None:
    labels = blobs(5, (9, 20, 22), 1)
    grey = np.random.default_rng(1).integers(0, 60000, labels.shape).astype(np.uint16)
    scale = dict(zip("ZYX", spacing, strict=True))
    image = Image(grey, "ZYX", scale, dict.fromkeys("ZYX", "micrometer"))
    table = measure_objects(Image(labels, "ZYX"), image, _ALL)
    compare(table, expected(labels, grey, spacing))
    assert table.attrs["units"]["area"] == "um^3"
    assert "perimeter" not in table


@example(seed=64, pixels=64, flat=True)  # a tile that holds no object
@settings(max_examples=10)
@given(seed=st.integers(0, 99), pixels=st.integers(64, 700), flat=st.booleans())
def test_tiles_of_any_size_give_the_same_numbers(seed: int, pixels: int, flat: bool) -> None:
    shape = (31, 37) if flat else (5, 14, 15)
    labels, classes = blobs(seed, shape), blobs(seed + 1, shape)
    channels = np.random.default_rng(seed).integers(0, 255, (2, *shape)).astype(np.uint8)
    axes = "YX" if flat else "ZYX"
    columns = [name for name in BY_NAME if flat or name not in ("feret_diameter_max", "solidity")]

    def measure(data: Any, size: int) -> Any:
        config = MeasureConfig(columns=tuple(columns), tile_pixels=size, neighbor_distance=9)
        others = {"parents": Image(classes, axes), "classes": Image(classes % 2, axes)}
        names = columns if flat else [n for n in columns if n not in ("perimeter", "eccentricity", "circularity")]
        return measure_objects(Image(data, axes), Image(channels, "C" + axes), config, **others), names

    (whole, _), (tiled, names) = measure(labels, 2**22), measure(labels, pixels)
    chunked, _ = measure(da.from_array(labels, chunks=7), pixels)
    for name in names:
        for spread in [column for column in whole if column.split("-")[0] == name]:
            for other in (tiled, chunked):
                np.testing.assert_allclose(other[spread], whole[spread], rtol=1e-9, atol=1e-9, err_msg=spread)


def test_neighbours_border_parent_and_class() -> None:
    labels = np.zeros((12, 20), np.int32)
    labels[1:5, 2:6], labels[1:5, 6:9], labels[7:9, 14:16] = 4, 5, 9
    parents = np.zeros_like(labels)
    parents[0:6, 0:5], parents[0:6, 5:10] = 1, 2
    config = MeasureConfig(columns=("all",), neighbor_distance=4)
    table = measure_objects(
        Image(labels, "YX"), None, config, parents=Image(parents, "YX"), classes=Image(labels // 5 + 1, "YX")
    )
    assert list(table["label"]) == [4, 5, 9]
    assert list(table["neighbors"]) == [1, 1, 0]
    assert list(table["neighbors_within"]) == [1, 1, 0]
    assert list(table["neighbor_distance"][:2]) == [3.5, 3.5]
    assert list(table["distance_to_border"]) == [1, 1, 3]
    assert list(table["parent"]) == [1, 2, 0]
    assert list(table["class"]) == [1, 2, 2]


def test_frames_and_slices_have_rows_of_their_own() -> None:
    labels = np.stack([np.stack([blobs(seed, (20, 20))] * 2) for seed in (1, 2, 3)])
    whole = measure_objects(Image(labels, "TZYX"), None)
    assert set(whole["t"]) == {0, 1, 2}
    assert "z" not in whole
    each = measure_objects(Image(labels, "TZYX"), None, MeasureConfig(slices=True))
    assert set(zip(each["t"], each["z"], strict=True)) == {(t, z) for t in range(3) for z in range(2)}
    row = each[(each["t"] == 1) & (each["z"] == 1)]
    np.testing.assert_array_equal(row["label"], np.unique(labels[1, 1][labels[1, 1] > 0]))
    np.testing.assert_allclose(2 * row["area"].to_numpy(), whole[whole["t"] == 1]["area"])


def test_pixels_without_a_unit_are_told_as_pixels() -> None:
    labels = Image(blobs(0, (20, 20)), "YX")
    assert set(measure_objects(labels)["unit"]) == {"px"}


def test_colour_and_channels_are_columns_of_their_own() -> None:
    labels = blobs(0, (20, 20))
    rgb = np.random.default_rng(0).integers(0, 255, (20, 20, 3)).astype(np.uint8)
    table = measure_objects(Image(labels, "YX"), Image(rgb, "YXS"), MeasureConfig(columns=("intensity_sum",)))
    for number in range(3):
        sums = ndimage.sum(rgb[..., number], labels, table["label"])
        np.testing.assert_array_equal(table[f"intensity_sum-{number}"], sums)


@pytest.mark.parametrize(
    ("columns", "word"), [(("aria",), "aria"), (("intensity_mean",), "image"), (("parent",), "second label image"),
                          (("neighbors_within",), "distance")],
)  # fmt: skip
def test_what_cannot_be_measured_is_said(columns: tuple[str, ...], word: str) -> None:
    with pytest.raises(UserError, match=word):
        measure_objects(Image(blobs(0, (20, 20)), "YX"), None, MeasureConfig(columns=columns))


def test_image_of_another_shape_and_labels_that_are_none_are_refused() -> None:
    labels = blobs(0, (20, 20))
    with pytest.raises(UserError, match="20 x 21"):
        measure_objects(Image(labels, "YX"), Image(np.zeros((20, 21)), "YX"))
    for wrong in (labels * 0.5, -labels):
        with pytest.raises(UserError):
            measure_objects(Image(wrong, "YX"))


def test_empty_labels_give_an_empty_table_with_all_columns() -> None:
    empty = Image(np.zeros((20, 20), np.uint16), "YX")
    table = measure_objects(empty, Image(np.zeros((2, 20, 20)), "CYX"))
    assert len(table) == 0
    assert {"label", "area", "intensity_mean-1"} <= set(table)
