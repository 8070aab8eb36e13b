"""Training from scratch learns, and goes on after a kill as if nothing had happened."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_unet.events import Finished, StopFlag, drain
from napari_unet.learning.events import StepDone
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.unet import UNet, with_outputs
from napari_unet.training.config import BaseTrainingConfig
from napari_unet.training.loop import train_steps
from napari_unet.training.samples import TrainingSample, make_sample

CONFIG = BaseTrainingConfig(
    architecture=UNetConfig(depth=2, base_channels=4),
    steps=6,
    batch_size=2,
    patch=48,
    diameters=(10, 20),
    checkpoint_every=2,
    validate_every=2,
)


@pytest.fixture
def samples() -> list[TrainingSample]:
    y, x = np.mgrid[:96, :128]
    labels = np.zeros((96, 128), int)
    for label, (v, u) in enumerate(itertools.product((20, 48, 76), (20, 50, 80, 110)), start=1):
        labels[np.hypot(y - v, x - u) < 9] = label
    rng = np.random.default_rng(0)
    image = ((labels > 0) + 0.1 * rng.standard_normal(labels.shape)).astype(np.float32)
    return [make_sample(image, labels, border_weight=2.0)]


def test_a_sample_knows_its_object_size(samples: list[TrainingSample]) -> None:
    assert samples[0].diameter == pytest.approx(18, rel=0.1)
    assert [tuple(level.shape[-2:]) for level in samples[0].levels] == [(96, 128)]


@pytest.mark.parametrize("stem", [1, 2])
def test_the_loss_falls(samples: list[TrainingSample], stem: int) -> None:
    architecture = CONFIG.architecture.model_copy(update={"stem": stem})
    config = CONFIG.model_copy(update={"steps": 100, "learning_rate": 1e-2, "architecture": architecture})
    losses = [event.loss for event in train_steps(samples, config) if isinstance(event, StepDone)]
    assert np.mean(losses[-10:]) < 0.75 * np.mean(losses[:10])


def test_training_resumes_after_a_kill_bit_for_bit(samples: list[TrainingSample], tmp_path: Path) -> None:
    whole: UNet = drain(train_steps(samples, CONFIG))
    killed = train_steps(samples, CONFIG, checkpoint=tmp_path)
    for event in killed:
        if isinstance(event, StepDone) and event.step == 5:
            break  # the last checkpoint was at step 4
    resumed: UNet = drain(train_steps(samples, CONFIG, checkpoint=tmp_path))
    for (name, a), b in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def test_the_best_on_validation_is_kept(samples: list[TrainingSample], tmp_path: Path) -> None:
    scores = iter([0.2, 0.9, 0.4])
    seen: list[dict[str, torch.Tensor]] = []

    def validate(network: UNet) -> float:
        seen.append({key: value.clone() for key, value in network.state_dict().items()})
        return next(scores)

    best: UNet = drain(train_steps(samples, CONFIG, tmp_path, validate))
    assert all(torch.equal(value, seen[1][key]) for key, value in best.state_dict().items())
    assert (tmp_path / "best.safetensors").exists()


def test_stopping_keeps_what_was_learned(samples: list[TrainingSample]) -> None:
    stop = StopFlag()
    stop.request()
    (event,) = train_steps(samples, CONFIG, stop=stop)
    assert isinstance(event, Finished)
    assert event.stopped


@pytest.mark.parametrize("seams", [False, True])
def test_the_seams_are_learned_beside_and_dropped(samples: list[TrainingSample], seams: bool) -> None:
    config = CONFIG.model_copy(update={"seams": seams})
    trained: UNet = drain(train_steps(samples, config))
    assert trained.config.out_channels == config.architecture.out_channels == 2
    assert trained.final.weight.shape[0] == 2


def test_a_network_keeps_its_outputs_when_others_are_added_or_dropped() -> None:
    network = UNet(UNetConfig(base_channels=4, depth=1, out_channels=2)).eval()
    image = torch.rand(1, 1, 16, 16)
    more = with_outputs(network, 3).eval()
    assert torch.equal(more(image)[:, :2], network(image))
    assert torch.equal(with_outputs(more, 2).eval()(image), network(image))


def test_all_channels_of_a_patch_are_seen_and_none_of_the_targets(samples: list[TrainingSample]) -> None:
    """The loss of a network of three channels falls as that of one: image, targets and weights are each in place."""
    grey = samples[0].levels[0].float()
    colour = make_sample(grey[0, :1].repeat(3, 1, 1).numpy(), (grey[0, 1] > 0).numpy().astype(int), border_weight=2.0)
    architecture = CONFIG.architecture.model_copy(update={"in_channels": 3})
    augmentation = CONFIG.augmentation.model_copy(update={"colour": 0.2})
    wanted = {"steps": 60, "learning_rate": 1e-2, "architecture": architecture, "augmentation": augmentation}
    losses = [
        event.loss for event in train_steps([colour], CONFIG.model_copy(update=wanted)) if isinstance(event, StepDone)
    ]
    assert np.mean(losses[-10:]) < 0.75 * np.mean(losses[:10])
