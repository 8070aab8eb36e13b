"""Grey-value limits belong to the volume, not to one plane."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.images.image import Image
from napari_unet.images.limits import volume_limits, volume_of
from napari_unet.images.normalization import NormalizationConfig

CONFIG = NormalizationConfig(low=1, high=99)


def ramp(axes: str = "ZYX") -> Image:
    """Every plane ten times as bright as its number."""
    z = np.arange(5.0)[:, None, None] * 10
    stack = z + np.random.default_rng(0).uniform(0, 1, (5, 20, 20))
    return Image(stack if axes == "ZYX" else np.stack([stack, stack + 100]), axes)


def test_every_plane_of_a_volume_has_the_limits_of_all_of_it() -> None:
    image = ramp()
    first, last = (volume_limits(image, (z,), CONFIG) for z in (0, 4))
    assert first == last
    assert first.low < 1
    assert first.high > 40


def test_frames_have_limits_of_their_own() -> None:
    image = ramp("TZYX")
    assert volume_limits(image, (0, 2), CONFIG).high == pytest.approx(41, abs=0.2)
    assert volume_limits(image, (1, 2), CONFIG).high == pytest.approx(141, abs=0.2)
    flat = Image(np.asarray(ramp().plane((3,)))[None], "TYX")
    assert volume_limits(flat, (0,), CONFIG).low > 29


def test_of_the_negative_what_is_dark_becomes_bright() -> None:
    limits, negative = (volume_limits(ramp(), (0,), CONFIG, inverted) for inverted in (False, True))
    assert (negative.low, negative.high) == pytest.approx((limits.high, limits.low))


@pytest.mark.parametrize(("axes", "volume"), [("TZYX", (3,)), ("TYX", (3, 2)), ("ZYX", (3,))])
def test_a_plane_knows_its_volume(axes: str, volume: tuple[int, ...]) -> None:
    assert volume_of(axes, (3, 2)) == volume
