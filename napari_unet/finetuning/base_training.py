"""Training a model from scratch on fully labelled images: resumable, best on validation kept, averaged weights."""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor, nn
from torch.nn import functional as F

from napari_unet.events import Finished, StopFlag
from napari_unet.finetuning.augmentation import AugmentationConfig, sampling_grid, vary_grey_values
from napari_unet.finetuning.events import StepDone
from napari_unet.finetuning.losses import instance_loss
from napari_unet.finetuning.targets import border_weights, make_targets
from napari_unet.models.architecture import UNetConfig
from napari_unet.models.device import choose_device, choose_dtype
from napari_unet.models.unet import UNet


class BaseTrainingConfig(BaseModel):
    """How a base model is trained."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    architecture: UNetConfig = UNetConfig()
    augmentation: AugmentationConfig = AugmentationConfig()
    steps: int = Field(4000, ge=1)
    batch_size: int = Field(8, ge=1)
    patch: int = Field(192, ge=32, description="Pixels.")
    diameters: tuple[float, float] = Field((11.0, 56.0), description="Object sizes shown to the network, in pixels.")
    learning_rate: float = Field(3e-3, gt=0)
    weight_decay: float = Field(1e-3, ge=0)
    warm_up: float = Field(
        0.04, ge=0, le=0.5, description="Share of the steps in which the rate rises to its full size."
    )
    average: float = Field(0.995, ge=0, lt=1, description="Decay of the moving average of the weights.")
    border_weight: float = Field(2.0, ge=0, description="w0 of the paper's border weight map.")
    checkpoint_every: int = Field(250, ge=1)
    seed: int = 0


@dataclass(frozen=True, eq=False)
class TrainingSample:
    """A labelled image as a pyramid of tensors (1, 4, Y, X): image, foreground, distance, weights; sizes 1, 1/2, 1/4.

    `diameter` is the median object diameter in pixels; `share` how often it is drawn.
    """

    levels: tuple[Tensor, ...]
    diameter: float
    share: float


def make_sample(
    image: npt.NDArray[np.float32], labels: npt.NDArray[Any], border_weight: float, share: float = 1.0
) -> TrainingSample:
    """Sample from a normalized image and its labels, both (Y, X)."""
    targets = make_targets(labels)
    weights = border_weights(labels, w0=border_weight)
    level = torch.from_numpy(np.concatenate([image[None], targets, weights[None]])).float()[None]
    levels = [level]
    while len(levels) < 3 and min(level.shape[-2:]) >= 128:
        level = F.avg_pool2d(level, 2, ceil_mode=True)
        levels.append(level)
    areas = np.bincount(np.asarray(labels).ravel().astype(np.int64))[1:]
    areas = areas[areas > 0]
    diameter = float(2 * np.sqrt(np.median(areas) / np.pi)) if areas.size else 24.0
    return TrainingSample(tuple(one.half() for one in levels), diameter, share)


def draw_patch(sample: TrainingSample, config: BaseTrainingConfig, generator: torch.Generator) -> Tensor:
    """One augmented patch (4, patch, patch) float32 of a random place and object size."""
    shape = sample.levels[0].shape[-2:]
    low, high = config.diameters
    zoom = min(max(sample.diameter, low), high) / sample.diameter
    if float(torch.rand((), generator=generator)) < 0.35:  # a size from the whole range, not this image's own
        zoom = low * (high / low) ** float(torch.rand((), generator=generator)) / sample.diameter
    level = min(len(sample.levels) - 1, max(0, round(-math.log2(max(zoom, 1e-3)) - 0.3)))
    half = config.patch / zoom / 2 * 0.7
    centre = [_draw_place(size, half, generator) / 2**level for size in shape]
    source = sample.levels[level]
    grid = sampling_grid(
        (centre[0], centre[1]),
        (source.shape[-2], source.shape[-1]),
        zoom * 2**level,
        config.patch,
        config.augmentation,
        generator,
    )
    patch = F.grid_sample(source.float(), grid, mode="bilinear", padding_mode="reflection", align_corners=False)[0]
    patch[1] = (patch[1] > 0.5).float()
    return patch


def _draw_place(size: int, half: float, generator: torch.Generator) -> float:
    low, high = min(half, size / 2), max(size - half, size / 2)
    return low + (high - low) * float(torch.rand((), generator=generator))


class _Trainer:
    """Network, optimiser, average and random state: what a checkpoint holds."""

    def __init__(self, config: BaseTrainingConfig) -> None:
        torch.manual_seed(config.seed)
        self.config = config
        self.device = choose_device()
        self.dtype = choose_dtype(self.device)
        self.network = UNet(config.architecture).to(self.device)
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.averaged = copy.deepcopy(self.network).eval()
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self.generator = torch.Generator().manual_seed(config.seed)
        self.step = 0
        self.best = -1.0

    def learn(self, patches: Tensor) -> float:
        """One optimiser step on (N, 4, Y, X); the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = self._rate()
        image = vary_grey_values(patches[:, :1], self.config.augmentation, self.generator)
        image = image.to(self.device).contiguous(memory_format=torch.channels_last)
        patches = patches.to(self.device)
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            logits = self.network(image)
        loss = instance_loss(logits, patches[:, 1:3], patches[:, 3:])
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


