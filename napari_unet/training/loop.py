"""Training from scratch on fully labelled images: resumable, best on validation kept, averaged weights."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from napari_unet.events import Finished, StopFlag
from napari_unet.heads.instances.representation import STANDARD, Representation
from napari_unet.learning.augmentation import vary_colours, vary_grey_values
from napari_unet.learning.events import StepDone, Validated
from napari_unet.learning.sampler import Batch
from napari_unet.learning.trainer import Trainer
from napari_unet.models.running.device import keep_large_buffers
from napari_unet.models.unet import UNet, with_outputs
from napari_unet.training.checkpoint import load_checkpoint, load_weights, save_checkpoint, save_weights
from napari_unet.training.config import BaseTrainingConfig
from napari_unet.training.samples import TrainingSample
from napari_unet.training.shelf import PatchShelf


class _BaseTraining:
    """Trainer, best weights and random state: what a checkpoint holds."""

    def __init__(self, config: BaseTrainingConfig, representation: Representation, start: UNet | None) -> None:
        torch.manual_seed(config.seed)
        self.config, self.representation = config, representation
        # What else a network has to say makes it see more: an auxiliary task (Caruana, Machine Learning 28:41, 1997).
        n_outputs = config.architecture.out_channels + (1 if config.seams else 0)
        network = with_outputs(start if start is not None else UNet(config.architecture), n_outputs)
        self.trainer = Trainer(network, representation.loss, config)
        if self.trainer.device.type == "cpu":
            keep_large_buffers()
        self.best, self.best_score = copy.deepcopy(self.trainer.averaged), -1.0
        self.generator = torch.Generator().manual_seed(config.seed)
        self.seconds = 0.0

    @property
    def step(self) -> int:
        return self.trainer.steps

    def learn(self, shelf: PatchShelf, shares: Tensor) -> float:
        """One optimiser step on a batch; the loss."""
        return self.trainer.step(self._draw(shelf, shares), self.step / self.config.steps)

    def shelve(self, samples: Sequence[TrainingSample]) -> PatchShelf:
        """The samples where the training runs."""
        return PatchShelf(samples, self.config, self.representation)

    def _draw(self, shelf: PatchShelf, shares: Tensor) -> Batch:
        chosen = torch.multinomial(shares, self.config.batch_size, replacement=True, generator=self.generator)
        patches = shelf.draw(chosen, self.generator)
        channels = self.config.architecture.in_channels
        images = vary_colours(patches[:, :channels], self.config.augmentation, self.generator)
        images = vary_grey_values(images, self.config.augmentation, self.generator)
        return Batch(images, patches[:, channels:-1], patches[:, -1:])

    def kept(self, network: UNet) -> UNet:
        """A copy of `network` with the outputs of the model to be."""
        return with_outputs(network, self.config.architecture.out_channels).eval()

    def judge(self, score: float) -> None:
        """Keep the averaged weights if they score as well as the best so far."""
        if score >= self.best_score:
            self.best_score, self.best = score, copy.deepcopy(self.trainer.averaged)

    def save(self, folder: Path) -> None:
        notes = {"step": self.step, "seconds": self.seconds, "best": self.best_score}
        save_checkpoint(folder, self._modules(), self.trainer.optimizer, self.generator, notes)
        save_weights(folder, "best", self.best)

    def resume(self, folder: Path) -> None:
        notes = load_checkpoint(folder, self._modules(), self.trainer.optimizer, self.generator)
        if notes is not None:
            self.trainer.steps, self.seconds = int(notes["step"]), float(notes["seconds"])
            self.best_score = float(notes["best"])
            load_weights(folder, "best", self.best)

    def _modules(self) -> dict[str, nn.Module]:
        return {"network": self.trainer.network, "averaged": self.trainer.averaged}


def train_steps(
    samples: list[TrainingSample],
    config: BaseTrainingConfig,
    checkpoint: Path | None = None,
    validate: Callable[[UNet], float] | None = None,
    stop: StopFlag | None = None,
    representation: Representation = STANDARD,
    start: UNet | None = None,
) -> Iterator[StepDone | Validated | Finished[UNet]]:
    """Train from scratch; yields `StepDone` and `Validated`, at last the best averaged network.

    Parameters
    ----------
    samples : list of TrainingSample
        Drawn with replacement in proportion to their `share`.
    checkpoint : Path, optional
        A folder; written every `config.checkpoint_every` steps; training goes on from what it holds.
    validate : callable, optional
        Score of a network, higher is better; without it the last averaged network is the result.
    representation : Representation
        What the network learns to say; samples must have been made with it.
    start : UNet, optional
        Weights to start from instead of random ones.
    """
    training = _BaseTraining(config, representation, start)
    if checkpoint is not None:
        training.resume(checkpoint)
    shares, shelf = torch.tensor([sample.share for sample in samples]), training.shelve(samples)
    started, first, before = time.monotonic(), training.step, training.seconds
    while training.step < config.steps and not (stop is not None and stop.requested):
        loss = training.learn(shelf, shares)
        step, seconds = training.step, time.monotonic() - started
        training.seconds = before + seconds
        yield StepDone(step, loss, training.seconds, seconds / (step - first) * (config.steps - step))
        if validate is not None and (step % config.validate_every == 0 or step == config.steps):
            score = validate(training.kept(training.trainer.averaged))
            training.judge(score)
            yield Validated(step, score)
        if checkpoint is not None and (step % config.checkpoint_every == 0 or step == config.steps):
            training.save(checkpoint)
    best = training.best if training.best_score >= 0 else training.trainer.averaged
    yield Finished(training.kept(best), training.step < config.steps)
