"""The second look is that of the mirrored image, turned back, and can be stopped."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_unet.events import Finished, StopFlag
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.second_look import SecondLook, look_again
from napari_unet.segmentation.segment import segment_steps

EXACT = SegmentConfig(device="cpu", precision="float32", keep_probability=True, diameter=20, stack="slices")


def tiny(ndim: int = 2) -> Model:
    torch.manual_seed(0)
    architecture = UNetConfig(base_channels=4, depth=2, ndim=ndim)
    return Model(UNet(architecture).eval(), ModelRecord(name="tiny", architecture=architecture))


@pytest.mark.parametrize(("shape", "axes"), [((64, 80), "YX"), ((3, 64, 80), "ZYX")])
def test_it_says_what_the_model_says_of_the_mirrored_image(shape: tuple[int, ...], axes: str) -> None:
    pixels = np.random.default_rng(0).random(shape).astype(np.float32)
    model = tiny()
    mirrored = Image.from_array(np.ascontiguousarray(pixels[..., ::-1]), axes)
    wanted = next(event for event in segment_steps(mirrored, model, EXACT) if isinstance(event, Finished)).result
    image = Image.from_array(pixels, axes)
    planes = list(np.ndindex(*shape[:-2]))
    events = list(look_again(image, model, View(20), planes, EXACT))
    looks = [event for event in events if isinstance(event, SecondLook)]
    assert [look.plane for look in looks] == planes
    assert [look.done for look in looks] == list(range(1, len(planes) + 1))
    for look in looks:
        maps = wanted.probability[(slice(None), *look.plane)][..., ::-1]
        np.testing.assert_allclose(look.maps, maps, atol=2e-3)
        np.testing.assert_array_equal(look.labels > 0, wanted.labels[look.plane][..., ::-1] > 0)
    assert isinstance(events[-1], Finished)
    assert events[-1].result == len(planes)


def test_a_volume_is_looked_at_at_once() -> None:
    pixels = np.random.default_rng(0).random((8, 32, 32)).astype(np.float32)
    events = list(look_again(Image.from_array(pixels, "ZYX"), tiny(3), View(10), [(2,), (5,)], EXACT))
    assert [event.plane for event in events if isinstance(event, SecondLook)] == [(z,) for z in range(8)]


def test_it_stops_between_tiles() -> None:
    stop = StopFlag()
    image = Image.from_array(np.zeros((5, 32, 32), np.float32), "ZYX")
    events = []
    for event in look_again(image, tiny(), View(20), [(z,) for z in range(5)], EXACT, stop):
        events.append(event)
        if isinstance(event, SecondLook):
            stop.request()
    assert sum(isinstance(event, SecondLook) for event in events) == 1
    assert events[-1].stopped
