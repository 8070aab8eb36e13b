"""One optimiser step after another, in 2D and 3D, with a running average of the weights: all training goes this way."""

from __future__ import annotations

import copy
import math
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn

from napari_unet.learning.averaging import RunningAverage
from napari_unet.learning.clock.decisions import Decisions
from napari_unet.learning.clock.threads import ThreadChoice
from napari_unet.learning.config import OptimizationConfig
from napari_unet.learning.last_layer import fit_last_layer
from napari_unet.learning.sampler import Batch
from napari_unet.learning.teacher import Teacher, crop_to
from napari_unet.models.running.engine import Engine
from napari_unet.models.unet import UNet

Statistics = Literal["follow", "keep"]
_MEASURED = 6  # batches, the last ones
_OF_NO_USE = 0.75  # of the loss, or less, is left with other statistics
LossFunction = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(logits (N, outputs, (Z,) Y, X), targets (N, T, (Z,) Y, X), weights (N, 1, (Z,) Y, X)) -> scalar."""
_AUTO = Engine()


class Trainer:
    """Trains a copy of `network`; `averaged` is what to score and keep.

    Parameters
    ----------
    network : UNet
        Stays as it is.
    loss : callable
        What is learned.
    config : OptimizationConfig
    engine : Engine
        What it runs on.
    teacher : Teacher, optional
        What is not to be forgotten; needed for batches that hold replay.
    repeatable : bool
        Whether the number of threads stays as it is: sums on another number of them are not the same bit for bit.
    statistics : str
        Of batch normalizations. "follow" is the usual way, for long trainings. "keep": those that have seen data go on
        with what they saw, so that what the network knew is not lost: statistics that a short training leaves behind
        fit neither its weights nor whole images. `begin` may find that those that it has are of no use for the new
        images, and goes on with "measure": a batch is normalized by itself, and the average by the last batches,
        measured when it is asked for (Wu and Johnson, arXiv:2105.07576).
    decisions : Decisions, optional
        Where the number of threads of each step is kept, or taken from.
    """

    def __init__(
        self, network: UNet, loss: LossFunction, config: OptimizationConfig, engine: Engine = _AUTO,
        teacher: Teacher | None = None, repeatable: bool = True, statistics: Statistics = "follow",
        decisions: Decisions | None = None,
    ) -> None:  # fmt: skip
        self.loss, self.config, self.teacher = loss, config, teacher
        self.device, self.dtype = engine.torch_device, engine.dtype
        # Rows of channels side by side in memory: quicker convolutions.
        self._format = torch.channels_last if network.config.ndim == 2 else torch.channels_last_3d
        self.network = self._place(copy.deepcopy(network)).requires_grad_(True)
        self._average = RunningAverage(self.network, config.average)
        if teacher is not None:
            self._place(teacher.network)
        self._fixed = trained_norms(self.network) if statistics == "keep" else []
        self._recent: deque[Tensor] | None = None
        self._measured_at = -1
        self.steps = 0
        self.threads = ThreadChoice(self.device.type == "cpu" and not repeatable, decisions=decisions)
        self.optimizer = torch.optim.AdamW(
            self.network.parameters(), config.learning_rate, weight_decay=config.weight_decay
        )

    @property
    def averaged(self) -> UNet:
        """The running average of the weights, ready to predict."""
        if self._recent and self._measured_at != self.steps:
            adapt_statistics(self._average.network, find_norms(self._average.network), list(self._recent))
            self._measured_at = self.steps
        return self._average.network

    def step(self, batch: Batch, progress: float) -> float:
        """Learn from one batch at `progress` (0 to 1) of the training; returns the loss.

        Nothing is learned from a batch whose loss is no number: it would spoil all weights.
        """
        with self.threads.step():
            loss = self._measure(batch)
            value = float(loss.detach())
            self.steps += 1
            if math.isfinite(value):
                self._learn(loss, progress)
            return value

    def begin(self, batches: Sequence[Batch]) -> bool:
        """Take from `batches`, before the first step, what can be had at once; whether their losses became smaller.

        The last layer is fitted. Statistics that were to be kept are given up where those of the new images (AdaBN: Li
        et al., arXiv:1603.04779) lead much further: the images are quite other ones, a negative for example. A network
        that has seen nothing has no features worth that.
        """
        if find_norms(self.network) and not trained_norms(self.network):
            return False
        with self.threads.step():
            images = [batch.images.to(self.device).contiguous(memory_format=self._format) for batch in batches]
            targets = [self._targets(batch, seen) for batch, seen in zip(batches, images, strict=True)]
            losses = [partial(self._loss_of, batch, target) for batch, target in zip(batches, targets, strict=True)]
            fitted = copy.deepcopy(self.network).eval()
            before = fit_last_layer(fitted, images, losses, steps=0)
            after = fit_last_layer(fitted, images, losses)
            if self._fixed and not any(batch.n_replay for batch in batches):
                adapted = copy.deepcopy(self.network)
                adapt_statistics(adapted, find_norms(adapted), images)
                anew = fit_last_layer(adapted, images, losses)
                if anew < _OF_NO_USE * after:
                    fitted, after, self._fixed, self._recent = adapted, anew, [], deque(maxlen=_MEASURED)
            for network in (self.network, self._average.network) if after < before else ():
                network.load_state_dict(fitted.state_dict())
        return after < before

    def _place(self, network: UNet) -> UNet:
        return network.to(self.device).to(memory_format=self._format)  # type: ignore[call-overload, no-any-return]

    def _measure(self, batch: Batch) -> Tensor:
        self.network.train()
        for module in self._fixed:
            module.eval()
        images = batch.images.to(self.device).contiguous(memory_format=self._format)
        if self._recent is not None:
            self._recent.append(images)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            logits = self.network(images)
            targets = self._targets(batch, images)
        return self._loss_of(batch, targets, logits)

    def _targets(self, batch: Batch, images: Tensor) -> Tensor:
        """What is right, with what the teacher says of replay."""
        targets = batch.targets.to(self.device)
        if not batch.n_replay or self.teacher is None:
            return targets
        return self.teacher.teach(images, targets, batch.n_replay)

    def _loss_of(self, batch: Batch, targets: Tensor, logits: Tensor) -> Tensor:
        weights = batch.weights.to(self.device)
        return self._both_losses(logits, crop_to(targets, logits), crop_to(weights, logits), batch.n_replay)

    def _both_losses(self, logits: Tensor, targets: Tensor, weights: Tensor, n_replay: int) -> Tensor:
        """Of corrections and replay apart, each with its share of the patches: few pixels of a correction are known."""
        n_new = len(logits) - n_replay
        loss = self.loss(logits[:n_new], targets[:n_new], weights[:n_new])
        if not n_replay or self.teacher is None:
            return loss
        said = self.teacher.loss(logits[n_new:], targets[n_new:], weights[n_new:])
        return (loss * n_new + said * n_replay * self.teacher.weight) / len(logits)

    def _learn(self, loss: Tensor, progress: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.rate_at(progress)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), self.config.clip)
        self.optimizer.step()
        self._average.follow(self.network, self.steps)


@torch.no_grad()
def adapt_statistics(
    network: nn.Module, norms: Sequence[nn.modules.batchnorm._BatchNorm], batches: Sequence[Tensor]
) -> None:
    """Make the statistics of `norms` those of `batches` (N, C, (Z,) Y, X), all alike; the network is left as `eval`."""
    network.eval()
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean of all batches
        norm.train()
    for batch in batches:
        network(batch)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()


def find_norms(network: nn.Module) -> list[nn.modules.batchnorm._BatchNorm]:
    """Its batch normalizations."""
    return [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]


def trained_norms(network: nn.Module) -> list[nn.modules.batchnorm._BatchNorm]:
    """Batch normalizations that have seen data."""
    return [norm for norm in find_norms(network) if norm.num_batches_tracked]
