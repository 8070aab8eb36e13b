"""Parts of a lazy array are read from where they lie, and are what dask would have read."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from napari_unet.images.image import Image
from napari_unet.images.lazy import lazy_array, read_at, take_from, transpose_view

PIXELS = np.arange(2 * 3 * 4 * 5 * 6).reshape(2, 3, 4, 5, 6)


class Source:
    """An array in chunks of one pixel, which knows what was read of it."""

    def __init__(self, pixels: npt.NDArray[Any]) -> None:
        self._pixels, self.shape, self.dtype, self.ndim = pixels, pixels.shape, pixels.dtype, pixels.ndim
        self.chunks = (1,) * pixels.ndim
        self.read: list[tuple[Any, ...]] = []

    def __getitem__(self, index: tuple[Any, ...]) -> npt.NDArray[Any]:
        self.read.append(index)
        return np.array(self._pixels[index])


@pytest.mark.parametrize("order", list(permutations(range(4)))[::3])
def test_a_view_of_a_lazy_array_is_read_in_one_piece(order: tuple[int, ...]) -> None:
    source = Source(PIXELS)
    lazy = transpose_view(take_from(lazy_array(source), 1, 2), list(order))
    expected = PIXELS[:, 2].transpose(order)
    for index in ((slice(1, 2), slice(0, 3), slice(None), slice(1, None)), (1, slice(0, 2), -1, slice(None, -1))):
        source.read.clear()
        np.testing.assert_array_equal(read_at(lazy, index), expected[index])
        assert len(source.read) == 1, "dask reads chunk by chunk"
    np.testing.assert_array_equal(np.asarray(lazy), expected)


def test_what_was_computed_of_a_lazy_array_is_left_to_dask() -> None:
    lazy = lazy_array(Source(PIXELS)) + 1
    index = (0, 0, 0, slice(None), slice(1, 3))
    np.testing.assert_array_equal(read_at(lazy, index), PIXELS[index] + 1)


def test_bytes_in_another_order_are_turned_round() -> None:
    lazy = lazy_array(Source(PIXELS.astype(">i4")))
    found = read_at(lazy, (0, 0, 0, slice(None), slice(1, 3)))
    np.testing.assert_array_equal(found, PIXELS[0, 0, 0, :, 1:3])
    assert found.dtype.isnative


def test_a_channel_of_an_image_in_another_order_of_axes_is_read_where_it_lies() -> None:
    source = Source(PIXELS[0])
    grey = Image(lazy_array(source), "XCZY").select_channel(1)
    source.read.clear()
    part = grey.part((2,), (slice(1, 4), slice(0, 3)))
    np.testing.assert_array_equal(part, PIXELS[0, :, 1, 2].T[1:4, 0:3])
    assert source.read == [(slice(0, 3), 1, 2, slice(1, 4))]
