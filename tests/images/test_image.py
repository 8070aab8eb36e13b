import dask.array as da
import numpy as np
import pytest
import zarr

from napari_unet.errors import UserError
from napari_unet.images.files.reading import read_image
from napari_unet.images.image import Image


@pytest.fixture
def stack():
    data = np.arange(2 * 3 * 4 * 5 * 6, dtype=np.uint16).reshape(2, 3, 4, 5, 6)
    scale = {"T": 60.0, "Z": 1.0, "Y": 0.25, "X": 0.25}
    units = {"T": "second", "Z": "micrometer", "Y": "micrometer", "X": "micrometer"}
    return Image(data, "TCZYX", scale, units, ("a", "b", "c"), "stack")


def test_axes_must_fit_the_pixels():
    with pytest.raises(UserError, match="2 axes"):
        Image(np.zeros((3, 4, 5)), "YX")


def test_select_channel(stack):
    grey = stack.select_channel(2)
    assert grey.axes == "TZYX"
    assert grey.is_grey
    np.testing.assert_array_equal(grey.data, stack.data[:, 2])
    assert grey.scale_of("TZYX") == (60.0, 1.0, 0.25, 0.25)
    np.testing.assert_array_equal(stack.select_channel().data, stack.data[:, 0])


@pytest.mark.parametrize("channel", [3, -1])
def test_a_channel_that_is_not_there(stack, channel):
    with pytest.raises(UserError, match="stack has 3 channels"):
        stack.select_channel(channel)


def test_axes_come_out_in_canonical_order():
    data = np.arange(4 * 5 * 6 * 2).reshape(4, 5, 6, 2)
    grey = Image(data, "ZXYT").select_channel()
    assert grey.axes == "TZYX"
    np.testing.assert_array_equal(grey.data, data.transpose(3, 0, 2, 1))


@pytest.mark.parametrize("samples", [3, 4])
def test_colour_becomes_luminance(samples):
    data = np.zeros((4, 5, samples), np.uint8)
    data[..., :3] = 100
    grey = Image(data, "YXS").select_channel()
    assert (grey.axes, grey.dtype) == ("YX", np.float32)
    np.testing.assert_allclose(grey.data, 100, rtol=1e-3)


@pytest.mark.parametrize("wrap", [zarr.array, lambda data: da.from_array(data, chunks=(1, 4, 5, 3), name=False)])
def test_lazy_arrays_stay_lazy(wrap):
    data = np.random.default_rng(0).integers(0, 255, (6, 4, 5, 3), dtype=np.uint8)
    grey = Image(wrap(data), "ZYXS").select_channel()
    assert isinstance(grey.data, da.Array)
    np.testing.assert_allclose(np.asarray(grey.data), Image(data, "ZYXS").select_channel().data)
    grey_channel = Image(wrap(data), "TYXC").select_channel(1)
    np.testing.assert_array_equal(grey_channel.plane((3,)), data[3, ..., 1])


def test_plane_is_in_memory_native_and_yx():
    data = np.arange(60, dtype=">u2").reshape(3, 4, 5)
    plane = Image(data, "XZY").plane((2,))
    assert plane.dtype == np.dtype("u2")
    assert plane.dtype.isnative
    np.testing.assert_array_equal(plane, data[:, 2, :].T)
    with pytest.raises(ValueError, match="fit"):
        Image(data, "ZYX").plane(())


def test_with_axes_keeps_sizes_by_letter(stack):
    other = stack.with_axes("zctyx")
    assert other.axes == "ZCTYX"
    assert other.scale_of("T") == (60.0,)
    assert other.channel_names == ("a", "b", "c")
    assert stack.with_axes("CTZYX").channel_names == ()
    with pytest.raises(UserError):
        stack.with_axes("YX")


def test_describe(stack):
    assert stack.describe() == (
        "time-lapse of z-stacks, 2 frames, 4 slices, 6 x 5, 3 channels, uint16, 0.25 x 0.25 x 1 µm, every 60 s"
    )
    assert Image(np.zeros((4, 5, 3), np.uint8), "YXS").describe() == "2D image, 5 x 4, RGB, uint8"


def test_unknown_pixel_size_is_one_pixel():
    image = Image.from_array(np.zeros((3, 4, 5)))
    assert (image.axes, image.scale_of("ZY"), image.units_of("ZY")) == ("ZYX", (1.0, 1.0), ("pixel", "pixel"))


def test_a_chunk_that_cannot_be_unpacked_is_told(tmp_path):
    array = zarr.create_array(tmp_path / "a.zarr", shape=(2, 20, 30), chunks=(1, 20, 30), dtype="u2")
    array[:] = 7
    for chunk in (tmp_path / "a.zarr" / "c" / "1").rglob("0"):
        if chunk.is_file():
            chunk.write_bytes(b"no pixels")
    image = read_image(tmp_path / "a.zarr")
    assert image.plane((0,)).max() == 7
    with pytest.raises(UserError, match="cannot be read"):
        image.plane((1,))
