"""Training from scratch on fully labelled images: resumable, best on validation kept, averaged weights."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from napari_unet.events import Finished, StopFlag
from napari_unet.heads.instances.representation import STANDARD, Representation
from napari_unet.learning.augmentation import vary_grey_values
from napari_unet.learning.checkpoint import load_checkpoint, load_weights, save_checkpoint, save_weights
from napari_unet.learning.events import StepDone, Validated
from napari_unet.models.device import keep_large_buffers
from napari_unet.models.engine import Engine
from napari_unet.models.unet import UNet, with_outputs
from napari_unet.training.config import BaseTrainingConfig
from napari_unet.training.samples import TrainingSample, draw_patch


class _Trainer:
    """Network, optimiser, average and random state: what a checkpoint holds."""

    def __init__(self, config: BaseTrainingConfig, representation: Representation, start: UNet | None) -> None:
        torch.manual_seed(config.seed)
        self.config, self.representation = config, representation
        engine = Engine()
        self.device, self.dtype = engine.torch_device, engine.dtype
        if self.device.type == "cpu":
            keep_large_buffers()
        # What else a network has to say makes it see more: an auxiliary task (Caruana, Machine Learning 28:41, 1997).
        n_outputs = config.architecture.out_channels + (1 if config.seams else 0)
        network = start if start is not None else UNet(config.architecture)
        self.network = with_outputs(network, n_outputs).to(self.device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = copy.deepcopy(self.network).eval()
        self.best = copy.deepcopy(self.averaged)
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.generator = torch.Generator().manual_seed(config.seed)
        self.step, self.seconds = 0, 0.0
        self.best_score = -1.0

    def draw(self, samples: list[TrainingSample], shares: Tensor) -> Tensor:
        """A batch (N, 2 + targets, patch, patch)."""
        drawn = torch.multinomial(shares, self.config.batch_size, replacement=True, generator=self.generator)
        patches = [draw_patch(samples[i], self.config, self.generator, self.representation) for i in drawn.tolist()]
        return torch.stack(patches)

    def learn(self, patches: Tensor) -> float:
        """One optimiser step on (N, 2 + targets, Y, X); the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        image = vary_grey_values(patches[:, :1], self.config.augmentation, self.generator)
        image = image.to(self.device).contiguous(memory_format=torch.channels_last)
        patches = patches.to(self.device)
        self.network.train()
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            logits = self.network(image)
        loss = self.representation.loss(logits, patches[:, 1:-1], patches[:, -1:])
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        self._follow()
        return float(loss.detach())

    def _rate(self) -> float:
        """Warm-up, then a cosine down to zero at the last step."""
        warm = min(1.0, (self.step + 1) / (self.config.warm_up * self.config.steps + 1))
        return self.config.learning_rate * warm * 0.5 * (1 + math.cos(math.pi * self.step / self.config.steps))

    @torch.no_grad()
    def _follow(self) -> None:
        decay = min(self.config.average, (self.step + 1) / (self.step + 10))
        for mean, value in zip(self.averaged.state_dict().values(), self.network.state_dict().values(), strict=True):
            if mean.dtype.is_floating_point:
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(value)

    def kept(self, network: UNet) -> UNet:
        """A copy of `network` with the outputs of the model to be."""
        return with_outputs(network, self.config.architecture.out_channels).eval()

    def judge(self, score: float) -> None:
        """Keep the averaged weights if they score as well as the best so far."""
        if score >= self.best_score:
            self.best_score, self.best = score, copy.deepcopy(self.averaged)

    def save(self, folder: Path) -> None:
        notes = {"step": self.step, "seconds": self.seconds, "best": self.best_score}
        save_checkpoint(folder, self._modules(), self.optimiser, self.generator, notes)
        save_weights(folder, "best", self.best)

    def resume(self, folder: Path) -> None:
        notes = load_checkpoint(folder, self._modules(), self.optimiser, self.generator)
        if notes is not None:
            self.step, self.seconds = int(notes["step"]), float(notes["seconds"])
            self.best_score = float(notes["best"])
            load_weights(folder, "best", self.best)

    def _modules(self) -> dict[str, nn.Module]:
        return {"network": self.network, "averaged": self.averaged}


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
    trainer = _Trainer(config, representation, start)
    if checkpoint is not None:
        trainer.resume(checkpoint)
    shares = torch.tensor([sample.share for sample in samples])
    started, first, before = time.monotonic(), trainer.step, trainer.seconds
    while trainer.step < config.steps and not (stop is not None and stop.requested):
        loss = trainer.learn(trainer.draw(samples, shares))
        seconds = time.monotonic() - started
        left = seconds / (trainer.step - first) * (config.steps - trainer.step)
        trainer.seconds = before + seconds
        yield StepDone(trainer.step, loss, trainer.seconds, left)
        if validate is not None and (trainer.step % config.validate_every == 0 or trainer.step == config.steps):
            score = validate(trainer.kept(trainer.averaged))
            trainer.judge(score)
            yield Validated(trainer.step, score)
        if checkpoint is not None and (trainer.step % config.checkpoint_every == 0 or trainer.step == config.steps):
            trainer.save(checkpoint)
    best = trainer.best if trainer.best_score >= 0 else trainer.averaged
    yield Finished(trainer.kept(best), trainer.step < config.steps)
