"""The surest of the models at hand, on the corner of an image where there is something to be seen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from napari_unet.events import Finished, StopFlag
from napari_unet.images.image import Image
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet
from napari_unet.workflows.alternatives import Sureness, busiest_corner, sureness, surer_than, try_models


def test_a_model_that_wavers_is_less_sure_than_one_that_decides_and_nothing_is_not_sure() -> None:
    decided = np.where(np.eye(20) > 0, 0.95, 0.02)
    assert sureness(decided) == pytest.approx(0.9)
    assert sureness(np.full((20, 20), 0.6)) == pytest.approx(0.2)
    assert sureness(np.full((20, 20), 0.05)) == 0


def test_another_model_is_offered_only_if_it_is_clearly_surer_and_found_something() -> None:
    tried = [Sureness("mine", 0.6, 40), Sureness("near", 0.62, 40), Sureness("blind", 0.99, 1)]
    assert surer_than("mine", tried) is None
    assert surer_than("mine", [*tried, Sureness("better", 0.8, 30)]) == Sureness("better", 0.8, 30)


def test_the_corner_is_the_one_in_which_something_is() -> None:
    pixels = np.zeros((3, 100, 120), np.uint8)
    pixels[1, 70:, :30] = np.arange(30) * 8
    image = Image.from_array(pixels, "ZYX")
    assert busiest_corner(image, (1,), 40) == (slice(60, 100), slice(0, 40))


def test_each_model_is_tried_until_it_is_stopped(model: Callable[[], Model]) -> None:
    image = Image.from_array(np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8), "YX")
    *each, last = try_models(["a", "b"], lambda name: model(), image)
    assert [one.name for one in each] == ["a", "b"]
    assert isinstance(last, Finished)
    assert len(last.result) == 2
    assert all(0 <= one.sure <= 1 for one in last.result)
    stop = StopFlag()
    stop.request()
    (last,) = try_models(["a", "b"], lambda name: model(), image, stop=stop)
    assert last.result == []


@pytest.fixture
def model() -> Callable[[], Model]:
    torch.manual_seed(0)
    architecture = UNetConfig(base_channels=4, depth=2)
    return lambda: Model(UNet(architecture).eval(), ModelRecord(name="tiny", architecture=architecture))


@pytest.mark.parametrize(("sure", "n_objects", "offered"), [(0.56, 5, True), (0.54, 5, False), (0.99, 4, False)])
def test_five_objects_and_five_hundredths_are_enough(sure: float, n_objects: int, offered: bool) -> None:
    other = Sureness("other", sure, n_objects)
    assert surer_than("mine", [other, Sureness("mine", 0.5, 40)]) == (other if offered else None)


def test_beside_a_model_that_could_not_be_tried_the_surest_of_the_others_is_offered() -> None:
    first, second = Sureness("a", 0.3, 9), Sureness("b", 0.4, 9)
    assert surer_than("mine", [first, second]) == second
    assert surer_than("mine", []) is None


def test_pixels_up_to_a_tenth_are_not_asked() -> None:
    assert sureness(np.array([[0.1, 0.0]])) == 0
    assert sureness(np.array([[0.1, 0.2, 0.9, 0.5]])) == pytest.approx((0.6 + 0.8 + 0) / 3)


@pytest.mark.parametrize(
    ("top", "left", "found"), [(0, 82, (0, 80)), (32, 42, (30, 40)), (62, 42, (60, 40)), (32, 82, (30, 80))]
)
def test_corners_borders_and_the_middle_are_looked_at(top: int, left: int, found: tuple[int, int]) -> None:
    pixels = np.zeros((100, 120), np.uint8)
    pixels[top : top + 36, left : left + 36] = np.arange(36) * 7
    y, x = found
    assert busiest_corner(Image.from_array(pixels, "YX"), (), 40) == (slice(y, y + 40), slice(x, x + 40))


def test_of_a_small_image_a_square_is_tried() -> None:
    pixels = np.zeros((30, 100), np.uint8)
    pixels[:, 75:] = np.arange(25) * 8
    assert busiest_corner(Image.from_array(pixels, "YX"), (), 40) == (slice(0, 30), slice(70, 100))
