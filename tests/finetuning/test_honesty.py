"""Corrections that carry no information, or nonsense, leave the old model in use, and the reason is told."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from discs import correct_all, draw_discs

from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import FinetuneResult
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.models.model import Model
from napari_unet.workflows.segmenting import segment
from napari_unet.workflows.teaching import finetune

SHAPE = (130, 170)


@pytest.fixture(scope="module")
def knowing() -> Model:
    """A small network that finds most discs; nothing is trained in these tests that could make it forget."""
    from napari_unet.models.architecture import UNetConfig
    from napari_unet.models.record import ModelRecord
    from napari_unet.models.unet import UNet

    torch.manual_seed(0)
    architecture = UNetConfig(base_channels=4, depth=2)
    record = ModelRecord(name="tiny", architecture=architecture, diameter=18.0, untrained=True)
    start = Model(UNet(architecture).eval(), record)
    images, labels = zip(*(draw_discs(SHAPE, seed=seed) for seed in (10, 11)), strict=True)
    options = {"max_steps": 150, "learning_rate": 5e-3, "patch": 96, "batch_size": 2, "device": "cpu"}
    return finetune(list(images), list(labels), model=start, **options).model


def tune(model: Model, pairs, steps: int = 10, predictions=None) -> FinetuneResult:
    config = FinetuneConfig(seconds=120, max_steps=steps, patch=96, batch_size=2, device="cpu")
    predictions = predictions or [None] * len(pairs)
    images = [
        correct_all(*pair, prediction=one, name=str(i))
        for i, (pair, one) in enumerate(zip(pairs, predictions, strict=True))
    ]
    return list(finetune_steps(model, images, config))[-1].result


def keeps_the_old_one(result: FinetuneResult, parent: Model) -> bool:
    """Whether what is to be kept has the parent's weights, and knows that it is a child."""
    kept, old = result.to_keep.network.state_dict(), parent.network.state_dict()
    same = all(torch.equal(kept[key], old[key]) for key in old)
    return same and result.better is False and result.to_keep.record.parent == parent.sha256


def test_labels_equal_to_the_prediction(knowing: Model) -> None:
    images = [draw_discs(SHAPE, seed=seed)[0] for seed in range(3)]
    said = [segment(image, model=knowing, diameter=18.0).labels for image in images]
    assert min(labels.max() for labels in said) > 5
    result = tune(knowing, list(zip(images, said, strict=True)), predictions=said)
    assert keeps_the_old_one(result, knowing)
    assert "already right" in result.sentence


def test_labels_equal_to_the_prediction_of_few_objects(knowing: Model) -> None:
    image = draw_discs((70, 70))[0]
    labels = segment(image, model=knowing, diameter=18.0).labels
    assert 0 < labels.max() < 8
    result = tune(knowing, [(image, labels)])
    assert keeps_the_old_one(result, knowing)
    assert "already right" in result.sentence


def test_labels_of_another_image(knowing: Model) -> None:
    images = [draw_discs(SHAPE, seed=seed)[0] for seed in range(3)]
    shifts = ((16, 16), (5, -9), (-12, 4))  # of each image its own: one alone can be learned
    labels = [np.roll(draw_discs(SHAPE, seed=seed + 5)[1], shift, (0, 1)) for seed, shift in enumerate(shifts)]
    result = tune(knowing, list(zip(images, labels, strict=True)), steps=30)
    assert keeps_the_old_one(result, knowing)
    assert "labels belong to this image" in result.sentence or "check that" in result.sentence


def test_random_blobs(knowing: Model) -> None:
    from scipy import ndimage
    from skimage.measure import label

    pairs = []
    for seed in range(3):
        noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=SHAPE), 5)
        pairs.append((draw_discs(SHAPE, seed=seed)[0], label(noise > 0.05).astype(np.int32)))
    result = tune(knowing, pairs, steps=30)
    assert keeps_the_old_one(result, knowing)
    assert "check that" in result.sentence.lower() or "Check that" in result.sentence


def test_a_real_gain_is_kept(knowing: Model) -> None:
    """The same tests would pass if nothing was ever called better."""
    pairs = [(140 - image, labels) for image, labels in (draw_discs(SHAPE, seed=seed) for seed in range(3))]
    config = FinetuneConfig(seconds=120, max_steps=120, learning_rate=1e-2, patch=96, batch_size=2, device="cpu")
    result = list(finetune_steps(knowing, [correct_all(*pair) for pair in pairs], config))[-1].result
    assert result.better, result.sentence
    assert result.to_keep is result.model


def test_one_object_is_a_valid_start(tiny_model: Model) -> None:
    image, labels = draw_discs((60, 60), spacing=60)
    assert labels.max() == 1
    result = tune(tiny_model, [(image, labels)], steps=3)
    assert result.before is None
    assert result.better is not True
    assert "1 reviewed object" in result.sentence
