"""The loop: prepare, score, learn, score, keep the best. A generator of small events; the parent is never touched."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
import torch

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.finetuning.augmentation import AugmentationConfig
from napari_unet.finetuning.budget import SCORING_SHARE, Budget, Ticker
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import (
    FinetuneResult,
    Prepared,
    PreviewDone,
    PreviewRequest,
    Score,
    ScoreDone,
    StepDone,
)
from napari_unet.finetuning.patches import PatchSampler
from napari_unet.finetuning.preparation import prepare_planes, survey_material
from napari_unet.finetuning.preview import predict_preview
from napari_unet.finetuning.scoring import score_model
from napari_unet.finetuning.split import count_objects
from napari_unet.finetuning.trainer import Trainer
from napari_unet.finetuning.verdict import choose_candidate, describe_outcome, is_better, rank
from napari_unet.models.model import Model
from napari_unet.models.record import TrainingRecord
from napari_unet.models.unet import UNet
from napari_unet.segmentation.tiling import fitting_size

FinetuneEvent = Prepared | StepDone | ScoreDone | PreviewDone | Finished[FinetuneResult]

_STEP_EVENT_SECONDS = 0.1  # between two StepDone events
_PREPARATION_SHARE = 0.15  # of the time may go into reading planes
_PREVIEW_SHARE = 0.1  # of the time may go into previews


def finetune_steps(
    model: Model,
    images: Sequence[CorrectedImage],
    config: FinetuneConfig | None = None,
    stop: StopFlag | None = None,
    preview: Callable[[], PreviewRequest | None] | None = None,
) -> Iterator[FinetuneEvent]:
    """Adapt a copy of `model` to what was reviewed in `images`.

    Yields `Prepared` once, then `StepDone`, `ScoreDone` and `PreviewDone` as they come, and `Finished` with the child
    model, which has the best weights on the held-out objects (the last ones if nothing could be held out) and is not
    saved yet. `config.seconds` bounds all of it.

    Parameters
    ----------
    model : Model
        The parent. Neither its network nor its record changes.
    images : sequence of CorrectedImage
        Only what is marked as reviewed is learned from. Planes of stacks and time-lapses count as 2D images.
    config : FinetuneConfig, optional
        With `max_steps`, the same seed gives the same model.
    stop : StopFlag, optional
        Ends the training at the next step; the best model so far is the result.
    preview : callable, optional
        Asked every few seconds, in this generator's thread, what to show; None: nothing.

    Raises
    ------
    UserError
        If there is nothing to learn from, before any training.
    """
    run = _Run(model, images, config or FinetuneConfig(), stop or StopFlag(), preview)
    yield run.prepare()
    while run.goes_on():
        yield from run.advance()
    yield from run.conclude()


class _Run:
    """One fine-tuning, from preparation to child."""

    def __init__(
        self,
        model: Model,
        images: Sequence[CorrectedImage],
        config: FinetuneConfig,
        stop: StopFlag,
        preview: Callable[[], PreviewRequest | None] | None,
    ) -> None:
        if model.record.task != "instances" or model.record.architecture.ndim != 2:
            raise UserError(f"{model.name} is no 2D model for objects; choose one that is, to fine-tune it.")
        self.model, self.images, self.config, self.stop, self.preview = model, images, config, stop, preview
        self.budget = Budget(config.seconds, config.max_steps)
        self.tell_step = Ticker(_STEP_EVENT_SECONDS)
        self.show_preview = Ticker(config.preview_seconds)
        self.show_preview.restart(config.preview_seconds)
        self.before: Score | None = None
        self.candidates: list[tuple[Score, UNet]] = []
        self.scored_step = 0

    # -- before ---------------------------------------------------------------------------------------------------

    def prepare(self) -> Prepared:
        """Read what was reviewed, and score the parent."""
        generator = np.random.default_rng(self.config.seed)
        self.material = survey_material(self.images, self.config.held_out, generator)
        patch = fitting_size(self.config.patch, self.model.record.architecture)
        enough = self._took_longer_than(_PREPARATION_SHARE)
        prepare_planes(self.material, self.images, self.model.record, patch, generator, enough)
        torch.manual_seed(self.config.seed)
        self.sampler = PatchSampler(self.material.training, patch, AugmentationConfig(), self.config.seed)
        self.trainer = Trainer(self.model.network, self.config)
        seconds = self._score_parent()
        self.budget.plan(seconds)
        return self._describe_material()

    def _score_parent(self) -> float:
        """Score the model as it was; returns the seconds that a score takes."""
        if not self.material.held_out:
            return 0.0
        start = time.perf_counter()
        enough = self._took_longer_than(SCORING_SHARE / 3)  # a score before, one on the way and one at the end
        self.before, done = score_model(self.model, self.material.held_out, self.config.device, enough)
        del self.material.held_out[done:]
        return time.perf_counter() - start

    def _took_longer_than(self, share: float) -> Callable[[], bool]:
        """Whether more than `share` of the time has gone from now; never with `max_steps`, so that runs repeat."""
        start = self.budget.elapsed
        most = math.inf if self.config.max_steps is not None else share * self.config.seconds
        return lambda: self.budget.elapsed - start > most

    def _describe_material(self) -> Prepared:
        survey = self.material.survey
        return Prepared(
            n_images=survey.n_images,
            n_objects=count_objects(survey, self.material.split.training),
            n_held_out=self.before.n_objects if self.before is not None else 0,
            n_corrected=survey.n_corrected,
            before=self.before,
            seconds=self.budget.elapsed,
            diameters=self._diameters(),
        )

    def _diameters(self) -> tuple[float | None, ...]:
        reviewed = {found.image for found in self.material.survey.objects}
        return tuple(
            self.material.survey.diameter(number) if number in reviewed else None for number in range(len(self.images))
        )

    # -- training -------------------------------------------------------------------------------------------------

    def goes_on(self) -> bool:
        first = self.trainer.steps == 0  # whatever the clock says: there is to be something to score
        return not self.stop.requested and (first or self.budget.has_time(self.trainer.steps))

    def advance(self) -> Iterator[FinetuneEvent]:
        """One step, and what is due after it."""
        start = time.perf_counter()
        batch = self.sampler.draw(self.config.batch_size)
        loss = self.trainer.step(*batch, self.budget.progress(self.trainer.steps))
        self.budget.note_step(time.perf_counter() - start)
        step = self.trainer.steps
        if self.tell_step():
            yield StepDone(step, loss, self.budget.elapsed, self.budget.seconds_left(step))
        if self.budget.is_score_due(step):
            yield self.score()
        if self.preview is not None and self.show_preview():
            yield from self._predict_preview(self.preview())

    def score(self) -> ScoreDone:
        """Score the averaged weights, and keep them with their score."""
        child = self.child(self.trainer.averaged)
        with self.trainer.threads.as_chosen():
            score, _ = score_model(child, self.material.held_out, self.config.device)
        is_best = all(rank(score) > rank(other) for other, _ in self.candidates)
        self.candidates.append((score, copy.deepcopy(self.trainer.averaged)))
        self.scored_step = self.trainer.steps
        return ScoreDone(self.trainer.steps, score, is_best, self.budget.elapsed)

    def _predict_preview(self, request: PreviewRequest | None) -> Iterator[PreviewDone]:
        if request is None:
            return
        start = time.perf_counter()
        diameter = self.material.survey.diameter(0)
        with self.trainer.threads.as_chosen():
            labels = predict_preview(self.child(self.trainer.averaged), request, diameter, self.config.device)
        cost = time.perf_counter() - start
        self.show_preview.restart(max(self.config.preview_seconds, cost / _PREVIEW_SHARE))
        yield PreviewDone(self.trainer.steps, request, labels, self.budget.elapsed)

    # -- after ----------------------------------------------------------------------------------------------------

    def conclude(self) -> Iterator[FinetuneEvent]:
        """The last score, unless there was one since the last step, and the child."""
        if self.material.held_out and self.scored_step < self.trainer.steps:
            yield self.score()
        after, network = self._choose()
        better = is_better(self.before, after) if self.before is not None and after is not None else None
        sentence = describe_outcome(self.before, after, self.material.survey, self.trainer.steps)
        child = self.child(network.cpu(), after)
        result = FinetuneResult(
            child,
            self.before,
            after,
            better,
            sentence,
            self.trainer.steps,
            self.budget.elapsed,
            self._diameters(),
        )
        yield Finished(result, self.stop.requested)

    def _choose(self) -> tuple[Score | None, UNet]:
        if not self.candidates:
            return None, self.trainer.averaged
        return self.candidates[choose_candidate([score for score, _ in self.candidates])]

    def child(self, network: UNet, after: Score | None = None) -> Model:
        """A new model with the weights of `network`, which knows its parent and what made it."""
        parent, survey = self.model.record, self.material.survey
        training = TrainingRecord(
            images=tuple(dict.fromkeys(one.name for one in self.images)),
            n_objects=survey.n_objects,
            n_corrected=survey.n_corrected,
            seconds=round(self.budget.elapsed, 1),
            steps=self.trainer.steps,
            settings=self.config.model_dump(mode="json"),
        )
        record = parent.model_copy(
            update={
                "name": child_name(parent.name, [one.name for one in self.images]),
                "parent": self.model.sha256,
                "parent_name": parent.name,
                "created": datetime.now(UTC),
                "training": training,
                # a model that has seen little of a kind of image is unsure of its objects, and yet right
                "object_threshold": 0.0,
                "scores": describe_scores(self.before, after),
            }
        )
        return Model(network, record)


def child_name(parent: str, images: Sequence[str]) -> str:
    """A name that says what the model was adapted to, for example "Nuclei 2D, tuned on embryo"."""
    base = parent.split(", tuned on ")[0]
    names = list(dict.fromkeys(images))
    what = names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
    return f"{base}, tuned on {what}"


def describe_scores(before: Score | None, after: Score | None) -> dict[str, float]:
    """Held-out scores for the model's record; empty if nothing was held out."""
    if before is None or after is None:
        return {}
    return {
        "ap50_before": before.ap50,
        "ap50": after.ap50,
        "mean_ap_before": before.mean_ap,
        "mean_ap": after.mean_ap,
        "n_held_out": float(after.n_objects),
    }
