from __future__ import annotations

import numpy as np
import pytest

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.finetuning.material.colour import use_channels
from napari_unet.images.channels import count_channels, stack_channels
from napari_unet.images.image import Image

GREY = np.array([0.2125, 0.7154, 0.0721])


def picture(by_hue: bool, seed: int) -> CorrectedImage:
    """Discs on a ground: told by their hue alone, or by their brightness alone."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:96, :96]
    labels = np.zeros((96, 96), np.int32)
    for y in (24, 72):
        for x in (24, 72):
            labels[np.hypot(rows - y, columns - x) < 12] = labels.max() + 1
    ground, object_ = np.array([120.0, 120, 120]), np.array([200.0, 96, 123])
    assert abs((object_ - ground) @ GREY) < 2
    colours = np.where(labels[..., None] > 0, object_ if by_hue else ground + 60, ground)
    pixels = np.clip(colours + random.normal(0, 6, colours.shape), 0, 255).astype(np.uint8)
    seen = stack_channels(Image(pixels, "YXS"))
    return CorrectedImage(seen, labels, np.ones(labels.shape, bool), name=f"picture {seed}")


@pytest.mark.parametrize(("by_hue", "channels"), [(True, 3), (False, 1)])
def test_colours_are_used_where_they_tell_objects_better(tiny_model, by_hue: bool, channels: int) -> None:
    pictures = [picture(by_hue, seed) for seed in range(3)]
    for given in (pictures, pictures[:1]):
        assert {count_channels(one.image) for one in use_channels(given, tiny_model)} == {channels}


def test_who_says_it_is_not_asked(tiny_model) -> None:
    pictures = [picture(False, 0), picture(True, 1)]
    assert {count_channels(one.image) for one in use_channels(pictures, tiny_model, "all")} == {3}
    assert {count_channels(one.image) for one in use_channels(pictures, tiny_model, "one")} == {1}
