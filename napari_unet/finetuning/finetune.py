"""The loop: prepare, score, learn, score, keep the best. A generator of small events; the parent is never touched."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.events import Finished, StopFlag
from napari_unet.finetuning.beginning import begin
from napari_unet.finetuning.budget import SCORING_SHARE, Budget, Ticker, affordable_patches
from napari_unet.finetuning.candidates import Candidates
from napari_unet.finetuning.child import carry, describe_carried, describe_scores, make_child
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.events import FinetuneResult, Prepared, PreviewDone, PreviewRequest, ScoreDone
from napari_unet.finetuning.judging.judge import Judge
from napari_unet.finetuning.judging.verdict import reach_verdict
from napari_unet.finetuning.material.doubt import mark_doubt
from napari_unet.finetuning.material.lineage import list_places
from napari_unet.finetuning.material.patch_size import plan_patches
from napari_unet.finetuning.material.preparation import prepare_planes, survey_material
from napari_unet.finetuning.material.split import count_inside
from napari_unet.finetuning.material.taught_picture import picture_of
from napari_unet.finetuning.material.usage import list_uses
from napari_unet.finetuning.material.volume_reading import prepare_volumes
from napari_unet.finetuning.preview import predict_preview
from napari_unet.heads.outcome import Outcome
from napari_unet.heads.registry import find_head
from napari_unet.learning.augmentation import augmentation_for
from napari_unet.learning.clock.decisions import Decisions
from napari_unet.learning.events import StepDone
from napari_unet.learning.replay import find_replay, find_teacher
from napari_unet.learning.sampler import BatchSampler
from napari_unet.learning.teacher import Teacher
from napari_unet.learning.trainer import Trainer
from napari_unet.models.model import Model
from napari_unet.models.unet import UNet
from napari_unet.segmentation.tiles.tiling import fitting_size

FinetuneEvent = Prepared | StepDone | ScoreDone | PreviewDone | Finished[FinetuneResult]

_STEP_EVENT_SECONDS = 0.1  # between two StepDone events
_PREPARATION_SHARE = 0.15  # of the time may go into reading planes
_LOOKING_SHARE = 0.04  # of the time may go into seeing what the images are
_PREVIEW_SHARE = 0.1  # of the time may go into previews
_FIRST_BATCHES = 1  # that the last layer is fitted to before the first step
_MEASURED_STEP = 2  # how long a step takes; the first one has to import a lot
_FIRST_DOUBT_SECONDS = 0.5  # for asking the parent of the background, before the first answer
_FIRST_PREVIEW_SECONDS = 2.0  # of training, or less: soon enough to be seen as the answer to the click


def finetune_steps(
    model: Model,
    images: Sequence[CorrectedImage],
    config: FinetuneConfig | None = None,
    stop: StopFlag | None = None,
    preview: Callable[[], PreviewRequest | None] | None = None,
    decided: Mapping[str, str] | None = None,
    began: float | None = None,
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
    decided : mapping, optional
        What the clock decided in an earlier training, from its record: the same is done again, whatever the clock says.
    began : float, optional
        Seconds since 1970 when what was reviewed was as in `images`; None: now.

    Raises
    ------
    UserError
        If there is nothing to learn from, before any training.
    """
    run = _Training(model, images, config or FinetuneConfig(), stop or StopFlag(), preview, Decisions(decided))
    run.began = began or run.began
    run.gather()
    yield from run.answer_first()
    yield run.prepare()
    while run.goes_on():
        yield from run.advance()
    yield from run.conclude()


