from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from discs import correct_all, draw_discs

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.finetuning.material import colour
from napari_unet.finetuning.material.colour import (
    _divided,
    _drawn,
    _last_features,
    _sample,
    _smoothed,
    _wrong,
    shows_more,
    use_channels,
)
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


def test_as_many_pixels_are_drawn_in_objects_as_beside_them() -> None:
    known, inside = np.zeros((90, 90), bool), np.zeros((90, 90), bool)
    known[10:80, 10:80], inside[20:30, 20:30], inside[:5] = True, True, True
    at = _drawn(known, inside)
    assert len(at) == 200  # all 100 pixels of the object that is known, and as many others
    assert known[tuple(at.T)].all()
    assert inside[tuple(at.T)].tolist() == [True] * 100 + [False] * 100
    assert len(np.unique(at, axis=0)) == 200
    assert len(_drawn(np.ones((90, 90), bool), np.arange(8100).reshape(90, 90) % 2 == 0)) == 4000


@pytest.mark.parametrize(("sign", "wrong"), [((1, 1), 0.0), ((1, -1), 1.0), ((0, 0), 0.5)])
def test_a_fit_is_asked_of_other_pixels_than_it_was_made_by(sign: tuple[int, int], wrong: float) -> None:
    """What tells objects in one image tells them in the other, the wrong way round, or says nothing."""
    random = np.random.default_rng(0)
    inside = np.arange(400) % 4 == 0
    samples = [
        (np.float32(one * 10 * inside[:, None] + random.normal(0, 0.01 if one else 1, (400, 1))), inside)
        for one in sign
    ]
    assert _wrong(samples) == pytest.approx(wrong, abs=0.08)


def test_one_image_is_divided_into_halves_of_the_same_kind() -> None:
    inside = np.arange(20) < 10
    sample = (np.arange(20.0)[:, None], -np.arange(20.0)[:, None], inside)
    one, other = _divided(sample)
    assert one[0].ravel().tolist() == list(range(0, 20, 2))
    assert other[0].ravel().tolist() == list(range(1, 20, 2))
    assert other[1].ravel().tolist() == [-n for n in range(1, 20, 2)]
    assert one[2].sum() == other[2].sum() == 5


def test_of_each_plane_two_smoothings_are_looked_at() -> None:
    planes = np.zeros((2, 33, 33), np.float32)
    planes[0, 16, 16] = 1
    found = _smoothed(planes)
    assert found.shape == (4, 33, 33)
    assert not found[2:].any()
    assert found[0, 16, 16] == pytest.approx(1 / (2 * np.pi), rel=0.02)
    assert found[1, 16, 16] == pytest.approx(1 / (2 * np.pi * 16), rel=0.02)


def test_features_are_those_of_the_plane_whatever_its_size(tiny_model) -> None:
    plane = np.random.default_rng(0).random((21, 30)).astype(np.float32)
    found = _last_features(plane, tiny_model)
    assert found.shape == (4, 21, 30)
    assert np.ptp(found) > 0
    tiny_model.network.train()
    _last_features(plane, tiny_model)
    assert tiny_model.network.training  # as it was


def test_images_in_which_nothing_can_be_compared_say_nothing(tiny_model) -> None:
    grey = correct_all(*draw_discs((64, 64)))
    assert _sample(grey, tiny_model) is None
    one = picture(True, 0)
    assert _sample(replace(one, labels=np.zeros_like(one.labels)), tiny_model) is None
    assert _sample(replace(one, labels=np.ones_like(one.labels)), tiny_model) is None
    found = _sample(one, tiny_model)
    assert found is not None
    numbers, colours, inside = found
    assert numbers.shape[1] == 4 + 2  # the last features, and grey smoothed twice
    assert colours.shape[1] == 3 * 2
    assert 2 * inside.sum() == len(inside) == len(numbers) == len(colours)


@pytest.mark.parametrize(
    ("one", "every", "more"),
    [
        (0.10, 0.05, True),
        (0.10, 0.08, False),  # not much less is wrong
        (0.010, 0.004, True),
        (0.008, 0.004, False),  # less than half is wrong, but next to nothing was
    ],
)
def test_colours_have_to_be_surely_better(tiny_model, monkeypatch, one: float, every: float, more: bool) -> None:
    sample = np.zeros((8, 3), np.float32), np.zeros((8, 2), np.float32), np.arange(8) < 4
    monkeypatch.setattr(colour, "_sample", lambda *given: sample)
    monkeypatch.setattr(colour, "_wrong", lambda samples: one if samples[0][0].shape[1] == 3 else every)
    pictures = [picture(True, 0), picture(True, 1)]
    assert shows_more(pictures, tiny_model) is more
    assert shows_more([], tiny_model) is False
