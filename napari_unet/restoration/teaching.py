"""A network learns to restore: from the image itself, or from pairs, of which some are held out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.heads.registry import head_named
from napari_unet.learning.events import StepDone
from napari_unet.learning.trainer import Trainer
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord, TrainingRecord
from napari_unet.models.running.device import keep_large_buffers
from napari_unet.models.unet import UNet
from napari_unet.restoration.config import RestoreConfig
from napari_unet.restoration.material import NORMALIZATION, Example, ExampleSet
from napari_unet.restoration.predicting import predict_grey
from napari_unet.restoration.sampler import RestorationSampler
from napari_unet.restoration.starts.base import base_of
from napari_unet.restoration.starts.enlarging import enlarge
from napari_unet.restoration.tasks import task_of
from napari_unet.segmentation.predictor import Predictor

_EVENT_SECONDS = 0.1
_MEMBER = "network {}"
_SMALLEST = 32  # pixels a side of what can be learned from


@dataclass(frozen=True, eq=False)
class Taught:
    """The model, and for pairs the root mean squared error on held-out parts, before and after, in normalized units."""

    model: Model
    before: float | None = None
    after: float | None = None

    @property
    def better(self) -> bool | None:
        """Whether held-out parts came nearer to what they are to become; None: none were held out."""
        return None if self.before is None or self.after is None else self.after < self.before

    @property
    def gain_db(self) -> float | None:
        """By how many decibels the error on held-out parts went down."""
        if not self.before or not self.after:
            return None
        return float(20 * np.log10(self.before / self.after))


def teach_steps(
    material: ExampleSet, config: RestoreConfig, name: str, images: tuple[str, ...] = (), stop: StopFlag | None = None
) -> Iterator[StepDone | Finished[Taught]]:
    """Learn for `config.seconds`, with `config.uncertainty` two networks. Stopping keeps what is learned.

    Raises
    ------
    UserError
        If the images are too small, or all of one grey value.
    """
    flag = stop or StopFlag()
    learned, held = _split(_checked(material.examples), config.held_out)
    # Of a stack the two side views are two opinions already.
    number = 2 if config.uncertainty and not task_of(material.grey).along_z else 1
    members: list[Model] = []
    for place in range(number):
        own = config.model_copy(update={"seconds": config.seconds / number, "seed": config.seed + place})
        for event in _learn(learned, own, flag, task_of(material.grey).factor):
            if isinstance(event, StepDone):
                left = event.seconds_left + (number - 1 - place) * own.seconds
                yield replace(event, seconds=event.seconds + place * own.seconds, seconds_left=left)
            else:
                network, steps, seconds = event
                record = _record(material, own, name, images, steps, seconds)
                kind = _MEMBER.format(place + 1) if number > 1 else ""
                members.append(Model(network, record.model_copy(update={"kind": kind})))
        if flag.requested:
            break
    model = members[0].with_others(members[1:])
    yield Finished(Taught(model, *_score(model, held)), flag.requested)


def _learn(
    learned: list[Example], config: RestoreConfig, flag: StopFlag, factor: int
) -> Iterator[StepDone | tuple[UNet, int, float]]:
    """One network: the last event is its averaged weights, the steps and the seconds."""
    torch.manual_seed(config.seed)
    network, head = UNet(config.architecture(factor)), head_named("restoration")
    head.quieten(network.final)
    if config.engine.torch_device.type == "cpu":
        keep_large_buffers()
    repeatable = config.max_steps is not None
    trainer = Trainer(network, head.loss, config.optimization, config.engine, repeatable=repeatable)
    sampler = RestorationSampler(learned, config)
    start, last = time.monotonic(), float("-inf")
    while (progress := _progress(trainer.steps, time.monotonic() - start, config)) < 1 and not flag.requested:
        loss = trainer.step(sampler.draw(), progress)
        now = time.monotonic()
        if now - last >= _EVENT_SECONDS:
            last, seconds = now, now - start
            yield StepDone(trainer.steps, loss, seconds, max(0.0, seconds / max(progress, 1e-3) - seconds))
    yield trainer.averaged.cpu().float().eval(), trainer.steps, time.monotonic() - start


def _progress(steps: int, seconds: float, config: RestoreConfig) -> float:
    by_time = seconds / config.seconds
    return by_time if config.max_steps is None else max(steps / config.max_steps, float(by_time >= 1))


def _checked(examples: tuple[Example, ...]) -> tuple[Example, ...]:
    large = tuple(one for one in examples if min(one.wanted.shape) >= _SMALLEST)
    if not large:
        raise UserError(f"There is too little to learn from: an image must have {_SMALLEST} pixels a side at least.")
    if not any(float(one.seen.std()) > 0 for one in large):
        raise UserError("The image has one grey value everywhere: there is nothing to restore.")
    return large


def _split(examples: tuple[Example, ...], share: float) -> tuple[list[Example], list[Example]]:
    """What is learned from and, of pairs, what only scores: whole planes of many, the right part of each of few."""
    if examples[0].blind or share == 0:
        return list(examples), []
    if len(examples) * share >= 2:
        every = round(1 / share)
        return (
            [one for i, one in enumerate(examples) if i % every],
            [one for i, one in enumerate(examples) if not i % every],
        )
    learned: list[Example] = []
    held: list[Example] = []
    for one in examples:
        at = max(_SMALLEST, round(one.seen.shape[1] * (1 - share)))
        factor = one.wanted.shape[1] // one.seen.shape[1]
        learned.append(replace(one, seen=one.seen[:, :at], wanted=one.wanted[:, : at * factor]))
        held.append(replace(one, seen=one.seen[:, at:], wanted=one.wanted[:, at * factor :]))
    return learned, [one for one in held if one.seen.shape[1] >= 8]


def _score(model: Model, held: list[Example]) -> tuple[float | None, float | None]:
    """Root mean squared error of the held-out parts as they were, and as the model restores them."""
    grey = model.record.grey
    if not held or grey is None:
        return None, None
    predictors = [Predictor(member) for member in model.kinds]
    errors: list[tuple[float, float]] = []
    for one in held:
        # What is wanted is what the network is to say: the image as it was says the rest.
        plain = enlarge(one.seen) if task_of(grey).factor > 1 else one.seen
        plain = (plain - base_of(grey, one.seen)) / grey.spread if grey.residual else plain
        found = np.mean([predict_grey(predictor, one.seen) for predictor in predictors], axis=0)
        errors.append((float(np.mean((plain - one.wanted) ** 2)), float(np.mean((found - one.wanted) ** 2))))
    before, after = np.sqrt(np.mean(errors, axis=0)).tolist()
    return before, after


def _record(
    material: ExampleSet, config: RestoreConfig, name: str, images: tuple[str, ...], steps: int, seconds: float
) -> ModelRecord:
    training = TrainingRecord(images=images, steps=steps, seconds=seconds, settings=config.model_dump(mode="json"))
    return ModelRecord(
        name=name, task="restoration", outputs=("grey",), class_names=(),
        architecture=config.architecture(task_of(material.grey).factor),
        normalization=NORMALIZATION, grey=material.grey, training=training,
    )  # fmt: skip
