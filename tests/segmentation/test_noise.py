"""Noisy volumes: how noisy they are, how wide they are averaged, and that it is done for volumes alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from napari_unet.events import drain
from napari_unet.images.channels import ChannelStack
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.sample_data import sample_labels_path, sample_path
from napari_unet.images.image import Image
from napari_unet.labels.scores import tally_objects
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.segmentation import beginning
from napari_unet.segmentation.config import Scope, SegmentConfig
from napari_unet.segmentation.plan import plan_units
from napari_unet.segmentation.segment import segment_steps
from napari_unet.segmentation.sizes.viewer import Appearance
from napari_unet.segmentation.volumes.noise import average_voxels, averaging_width, noise_level

PART = (slice(2, 12), slice(0, 72), slice(100, 172))
CUBES = {"Z": 1.0, "Y": 1.0, "X": 1.0}


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model("nuclei-2d")


def _noisy(shape: tuple[int, ...], noise: float) -> npt.NDArray[np.float32]:
    """Grey values from 0 to about 1 that change evenly, and normally distributed noise."""
    waves = 0.5 + 0.5 * np.sin(np.linspace(0, 20, shape[-1]))
    return (waves + np.random.default_rng(0).normal(0, noise, shape)).astype(np.float32)


@pytest.mark.parametrize("noise", [0.02, 0.2])
def test_noise_is_told_from_what_changes_evenly(noise: float) -> None:
    assert noise_level(_noisy((200, 200), noise)) == pytest.approx(noise, rel=0.05)
    assert noise_level(_noisy((200, 200), 0.0)) < 0.01
    assert noise_level(np.zeros((2, 50))) == 0


@pytest.mark.parametrize("flatness", [1.0, 2.0])
def test_what_is_left_of_noise_is_little(flatness: float) -> None:
    noisy = Image(_noisy((24, 128, 128), 0.08), "ZYX")
    width = averaging_width(noisy, (), flatness, 60.0)
    left = noise_level(average_voxels(noisy, width, flatness).plane((12,)))
    wide = ndimage.gaussian_filter(np.asarray(noisy.data)[None], (0, width / flatness, width, width))
    spread = float(np.std(wide - ndimage.gaussian_filter(np.broadcast_to(_noisy((128,), 0.0), noisy.shape), 1)))
    assert 0.5 < width < 2
    assert 0.008 < spread < 0.025  # of a range that noise makes somewhat wider than 1
    assert left < 0.01


def test_more_noise_is_averaged_over_more_but_never_over_much_of_an_object() -> None:
    images = [Image(_noisy((9, 128, 128), noise), "ZYX") for noise in (0.05, 0.08, 0.12)]
    quiet, some, much = (averaging_width(image, (), 1.0, 100.0) for image in images)
    assert quiet == 0
    assert 0.4 < some < much
    assert averaging_width(images[2], (), 1.0, 8.0) == pytest.approx(0.64)
    assert averaging_width(images[2], (), 1.0, 4.0) == 0


def test_each_voxel_is_averaged_along_z_too() -> None:
    pixels = np.random.default_rng(1).normal(100, 9, (2, 7, 40, 50)).astype(np.float32)
    averaged = average_voxels(Image(pixels, "TZYX"), 1.2, 2.0)
    expected = ndimage.gaussian_filter(pixels[1], (0.6, 1.2, 1.2), mode="nearest", truncate=3)
    for z in (0, 3, 6):
        np.testing.assert_allclose(averaged.plane((1, z)), expected[z], rtol=2e-4)
    part = averaged.part((1, 3), (slice(5, 30), slice(20, 50)))
    np.testing.assert_allclose(part, expected[3, 5:30, 20:50], rtol=2e-4)


def test_channels_are_averaged_each_by_itself() -> None:
    pixels = np.random.default_rng(1).normal(100, 9, (2, 7, 40, 50)).astype(np.float32)
    several = average_voxels(Image(pixels, "CZYX"), 1.0, 1.0)
    parts = tuple(Image(one, "ZYX") for one in pixels)
    together = average_voxels(ChannelStack(parts, parts[0]), 1.0, 1.0)
    assert isinstance(together, ChannelStack)
    np.testing.assert_array_equal(together.grey.plane((3,)), together.parts[0].plane((3,)))
    for channel in (0, 1):
        expected = average_voxels(parts[channel], 1.0, 1.0).plane((3,))
        assert isinstance(several, Image)
        np.testing.assert_array_equal(several.select_channel(channel).plane((3,)), expected)
        np.testing.assert_array_equal(together.plane((3,))[channel], expected)


def test_more_is_found_in_a_noisy_volume(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = read_image(sample_path("nuclei_3d"))
    truth = np.asarray(read_image(sample_labels_path("nuclei_3d")).data)[PART]
    clean = np.asarray(volume.data)[PART].astype(np.float32)
    noise = np.random.default_rng(0).normal(0, 0.2 * np.ptp(np.percentile(clean, (1, 99.8))), clean.shape)
    noisy = Image((clean + noise).astype(np.float32), "ZYX", volume.scale, volume.units)
    config = SegmentConfig(diameter=23, precision="float32", stack="volume")
    found = drain(segment_steps(noisy, model, config))
    assert found.stack is not None
    assert found.stack.averaged > 1
    assert "noisy" in found.stack.reason
    better = tally_objects(truth, found.labels).average_precision()[0.5]
    sliced = beginning.begin_segmenting(noisy, model, config.model_copy(update={"stack": "slices"}), Scope(), None)
    assert sliced.stack is not None
    assert sliced.stack.averaged == 0
    monkeypatch.setattr(beginning, "averaging_width", lambda *args: 0.0)
    plain = drain(segment_steps(noisy, model, config))
    assert better > tally_objects(truth, plain.labels).average_precision()[0.5] + 0.2


def test_size_in_a_volume_is_that_of_three_slices(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {2: 20.0, 4: 31.0, 6: 24.0}
    convinced = {2: 0.6, 4: 0.6, 6: 0.6}

    def look(image: Any, predictor: Any, plane: tuple[int, ...], *args: Any) -> Appearance:
        return Appearance(sizes[plane[-1]], conviction=convinced[plane[-1]])

    def begin(**more: Any) -> beginning.Begun:
        config = SegmentConfig(stack="volume", **more)
        return beginning.begin_segmenting(
            Image(np.zeros((9, 64, 64), np.uint8), "ZYX", CUBES), model.alone, config, Scope(), None
        )

    monkeypatch.setattr(beginning, "measure_appearance", look)
    assert begin().plan.diameter == 24
    assert begin().plan.view.origin == "estimated"
    convinced[2] = convinced[6] = 0.0
    assert begin().plan.diameter == 31
    convinced[2] = 0.6
    assert begin().plan.diameter == 25.5
    assert begin(diameter=40.0).plan.diameter != 25.5  # nothing is measured where it was given


def test_a_stack_that_nobody_looks_at_is_begun_in_its_middle(model: Model) -> None:
    stack, movie = Image(np.zeros((3, 9, 8, 8), np.uint8), "TZYX"), Image(np.zeros((3, 8, 8), np.uint8), "TYX")
    assert plan_units(stack, model)[:3] == ((0, 4), (0, 3), (0, 5))
    assert plan_units(stack, model, Scope("volume", (2,)))[0] == (2, 4)
    assert plan_units(stack, model, Scope("plane", (2, 7))) == ((2, 7),)
    assert plan_units(stack, model, current=(1, 0))[0] == (1, 0)
    assert plan_units(movie, model)[0] == (0,)


def test_pixels_of_an_averaged_image_are_asked_for_as_of_any_other() -> None:
    averaged = average_voxels(Image(_noisy((5, 20, 20), 0.1), "ZYX", CUBES, name="seen"), 1.0, 1.0)
    assert isinstance(averaged, Image)
    renamed = replace(averaged, name="other")
    np.testing.assert_array_equal(renamed.plane((2,)), averaged.plane((2,)))
    with pytest.raises(ValueError, match="does not fit"):
        averaged.plane(())
