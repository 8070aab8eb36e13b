"""Images of which parts are read: limits of planes too large to be read whole, axes in any order, readers that fail."""

from __future__ import annotations

from typing import Any

import dask.array as da
import numpy as np
import pytest

from napari_unet.errors import UserError
from napari_unet.images import limits, normalization
from napari_unet.images.image import Image
from napari_unet.images.limits import volume_limits
from napari_unet.images.normalization import NormalizationConfig

CONFIG = NormalizationConfig(low=0, high=100)


class Counted:
    """An array that counts what is read of it, and may be damaged from some row on."""

    def __init__(self, array: np.ndarray, damaged: int | None = None) -> None:
        self.array, self.damaged, self.read = array, damaged, 0
        self.shape, self.dtype, self.ndim = array.shape, array.dtype, array.ndim

    def __getitem__(self, index: Any) -> np.ndarray:
        found = self.array[index]
        self.read += found.size
        if self.damaged is not None and index[-2].start is not None and index[-2].stop > self.damaged:
            raise OSError("a block is missing\nmore of it")
        return found


@pytest.mark.parametrize("axes", ["YX", "ZYX", "TZYX", "TYX"])
@pytest.mark.parametrize("inverted", [False, True])
def test_planes_too_large_to_be_read_whole_have_the_limits_of_their_volume(
    monkeypatch: pytest.MonkeyPatch, axes: str, inverted: bool
) -> None:
    shape = {"T": 2, "Z": 3, "Y": 64, "X": 80}
    values = np.random.default_rng(0).uniform(10, 20, [shape[letter] for letter in axes])
    values[-1] += 30  # the last frame or slice, or row of a plane, is brighter
    image = Image(values, axes)
    index = (1,) * (len(axes) - 2)
    known = volume_limits(image, index, CONFIG, inverted)
    for name, value in (("HUGE_PLANE", 1000), ("_SAMPLES", 1500), ("_BLOCK", 8)):
        monkeypatch.setattr(normalization, name, value)
    monkeypatch.setattr(limits, "HUGE_PLANE", 1000)
    monkeypatch.setattr(Image, "plane", None)  # no plane is read whole
    found = volume_limits(image, index, CONFIG, inverted)
    assert (found.low, found.high) == pytest.approx((known.low, known.high), abs=0.5)
    assert (found.low > found.high) == inverted


def test_the_negative_of_the_mean_keeps_the_mean() -> None:
    values = np.array([[0.0, 10.0], [20.0, 30.0]])
    config = NormalizationConfig(method="mean")
    plain, negative = (volume_limits(Image(values, "YX"), (), config, inverted) for inverted in (False, True))
    assert negative.low == plain.low == pytest.approx(15)
    assert negative.high - negative.low == pytest.approx(-(plain.high - plain.low))


@pytest.mark.parametrize("axes", ["XY", "YXT", "XZY", "TXY"])
def test_a_plane_is_y_by_x_in_whatever_order_it_is_stored(axes: str) -> None:
    sizes = {"T": 2, "Z": 3, "Y": 4, "X": 5}
    values = np.arange(np.prod([sizes[letter] for letter in axes])).reshape([sizes[letter] for letter in axes])
    image = Image(values, axes)
    others = [letter for letter in axes if letter not in "YX"]
    expected = np.moveaxis(values, [axes.index(letter) for letter in (*others, "Y", "X")], range(len(axes)))
    index = (1,) * len(others)
    np.testing.assert_array_equal(image.plane(index), expected[index])
    np.testing.assert_array_equal(image.part(index, (slice(1, 3), slice(2, 5))), expected[index][1:3, 2:5])
    with pytest.raises(ValueError, match="does not fit axes"):
        image.plane((*index, 0))


def test_colours_come_last_and_bytes_are_in_the_order_of_this_machine() -> None:
    values = np.arange(3 * 4 * 5, dtype=">u2").reshape(3, 4, 5)
    plane = Image(values, "SYX").plane()
    assert plane.shape == (4, 5, 3)
    assert plane.dtype.isnative
    assert plane.flags.c_contiguous
    np.testing.assert_array_equal(plane[..., 1], values[1])