def train_steps(
    samples: list[TrainingSample],
    config: BaseTrainingConfig,
    checkpoint: Path | None = None,
    validate: Callable[[UNet], float] | None = None,
    validate_every: int = 500,
    stop: StopFlag | None = None,
) -> Iterator[StepDone | Finished[UNet]]:
    """Train from scratch, or from `checkpoint` where it exists; yields `StepDone`, at last the best averaged network.

    Parameters
    ----------
    samples : list of TrainingSample
        Drawn with replacement in proportion to their `share`.
    checkpoint : Path, optional
        A folder; written every `config.checkpoint_every` steps, so that a kill costs little.
    validate : callable, optional
        Score of a network, higher is better; without it the last averaged network is the result.
    """
    trainer = _Trainer(config)
    if checkpoint is not None:
        _resume(trainer, checkpoint)
    shares = torch.tensor([sample.share for sample in samples])
    started, first = time.monotonic(), trainer.step
    best = copy.deepcopy(trainer.averaged)
    while trainer.step < config.steps and not (stop is not None and stop.requested):
        drawn = torch.multinomial(shares, config.batch_size, replacement=True, generator=trainer.generator)
        loss = trainer.learn(torch.stack([draw_patch(samples[i], config, trainer.generator) for i in drawn.tolist()]))
        seconds = time.monotonic() - started
        left = seconds / (trainer.step - first) * (config.steps - trainer.step)
        yield StepDone(trainer.step, loss, seconds, left)
        if validate is not None and (trainer.step % validate_every == 0 or trainer.step == config.steps):
            score = validate(trainer.averaged)
            if score >= trainer.best:
                trainer.best, best = score, copy.deepcopy(trainer.averaged)
                _save_weights(checkpoint, "best", best)
        if checkpoint is not None and trainer.step % config.checkpoint_every == 0:
            _save(trainer, checkpoint)
    yield Finished(best if validate is not None else trainer.averaged, trainer.step < config.steps)


def _save_weights(folder: Path | None, name: str, network: nn.Module) -> None:
    from safetensors.torch import save_file

    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        save_file({k: v.contiguous() for k, v in network.state_dict().items()}, folder / f"{name}.safetensors")


def _save(trainer: _Trainer, folder: Path) -> None:
    """Checkpoint in tensors and JSON only, written beside the last one and then put in its place."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    tensors = {f"network.{k}": v.contiguous() for k, v in trainer.network.state_dict().items()}
    tensors |= {f"averaged.{k}": v.contiguous() for k, v in trainer.averaged.state_dict().items()}
    for index, state in trainer.optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser.{index}.{k}": torch.as_tensor(v).contiguous() for k, v in state.items()}
    tensors["generator"] = trainer.generator.get_state()
    notes = json.dumps({"step": trainer.step, "best": trainer.best})
    save_file(tensors, folder / "checkpoint.part", metadata={"trainer": notes})
    (folder / "checkpoint.part").replace(folder / "checkpoint.safetensors")


def _resume(trainer: _Trainer, folder: Path) -> None:
    from safetensors import safe_open

    path = folder / "checkpoint.safetensors"
    if not path.exists():
        return
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118  (no mapping)
        notes = json.loads(file.metadata()["trainer"])
    for part, module in (("network", trainer.network), ("averaged", trainer.averaged)):
        module.load_state_dict({k[len(part) + 1 :]: v for k, v in tensors.items() if k.startswith(part + ".")})
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimiser."):
            _, index, name = key.split(".", 2)
            state.setdefault(int(index), {})[name] = value
    trainer.optimiser.load_state_dict({"state": state, "param_groups": trainer.optimiser.state_dict()["param_groups"]})
    trainer.generator.set_state(tensors["generator"])
    trainer.step, trainer.best = int(notes["step"]), float(notes["best"])
