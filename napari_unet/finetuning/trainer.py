"""One optimiser step after another, on a copy of the network, with a running average of its weights."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn

from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.heads.registry import find_head
from napari_unet.learning.sampler import Batch
from napari_unet.learning.threads import ThreadChoice
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet

_WARM_UP = 0.03  # of the training
_CLIP = 1.0
_SCRATCH = 2.0  # times the learning rate, where there is nothing yet to lose
REPLAY_WEIGHT = 10.0
"""How many times a patch of replay counts. Its loss starts at its least and pulls only at what is being forgotten;
docs/benchmarks.md has what was measured."""


class Trainer:
    """Adapts a copy of `network`; `averaged` is the copy to score and keep.

    Replay teaches what `teacher` says, or, without one, what `network` said.
    """

    def __init__(
        self, network: UNet, config: FinetuneConfig, record: ModelRecord | None = None, teacher: UNet | None = None
    ) -> None:
        record = record or ModelRecord()
        self.config = config
        self._head = find_head(record)
        self.distil, self.replay_weight = self._head.distil, REPLAY_WEIGHT
        self._rate = config.learning_rate * (_SCRATCH if record.untrained else 1.0)
        self.device, self.dtype = config.engine.torch_device, config.engine.dtype
        self.network = copy.deepcopy(network).to(self.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.network.requires_grad_(True)
        self._teacher = copy.deepcopy(teacher or network).to(self.device).eval()
        self._teacher.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = copy.deepcopy(self.network).eval()
        # With replay: statistics of a few patches of two kinds of image fit neither; the parent's serve both.
        self._fixed = _trained_norms(self.network)
        self.steps = 0
        # A run of so many steps can be repeated exactly, which sums on another number of threads cannot.
        self.threads = ThreadChoice(self.device.type == "cpu" and config.max_steps is None)
        self._optimizer = torch.optim.AdamW(self.network.parameters(), self._rate, weight_decay=config.weight_decay)

    def step(self, batch: Batch, progress: float) -> float:
        """Learn from one batch at `progress` (0 to 1) of the training; returns the loss."""
        with self.threads.step():
            return self._learn(batch, progress)

    def _learn(self, batch: Batch, progress: float) -> float:
        self.network.train()
        for module in self._fixed if batch.n_replay else ():
            module.eval()
        self._set_learning_rate(progress)
        images = batch.images.to(self.device, memory_format=torch.channels_last)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            logits = self.network(images)
        targets = batch.targets.to(self.device)
        if batch.n_replay:
            targets = self._ask_teacher(images, targets, batch.n_replay)
        targets, weights = (_crop_to(maps, logits) for maps in (targets, batch.weights.to(self.device)))
        loss = self._both_losses(logits, targets, weights, batch.n_replay)
        value = float(loss.detach())
        self.steps += 1
        if not math.isfinite(value):  # learn nothing from a batch that would spoil all weights
            return value
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), _CLIP)
        self._optimizer.step()
        self._average()
        return value

    @torch.no_grad()
    def _ask_teacher(self, images: Tensor, targets: Tensor, n_replay: int) -> Tensor:
        """`targets` with what the teacher says of the replay patches, as far as it says anything there.

        A child that is to answer as its teacher does has more to go by than where objects are (Li and Hoiem,
        Learning without forgetting, 2016), and keeps what the teacher's thresholds were chosen for.
        """
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            said = self._head.activate(self._teacher(images[-n_replay:]).float())
        margins = [(have - want) // 2 for have, want in zip(targets.shape[2:], said.shape[2:], strict=True)]
        rows, columns = (slice(margin, size - margin) for margin, size in zip(margins, targets.shape[2:], strict=True))
        targets = targets.clone()
        targets[-n_replay:, : said.shape[1], rows, columns] = said
        return targets

    def _both_losses(self, logits: Tensor, targets: Tensor, weights: Tensor, n_replay: int) -> Tensor:
        """Of corrections and replay apart, each with its share of the patches: few pixels of a correction are known."""
        new = slice(None, len(logits) - n_replay)
        parts = [self._head.loss(logits[new], targets[new], weights[new]) * (len(logits) - n_replay)]
        if n_replay:
            old = slice(-n_replay, None)
            said = self.distil(logits[old], targets[old], weights[old])
            parts.append(said * n_replay * self.replay_weight)
        return torch.stack(parts).sum() / len(logits)

    def _set_learning_rate(self, progress: float) -> None:
        share = min(1.0, (progress + 1e-3) / _WARM_UP) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate * share

    @torch.no_grad()
    def _average(self) -> None:
        decay = min(0.97, (1 + self.steps) / (10 + self.steps))
        for mean, now in zip(self.averaged.state_dict().values(), self.network.state_dict().values(), strict=True):
            if mean.is_floating_point():
                mean.lerp_(now, 1 - decay)
            else:
                mean.copy_(now)


def _trained_norms(network: nn.Module) -> list[nn.Module]:
    """Batch normalizations that have seen data."""
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    return [norm for norm in norms if norm.num_batches_tracked]


def _crop_to(maps: Tensor, logits: Tensor) -> Tensor:
    """The centre of `maps` of the spatial size of `logits` (unpadded networks see more than they answer for)."""
    margins = [(have - want) // 2 for have, want in zip(maps.shape[2:], logits.shape[2:], strict=True)]
    if not any(margins):
        return maps
    rows, columns = (slice(margin, margin + want) for margin, want in zip(margins, logits.shape[2:], strict=True))
    return maps[..., rows, columns]