def test_a_part_reads_that_part_alone() -> None:
    stored = Counted(np.arange(3 * 100 * 100).reshape(3, 100, 100))
    found = Image(stored, "ZYX").part((2,), (slice(10, 13), slice(20, 24)))
    np.testing.assert_array_equal(found, stored.array[2, 10:13, 20:24])
    assert stored.read == 12


def test_a_reader_that_fails_is_told_as_damage_and_a_wrong_index_is_not() -> None:
    image = Image(Counted(np.zeros((100, 100)), damaged=50), "YX", name="cells")
    assert image.part((), (slice(0, 50), slice(0, 9))).shape == (50, 9)
    with pytest.raises(UserError, match=r"^cells is damaged, a part of it cannot be read \(a block is missing\): copy"):
        image.part((), (slice(40, 60), slice(0, 9)))
    with pytest.raises(IndexError):
        Image(np.zeros((3, 4, 5)), "ZYX").plane((3,))


@pytest.mark.parametrize("lazy", [False, True])
def test_a_channel_is_taken_from_wherever_it_is_and_axes_come_into_order(lazy: bool) -> None:
    values = np.arange(2 * 3 * 4 * 5).reshape(4, 2, 5, 3)
    image = Image(da.from_array(values, chunks=2) if lazy else values, "YCXZ", {"Z": 2.0, "X": 0.5}, name="a")
    first = image.with_channels_first()
    assert (first.axes, first.shape) == ("CYXZ", (2, 4, 5, 3))
    np.testing.assert_array_equal(np.asarray(first.data), values.transpose(1, 0, 2, 3))
    for channel, chosen in ((None, 0), (1, 1)):
        grey = image.select_channel(channel)
        assert (grey.axes, grey.shape, dict(grey.scale)) == ("ZYX", (3, 4, 5), {"Z": 2.0, "X": 0.5})
        assert isinstance(grey.data, np.ndarray) != lazy
        np.testing.assert_array_equal(np.asarray(grey.data), values[:, chosen].transpose(2, 0, 1))
    for wrong in (2, -1):
        with pytest.raises(UserError, match=f"a has 2 channels, so there is no channel {wrong}: count channels from 0"):
            image.select_channel(wrong)


@pytest.mark.parametrize(("samples", "weights"), [(1, [1]), (2, [1, 0]), (3, None), (4, None)])
def test_colours_are_seen_as_luminance_whatever_is_beside_them(samples: int, weights: list[float] | None) -> None:
    values = np.random.default_rng(0).integers(0, 255, (4, 5, samples)).astype(np.uint8)
    grey = np.asarray(Image(values, "YXS").select_channel().data)
    assert grey.dtype == np.float32
    np.testing.assert_allclose(grey, values[..., : len(weights or (0.2125, 0.7154, 0.0721))] @ np.array(
        weights or (0.2125, 0.7154, 0.0721)), rtol=1e-2)  # fmt: skip


@pytest.mark.parametrize(
    ("axes", "scale", "units", "words"),
    [
        ("YX", {}, {}, "2D image, 4 x 4, uint8"),
        ("YX", {"Y": 0.5}, {"Y": "micrometer"}, "2D image, 4 x 4, uint8"),
        ("CYX", {"X": 0.5, "Y": 0.5}, dict.fromkeys("XY", "micrometer"),
         "2D image, 4 x 4, 4 channels, uint8, 0.5 x 0.5 µm"),
        ("ZYX", {"X": 0.25, "Y": 0.5, "Z": 1}, {"X": "micrometer", "Y": "micrometer"},
         "z-stack, 4 slices, 4 x 4, uint8, 0.25 µm x 0.5 µm x 1 px"),
        ("TYX", {"X": 2, "T": 30}, {"X": "pixel", "T": "second"},
         "time-lapse, 4 frames, 4 x 4, uint8, 2 px, every 30 s"),
        ("TZYX", {"T": 30}, {"T": "second"}, "time-lapse of z-stacks, 4 frames, 4 slices, 4 x 4, uint8"),
        ("YXS", {}, {}, "2D image, 4 x 4, RGB, uint8"),
    ],
)  # fmt: skip
def test_an_image_says_what_it_is(axes: str, scale: dict[str, float], units: dict[str, str], words: str) -> None:
    assert Image(np.zeros((4,) * len(axes), np.uint8), axes, scale, units).describe() == words
