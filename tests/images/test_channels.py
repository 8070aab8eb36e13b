from __future__ import annotations

import numpy as np
import pytest

from napari_unet.errors import UserError
from napari_unet.images.channels import ChannelStack, count_channels, model_input, stack_channels
from napari_unet.images.image import Image
from napari_unet.images.limits import volume_limits
from napari_unet.images.normalization import ChannelLimits, Limits, NormalizationConfig, normalize

RANDOM = np.random.default_rng(0)
RGBA = Image(RANDOM.integers(0, 255, (3, 20, 30, 4), np.uint8), "ZYXS")
TWO = Image(RANDOM.normal(size=(20, 2, 30)).astype(np.float32), "YCX")


def test_colour_has_three_channels_and_alpha_is_none() -> None:
    assert count_channels(RGBA) == 3
    seen = model_input(RGBA, 3)
    assert seen.shape == (3, 20, 30)
    assert seen.axes == "ZYX"
    np.testing.assert_array_equal(seen.plane((1,)), np.moveaxis(RGBA.data[1, ..., :3], -1, 0))


def test_channels_are_stacked_in_their_order_and_the_chosen_one_is_grey() -> None:
    seen = stack_channels(TWO, 1)
    assert isinstance(seen, ChannelStack)
    np.testing.assert_array_equal(seen.plane(), np.moveaxis(TWO.data, 1, 0))
    np.testing.assert_array_equal(model_input(seen, 1).plane(), TWO.data[:, 1])


def test_a_model_of_one_channel_goes_on_taking_the_chosen_one() -> None:
    np.testing.assert_array_equal(model_input(TWO, 1, 1).plane(), TWO.data[:, 1])


def test_another_number_of_channels_is_told_with_what_to_do() -> None:
    with pytest.raises(UserError, match="3 channels together, and image has 2 channels: choose a model"):
        model_input(TWO, 3)


def test_every_channel_is_normalized_by_itself() -> None:
    data = np.stack([np.linspace(0, 1, 600).reshape(20, 30), np.linspace(500, 900, 600).reshape(20, 30)])
    seen = stack_channels(Image(data, "CYX"))
    limits = volume_limits(seen, (), NormalizationConfig())
    assert isinstance(limits, ChannelLimits)
    dim, bright = normalize(seen.plane(), limits)
    np.testing.assert_allclose(dim, bright, atol=1e-5)
    one = normalize(seen.plane(), ChannelLimits((Limits(0, 1), Limits(0, 1000))))
    assert one[1].max() < 1
