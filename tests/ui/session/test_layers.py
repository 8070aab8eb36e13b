"""Layers of napari become images with axes, and labels line up with them, whatever the order of the axes."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import pytest
from napari.layers import Image as ImageLayer

from napari_unet.images.image import Image
from napari_unet.ui.session.layers import Geometry, image_to_layer, layer_to_image, placement


@pytest.mark.parametrize(
    ("shape", "options", "axes"),
    [
        ((64, 80), {}, "YX"),
        ((64, 80, 3), {"rgb": True}, "YXS"),
        ((7, 64, 80), {}, "ZYX"),
        ((2, 7, 64, 80), {}, "CZYX"),
        ((7, 64, 80), {"axis_labels": ("t", "y", "x")}, "TYX"),
        ((5, 7, 64, 80), {"axis_labels": ("Time", "Z", "Row", "Column")}, "TZYX"),
        ((2, 64, 80, 3), {"rgb": True, "axis_labels": ("z", "y", "x")}, "ZYXS"),
    ],
)
def test_axes_of_a_layer_come_from_its_labels_or_its_shape(
    shape: tuple[int, ...], options: dict[str, Any], axes: str
) -> None:
    layer = ImageLayer(np.zeros(shape, np.uint8), **options)
    assert layer_to_image(layer).axes == axes


def test_scale_and_units_come_along_and_defaults_do_not() -> None:
    layer = ImageLayer(np.zeros((4, 8, 8)), scale=(2, 0.5, 0.5), units=("um", "nm", "nm"))
    image = layer_to_image(layer)
    assert image.scale == {"Z": 2.0, "Y": 0.0005, "X": 0.0005}
    assert image.units["X"] == "micrometer"
    assert layer_to_image(ImageLayer(np.zeros((8, 8)))).scale == {}


def test_of_a_pyramid_the_finest_level_is_taken_and_dask_stays_lazy() -> None:
    layer = ImageLayer([np.zeros((64, 64)), np.zeros((32, 32))], multiscale=True)
    assert layer_to_image(layer).shape == (64, 64)
    lazy = ImageLayer(da.zeros((4, 64, 64), chunks=(1, 64, 64)))
    assert isinstance(layer_to_image(lazy).data, da.Array)


@pytest.mark.parametrize("axes", ["YX", "ZYX", "TZYX", "ZTYX", "CYX", "ZCYX", "TCZYX", "YXZ", "ZYXS", "TZCYX"])
def test_labels_and_layer_share_memory_in_any_order_of_axes(axes: str) -> None:
    sizes = {"T": 2, "Z": 3, "C": 4, "Y": 5, "X": 6, "S": 3}
    geometry = Geometry(Image(np.zeros([sizes[letter] for letter in axes]), axes))
    labels = np.arange(np.prod(geometry.shape), dtype=np.int32).reshape(geometry.shape)
    shown = geometry.to_layer(labels)
    assert shown.shape == geometry.layer_shape
    again = geometry.from_layer(shown)
    np.testing.assert_array_equal(again, labels)
    at = tuple(size - 1 for size in geometry.shape)
    shown[geometry.layer_index(at)] = -1
    assert labels[at] == -1
    again[(0,) * again.ndim] = -2
    assert labels[(0,) * labels.ndim] == -2


def test_a_channel_axis_in_the_middle_shows_one_label_in_all_channels() -> None:
    geometry = Geometry(Image(np.zeros((3, 2, 5, 6)), "ZCYX"))
    labels = np.zeros(geometry.shape, np.int32)
    shown = geometry.to_layer(labels)
    shown[1, 0, 2, 2] = 9
    assert shown[1, 1, 2, 2] == 9
    assert labels[1, 2, 2] == 9


def test_labels_of_another_shape_are_refused() -> None:
    geometry = Geometry(Image(np.zeros((3, 5, 6)), "ZYX"))
    assert geometry.from_layer(np.zeros((3, 5, 7), np.int32)) is None


def test_an_opened_image_has_its_channels_first_and_comes_back_the_same() -> None:
    image = Image(
        np.arange(3 * 2 * 4 * 5).reshape(3, 2, 4, 5), "ZCYX", {"X": 0.5, "Y": 0.5, "Z": 2.0},
        dict.fromkeys("XYZ", "micrometer"), ("DAPI", "GFP"), "embryo",
    )  # fmt: skip
    data, options, kind = image_to_layer(image)
    layer = ImageLayer(data, **options)
    found = layer_to_image(layer)
    assert kind == "image"
    assert found.axes == "CZYX"
    assert found.channel_names == ("DAPI", "GFP")
    assert found.scale == image.scale
    np.testing.assert_array_equal(found.select_channel(1).data, image.select_channel(1).data)


def test_a_layer_placed_over_an_image_has_the_same_extent_in_the_world() -> None:
    image = ImageLayer(
        np.zeros((2, 6, 20, 30)), scale=(1, 3, 0.5, 0.5), translate=(0, 1, 2, 3), rotate=30,
        units=("pixel", "um", "um", "um"), axis_labels=("c", "z", "y", "x"),
    )  # fmt: skip
    geometry = Geometry(layer_to_image(image))
    layer = ImageLayer(np.zeros(geometry.layer_shape), **placement(image, geometry))
    np.testing.assert_allclose(layer.extent.world, image.extent.world[:, 1:])
    assert layer.units == image.units[1:]
    assert layer.axis_labels == image.axis_labels[1:]
