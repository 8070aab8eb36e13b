"""What images look like to a network, and how far they are from one another."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from discs import draw_discs
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_unet.images.channels import stack_channels
from napari_unet.images.image import Image
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.model import Model
from napari_unet.segmentation import looks
from napari_unet.segmentation.looks import can_look, farness, is_bright, look_distances, measure_look


def test_a_look_does_not_depend_on_exposure_but_on_what_is_shown(tiny_model: Model) -> None:
    image = draw_discs((64, 64))[0]
    look = measure_look(Image(image, "YX"), tiny_model)
    assert look.dtype == np.float32
    assert look[-1] == 0  # one channel has no colour
    np.testing.assert_allclose(measure_look(Image(3 * image + 50, "YX"), tiny_model), look, atol=1e-4)
    other = measure_look(Image(np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32), "YX"), tiny_model)
    assert np.abs(other - look).max() > 0.05
    negative = measure_look(Image(image.max() - image, "YX"), tiny_model, inverted=True)
    np.testing.assert_allclose(negative, look, atol=2e-2)


def test_of_a_stack_the_middle_is_looked_at(tiny_model: Model) -> None:
    image = draw_discs((64, 64))[0]
    stack = np.stack([np.zeros_like(image), np.zeros_like(image), image, image * 0.5, np.zeros_like(image)])
    looks = [measure_look(Image(stack, "TYX"), tiny_model, plane) for plane in ((), (2,), (0,))]
    np.testing.assert_array_equal(looks[0], looks[1])
    assert np.abs(looks[2] - looks[1]).max() > 0.01


def test_colours_count(tiny_model: Model) -> None:
    random = np.random.default_rng(0)
    grey = random.integers(0, 200, (40, 40, 1)).repeat(3, axis=2).astype(np.uint8)
    tinted = grey.copy()
    tinted[..., 0] += 51
    looks = [measure_look(stack_channels(Image(one, "YXS")), tiny_model)[-1] for one in (grey, tinted)]
    assert looks[0] == 0
    assert looks[1] == pytest.approx(51 / 255, abs=1e-6)


def test_most_of_a_bright_image_is_nearer_to_white(tiny_model: Model) -> None:
    image = draw_discs((64, 64))[0]
    assert not is_bright(Image(image, "YX"), tiny_model)
    assert is_bright(Image(image.max() - image, "YX"), tiny_model)


@pytest.mark.parametrize(("fields", "can"), [({}, True), ({"ndim": 3}, False), ({"padding": "valid"}, False)])
def test_padded_networks_of_planes_can_look(tiny_model: Model, fields: dict[str, object], can: bool) -> None:
    architecture = UNetConfig(base_channels=4, depth=1, **fields)  # type: ignore[arg-type]
    model = replace(tiny_model, record=tiny_model.record.model_copy(update={"architecture": architecture}))
    assert can_look(model) is can


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000))
def test_an_image_is_nearest_to_itself_and_units_do_not_count(seed: int) -> None:
    random = np.random.default_rng(seed)
    kinds = [random.normal(3 * i, 1, (4, 5)).astype(np.float32) for i in range(3)]
    distances = look_distances(np.concatenate(kinds), kinds)
    assert distances.shape == (12, 3)
    np.testing.assert_allclose([distances[4 * i : 4 * i + 4, i] for i in range(3)], 0, atol=1e-6)
    scale, shift = random.uniform(0.5, 20, 5), random.normal(size=5)
    moved = [(kind * scale + shift).astype(np.float32) for kind in kinds]
    np.testing.assert_allclose(look_distances(np.concatenate(moved), moved), distances, rtol=1e-3, atol=1e-3)


def test_one_is_as_far_as_the_base_images_are_from_one_another() -> None:
    random = np.random.default_rng(0)
    base = random.normal(size=(40, 12)).astype(np.float32)
    assert farness(random.normal(size=(20, 12)).astype(np.float32), base) == pytest.approx(1.0, abs=0.15)
    assert farness(base, base) == 0
    assert farness(base[:5] + 4, base) > 3


def test_farther_than_far_does_not_count() -> None:
    base = np.random.default_rng(0).normal(size=(10, 2)).astype(np.float32)
    far = np.array([[1e6, 0.0], [1e9, 0.0]], np.float32)
    assert np.ptp(look_distances(far, [base])) == pytest.approx(0, abs=1e-6)


def test_of_a_large_plane_pixels_are_averaged_first_and_it_looks_the_same(
    tiny_model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.kron(draw_discs((150, 160))[0], np.ones((9, 9), np.float32))
    scaled = []
    normalize = looks.normalize
    monkeypatch.setattr(looks, "normalize", lambda pixels, *how: scaled.append(pixels.shape) or normalize(pixels, *how))
    whole, bright = measure_look(Image(image, "YX"), tiny_model), is_bright(Image(image, "YX"), tiny_model)
    monkeypatch.setattr(looks, "_AVERAGED", 600)
    assert is_bright(Image(image, "YX"), tiny_model) == bright
    np.testing.assert_allclose(measure_look(Image(image, "YX"), tiny_model), whole, atol=0.03, rtol=0.08)
    assert scaled == [image.shape, image.shape, (337, 360), (337, 360)]
