"""What is read of a corrected image: planes at the model's object size, with context, and limits of the volume."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from discs import correct_all, draw_discs

from napari_unet.errors import UserError
from napari_unet.finetuning.material import preparation
from napari_unet.finetuning.material.preparation import Material, box_around, prepare_planes, survey_material
from napari_unet.finetuning.material.split import Split
from napari_unet.images.normalization import Limits
from napari_unet.models.model import Model


def prepare(images, model: Model, held_out: float = 0.0, patch: int = 64, split: Split | None = None) -> Material:
    generator = np.random.default_rng(0)
    material = survey_material(images, held_out, generator, model.record)
    if split is not None:
        material.split = split
    prepare_planes(material, images, model.record, patch, generator)
    return material


def test_what_scores_is_seen_with_what_surrounds_it(tiny_model: Model) -> None:
    """An object at the edge of what is held out is to be predicted whole, and the network to see beyond."""
    image, labels = draw_discs((200, 220))
    there = np.zeros(labels.shape, bool)
    there[80:120, 90:130] = True
    material = prepare([correct_all(image, labels)], tiny_model, split=Split((~there,), (there,)))
    (plane,) = material.held_out
    context = max(1.5 * plane.diameter, tiny_model.record.architecture.receptive_radius)
    assert plane.region.sum() == there.sum()
    rows, columns = np.flatnonzero(plane.region.any(axis=1)), np.flatnonzero(plane.region.any(axis=0))
    assert rows[0] == columns[0] == round(context) > 20
    assert plane.region.shape == (40 + 2 * round(context), 40 + 2 * round(context))
    box = slice(80 - round(context), 120 + round(context)), slice(90 - round(context), 130 + round(context))
    np.testing.assert_array_equal(plane.pixels, image[box])
    np.testing.assert_array_equal(plane.labels, labels[box])


def test_images_that_were_both_learned_from_and_held_out_are_counted(tiny_model: Model) -> None:
    images = [correct_all(*draw_discs((100, 120), seed=seed)) for seed in range(3)]
    left = np.arange(120) < 60
    all_of, none = np.ones((100, 120), bool), np.zeros((100, 120), bool)
    split = Split((all_of, all_of & left, none), (none, all_of & ~left, all_of))
    assert prepare(images, tiny_model, split=split).n_shared == 1
    assert prepare(images, tiny_model, split=Split((all_of, all_of, none), (none, none, all_of))).n_shared == 0


def test_context_ends_at_the_image(tiny_model: Model) -> None:
    image, labels = draw_discs((100, 120))
    there = np.zeros(labels.shape, bool)
    there[:40, :40] = True
    material = prepare([correct_all(image, labels)], tiny_model, split=Split((~there,), (there,)))
    assert material.held_out[0].region[0, 0]
    assert material.held_out[0].pixels.shape[0] < 100


def test_all_planes_of_a_volume_are_looked_at_alike(tiny_model: Model) -> None:
    image, labels = draw_discs()
    stack = np.stack([image, 3 * image, 0.3 * image])
    material = prepare([correct_all(stack, np.stack([labels] * 3))], tiny_model)
    assert len({plane.limits for plane in material.learned}) == 1
    (limits,) = {plane.limits for plane in material.learned}
    assert isinstance(limits, Limits)
    assert limits.high > 250  # the brightest plane has 360, the first alone about 140
    tops = sorted(float(np.percentile(plane.pixels, 95)) for plane in material.training)
    assert tops[0] < 0.2 < 0.8 < tops[2]


def test_planes_come_at_the_size_that_the_model_knows(tiny_model: Model) -> None:
    image, labels = draw_discs((256, 256), spacing=64, radius=20)
    record = tiny_model.record.model_copy(update={"diameter": 20.0, "diameter_range": (18.0, 22.0)})
    material = prepare([correct_all(image, labels)], replace(tiny_model, record=record))
    (plane,) = material.training
    assert plane.pixels.shape == plane.labels.shape == plane.learn.shape
    sizes = np.bincount(plane.labels.ravel())[1:]
    assert 2 * np.sqrt(np.median(sizes) / np.pi) < 23
    assert material.learned[0].pixels.shape == (256, 256)  # what scores is resampled as any image is
    assert material.learned[0].diameter == pytest.approx(40, rel=0.1)


def test_only_what_is_reviewed_is_learned_from(tiny_model: Model) -> None:
    image, labels = draw_discs()
    reviewed = np.zeros(labels.shape, bool)
    reviewed[:, :70] = True
    prediction = labels.copy()
    prediction[labels == 1] = 0
    prediction[labels == labels.max()] = 0  # not reviewed
    (plane,) = prepare([correct_all(image, labels, reviewed, prediction)], tiny_model).training
    assert plane.learn.sum() == plane.reviewed.sum() == reviewed.sum()
    assert plane.predicted
    assert set(np.unique(plane.labels[plane.changed])) == {1}
    assert plane.pixels.shape[1] > 70 + 30  # with context for patches


def test_reading_ends_with_the_time_but_not_before_there_is_something(tiny_model: Model) -> None:
    image, labels = draw_discs()
    images = [correct_all(np.stack([image] * 4), np.stack([labels] * 4))]
    generator = np.random.default_rng(0)
    material = survey_material(images, 0.0, generator, tiny_model.record)
    prepare_planes(material, images, tiny_model.record, 64, generator, enough=lambda: True)
    assert len(material.training) == len(material.planes) == 1


def test_nothing_whole_is_a_sentence(tiny_model: Model) -> None:
    image, labels = draw_discs()
    with pytest.raises(UserError, match="Nothing is marked as reviewed"):
        prepare([correct_all(image, labels, np.zeros(labels.shape, bool))], tiny_model)
    part = np.zeros(labels.shape, bool)
    part[labels == 5] = True
    part[: np.nonzero(labels == 5)[0].mean().round().astype(int)] = False
    with pytest.raises(UserError, match="holds no whole object"):
        prepare([correct_all(image, labels, part)], tiny_model)


@pytest.mark.parametrize(
    ("margin", "box"),
    [
        (0, (slice(3, 5), slice(7, 9))),
        (2, (slice(1, 7), slice(5, 11))),
        (5, (slice(0, 10), slice(2, 14))),
    ],
)
def test_a_box_has_its_margin_within_the_plane(margin: int, box: tuple[slice, slice]) -> None:
    mask = np.zeros((20, 30), bool)
    mask[3, 8] = mask[4, 7] = True
    assert box_around(mask, margin) == box
    assert box_around(np.zeros((4, 4), bool), margin) is None


def test_no_more_is_learned_from_than_fits_but_all_of_it_scores(tiny_model: Model, monkeypatch) -> None:
    monkeypatch.setattr(preparation, "_MOST_PIXELS", 1)
    images = [correct_all(*draw_discs((96, 96), seed=seed)) for seed in range(3)]
    material = prepare(images, tiny_model)
    assert (len(material.training), len(material.learned), len(material.planes)) == (1, 3, 3)
    assert material.held_out == []