class _Training:
    """One fine-tuning, from preparation to child."""

    def __init__(
        self,
        model: Model,
        images: Sequence[CorrectedImage],
        config: FinetuneConfig,
        stop: StopFlag,
        preview: Callable[[], PreviewRequest | None] | None,
        decisions: Decisions,
    ) -> None:
        self.began = time.time()
        self.decisions = decisions
        self.budget = Budget(config.seconds, config.max_steps, decisions=decisions)
        self.parent, self.config, self.stop, self.preview = model, config, stop, preview
        # What training starts from; the kind that was handed in is scored as it is.
        self.beginning = begin(model, images, config, self.budget.took_longer_than(_LOOKING_SHARE, "looking"))
        self.model, self.images = self.beginning.kind, self.beginning.images
        self.head = find_head(self.model.record)
        self.tell_step = Ticker(_STEP_EVENT_SECONDS)
        self.show_preview = Ticker(config.preview_seconds)
        self.scored_step = 0
        self.shown_with: dict[str, float] = {}  # thresholds of previews, in place of the parent's

    # -- before ---------------------------------------------------------------------------------------------------

    def gather(self) -> None:
        """Read what was reviewed, and make ready what learns from it."""
        generator = np.random.default_rng(self.config.seed)
        self.material = survey_material(self.images, self.config.held_out, generator, self.model.record)
        self.learned = list_places(self.material.survey, [one.key for one in self.images], self.material.split.training)
        patch = fitting_size(self.config.patch, self.model.record.architecture)
        self.enough_read = self.budget.took_longer_than(_PREPARATION_SHARE, "reading")
        deep = self.model.record.architecture.ndim == 3
        prepare = prepare_volumes if deep else prepare_planes
        prepare(self.material, self.images, self.model.record, patch, generator, self.enough_read)
        self.n_ready = self._mark_doubt(self.budget.took_seconds(_FIRST_DOUBT_SECONDS, "doubt"))
        torch.manual_seed(self.config.seed)
        replay = find_replay(self.model.record)
        # Who carries the kind that it came of forgets nothing: replay then serves what is taught, and nothing else.
        carries, share = self.beginning.carries, self.beginning.replay
        self.old = old = replay.training_planes(self.model.record) if replay and share > 0 else []
        size, self.patches, self.patch_share = plan_patches(
            self.head, self.material.training, self.config, self.model.record.architecture
        )
        self.varied = augmentation_for(self.model.record.untrained)
        self.sampler = BatchSampler(self.head, self.material.training, old, size, share, self.config.seed, self.varied)
        self.trainer = self._make_trainer(find_teacher(self.model.record) if old else None)
        base = replay.held_out_planes() if replay and not carries and not deep else ()
        self.judge = Judge(self.material, base, self.config.engine, share > 0)
        self.candidates = Candidates(self.judge, self.budget, self.child)

    @property
    def batch_size(self) -> int:
        """Patches a step: as many as make the area of `patches` large ones."""
        return max(1, round(self.patches * self.patch_share))

    def _mark_doubt(self, enough: Callable[[], bool], first: int = 0) -> int:
        """Ask the parent of the background of planes from the `first` on; how many planes are done with then."""
        planes = self.material.training[first:]
        if not self.head.doubts or self.model.record.untrained:
            return len(self.material.training)
        return first + mark_doubt(self.model, planes, self.config.engine, enough) if planes else first

    def prepare(self) -> Prepared:
        """Score the parent, and plan the time."""
        self.judge.score_parent(self.beginning.untouched, self.budget.took_longer_than(SCORING_SHARE / 4, "parent"))
        self.budget.plan(*self._times())
        self.show_preview.restart(min(_FIRST_PREVIEW_SECONDS, self.config.preview_seconds))
        return self._describe_material()

    def _make_trainer(self, teacher: UNet | None) -> Trainer:
        """Replay teaches what `teacher` says, or, without one, what the model said."""
        return Trainer(
            self.model.network,
            self.head.loss,
            self.config.optimization(self.model.record.untrained),
            self.config.engine,
            Teacher(teacher or self.model.network, self.head),
            repeatable=self.config.max_steps is not None,
            statistics="keep",
            decisions=self.decisions,
        )

    def _times(self) -> tuple[float, float, float]:
        """Seconds of a score, of what has to be done after the last one, and of what need not."""
        judge = self.judge
        optional = judge.blend_seconds + judge.calibration_seconds + judge.check_seconds
        return judge.score_seconds, judge.last_seconds, optional

    def _describe_material(self) -> Prepared:
        survey = self.material.survey
        return Prepared(
            n_images=survey.n_images,
            n_objects=count_inside(survey, self.material.split.training),
            n_held_out=self.judge.before.n_objects if self.judge.before is not None else 0,
            n_corrected=survey.n_corrected,
            noun=survey.noun,
            before=self.judge.before,
            seconds=self.budget.elapsed,
            diameters=self._diameters(),
            uses=list_uses(self.material, self.images),
        )

    def _diameters(self) -> tuple[float | None, ...]:
        reviewed = {found.image for found in self.material.survey.objects}
        return tuple(
            self.material.survey.diameter(number) if number in reviewed else None for number in range(len(self.images))
        )

    def answer_first(self) -> Iterator[FinetuneEvent]:
        """A first answer to the click: what can be learned within a second or two, shown.

        It is learned from the planes that are ready by then; the others are made ready after it.
        """
        if not self.model.record.untrained:
            batches = [self._first_sampler().draw(self.batch_size) for _ in range(_FIRST_BATCHES)]
            learned = self.trainer.begin(batches)
            if self.preview is not None and (request := self.preview()) is not None:
                if learned:
                    with self.trainer.threads.as_chosen("previews"):
                        self.shown_with = self.judge.calibrate_quickly(self.child(self.trainer.averaged))
                yield from self._predict_preview(request)
        self.n_ready = self._mark_doubt(self.enough_read, self.n_ready)

    def _first_sampler(self) -> BatchSampler:
        """Draws from the planes that are ready; what is worked out of the others has to wait until they are, too."""
        ready = self.material.training[: max(1, self.n_ready)]
        if len(ready) == len(self.material.training):
            return self.sampler
        share, seed = self.sampler.share, self.config.seed
        return BatchSampler(self.head, ready, self.old, self.sampler.size, share, seed, self.varied)

    # -- training -------------------------------------------------------------------------------------------------

    def goes_on(self) -> bool:
        first = self.trainer.steps == 0  # whatever the clock says: there is to be something to score
        goes_on = self.decisions.take(
            "step", lambda: not self.stop.requested and (first or self.budget.has_time(self.trainer.steps))
        )
        return bool(goes_on) and not self.stop.requested

    def advance(self) -> Iterator[FinetuneEvent]:
        """One step, and what is due after it."""
        start = time.perf_counter()
        batch = self.sampler.draw(self.batch_size)
        loss = self.trainer.step(batch, self.budget.pace(self.trainer.steps))
        self.budget.note_step(time.perf_counter() - start)
        step = self.trainer.steps
        if step == _MEASURED_STEP and self.config.batch_size is None and self.config.max_steps is None:
            self.patches = self.decisions.take("patches", self._affordable_patches)
        if self.tell_step():
            yield StepDone(step, loss, self.budget.elapsed, self.budget.seconds_left(step))
        if self.budget.is_score_due(step):
            yield self.score()
            with self.trainer.threads.as_chosen():
                self.judge.score_base(self.beginning.untouched)
            self.budget.expect(*self._times())
        if self.preview is not None and self.show_preview():
            yield from self._predict_preview(self.preview())

    def _affordable_patches(self) -> int:
        return affordable_patches(self.patches, self.budget.steps_left(), self.sampler.share > 0)

    def score(self) -> ScoreDone:
        """Score the averaged weights, and keep them with their score."""
        with self.trainer.threads.as_chosen():
            score, is_best = self.candidates.add(self.trainer.averaged)
        self.scored_step = self.trainer.steps
        return ScoreDone(self.trainer.steps, score, is_best, self.budget.elapsed)

    def _predict_preview(self, request: PreviewRequest | None) -> Iterator[PreviewDone]:
        if request is None:
            return
        start = time.perf_counter()
        diameter = self.material.survey.diameter(0)
        with self.trainer.threads.as_chosen("previews"):
            child = self.child(self.trainer.averaged)
            child = replace(child, record=child.record.model_copy(update=self.shown_with))
            labels = predict_preview(child, request, diameter, self.config.engine)
        cost = time.perf_counter() - start
        self.show_preview.restart(max(self.config.preview_seconds, cost / _PREVIEW_SHARE))
        yield PreviewDone(self.trainer.steps, request, labels, self.budget.elapsed)

    # -- after ----------------------------------------------------------------------------------------------------

    def conclude(self) -> Iterator[FinetuneEvent]:
        """The last score, unless there was one since the last step, and the child."""
        if self.judge.holds_out and self.scored_step < self.trainer.steps:
            yield self.score()
        with self.trainer.threads.as_chosen():
            self.judge.score_base(self.beginning.untouched)
            known = None if self.model.record.untrained else self.model.network
            network, score, share = self.candidates.choose(known, self.trainer.averaged)
            child, score = self.candidates.calibrate(self.child(network.cpu(), share), score)
            check = self.budget.can_spare(self.judge.check_seconds + self.judge.last_seconds, "check")
            outcome = self.judge.conclude(child, score, self.trainer.steps, check)
        yield Finished(self._result(child, outcome), self.stop.requested)

    def _result(self, child: Model, outcome: Outcome) -> FinetuneResult:
        verdict = reach_verdict(outcome, self.head)
        training = child.record.training.model_copy(update={"decisions": self.decisions.told()})
        told = {"scores": describe_scores(outcome), "training": training}
        child = replace(child, record=child.record.model_copy(update=told), picture=picture_of(self.images))
        begun = self.beginning
        return FinetuneResult(
            model=carry(child, begun.others, begun.looks) if begun.carries else child,
            before=outcome.before,
            after=outcome.after,
            better=verdict.better,
            cautious=verdict.cautious,
            sentence=verdict.sentence + describe_carried(self.parent, begun.others, begun.left_out),
            steps=outcome.steps,
            seconds=self.budget.elapsed,
            diameters=self._diameters(),
            change=verdict.change,
            base_before=outcome.base_before,
            base_after=outcome.base_after,
            parent=self.parent,
        )

    def child(self, network: UNet, share: float = 1.0) -> Model:
        names = [one.name for one in self.images]
        steps, seconds = self.trainer.steps, self.budget.elapsed
        survey = self.material.survey
        views, places = [one.view for one in self.images], self.learned
        made = self.parent, self.model, network, names, survey, self.config, steps, seconds, places, views
        child = make_child(*made)
        child.record.training.settings.update(share=share, began=round(self.began, 3), batch_size=self.patches)
        return child
