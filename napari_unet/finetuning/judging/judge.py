"""The scores of one run: of the parent, of the weights on the way, and of the child."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from napari_unet.finetuning.judging.calibration import calibrate
from napari_unet.finetuning.judging.keeping import measure_kept
from napari_unet.finetuning.material.preparation import Material
from napari_unet.heads.outcome import TOO_FEW, Evenness, Kept, Outcome
from napari_unet.heads.planes import HeldOutPlane
from napari_unet.heads.registry import find_head
from napari_unet.labels.evidence import Score
from napari_unet.learning.scoring import score_model
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord, resampling_factor
from napari_unet.models.running.engine import Engine

_LEARNED = 3.0  # times as long as a score: what is learned from is about so much more than what is held out
_QUICK_PIXELS = 2_000_000  # of a plane that thresholds are chosen by in passing
_CALIBRATION = _LEARNED + 1.0  # times as long: maps of what was learned from, and one score more


class Judge:
    """Scores models on what was held out, or, where nothing was, on what was learned from; and on the base images.

    Parameters
    ----------
    material : Material
        Planes that the time does not suffice for are taken out of it.
    base : sequence of HeldOutPlane
        Of the kinds of image that the parent knows; may be empty.
    remembers : bool
        Whether the child is to do as well on these; else its score there is only told.
    """

    def __init__(
        self, material: Material, base: Sequence[HeldOutPlane], engine: Engine, remembers: bool = True
    ) -> None:
        self.material, self.base, self.engine = material, base, engine
        self.remembers = remembers and bool(base)
        self.before: Score | None = None
        self.learned_before: Score | None = None
        self._base_before: Score | None = None
        self._evenness: Evenness | None = None
        self._parent: Model | None = None
        self._once = self._base_seconds = 0.0  # as last measured; before that, as guessed

    @property
    def holds_out(self) -> bool:
        return bool(self.material.held_out)

    @property
    def score_seconds(self) -> float:
        """What a score on the way takes; 0 where nothing is held out."""
        return self._once if self.holds_out else 0.0

    @property
    def last_seconds(self) -> float:
        """What has to be done after the last step takes, the last score not counted."""
        return self._base_seconds + (0.0 if self.holds_out else self._once)

    @property
    def blend_seconds(self) -> float:
        """What it takes to try a blend with the parent."""
        return self._once

    @property
    def check_seconds(self) -> float:
        """What it takes to see what became of what was learned from, where that is asked for."""
        few = self.before is not None and self.before.n_objects < TOO_FEW
        return _LEARNED * self._once if few else 0.0

    @property
    def calibration_seconds(self) -> float:
        """What it takes to choose thresholds, and to score them."""
        return _CALIBRATION * self._once

    def score_parent(self, parent: Model, enough: Callable[[], bool]) -> None:
        """Score the model as it was, on what was held out; on the base images that can wait: `score_base`."""
        start = time.perf_counter()
        self._parent = parent
        score, done = score_model(parent, self._planes, self.engine, enough)
        del self._planes[done:]
        self._once = time.perf_counter() - start
        self._base_seconds = (
            self._once * _pixels(self.base, parent.record) / max(1.0, _pixels(self._planes, parent.record))
        )
        if self.holds_out:
            self.before = score
        else:
            self.learned_before = score

    def score_base(self, parent: Model) -> None:
        """Score the model as it was on the base images, once."""
        if self._base_before is None and self.base:
            start = time.perf_counter()
            self._base_before = self._score(parent, self.base)
            self._base_seconds = time.perf_counter() - start

    def score(self, model: Model) -> Score:
        """The score of weights on the way or at the end."""
        start = time.perf_counter()
        score = score_model(model, self._planes, self.engine)[0]
        self._once = time.perf_counter() - start
        return score

    def calibrate(self, child: Model, enough: Callable[[], bool]) -> Model:
        """`child` with thresholds that fit what it learned from; for classes there are none."""
        if not find_head(child.record).calibrates or not self.material.learned:
            return child
        base = (self.base, self._base_before) if self.remembers else ((), None)
        record, self._evenness = calibrate(child, self.material.learned, *base, self._direction, self.engine, enough)
        return replace(child, record=record)

    @property
    def _direction(self) -> int:
        """Whether more was deleted than drawn (1), or less (-1)."""
        survey = self.material.survey
        removed, drawn = len(survey.removed), survey.n_corrected - len(survey.removed)
        return (removed > drawn) - (removed < drawn)

    def calibrate_quickly(self, child: Model) -> dict[str, float]:
        """What of the record of `child` fits better to a little of what it learned from: for a look, not to be kept."""
        learned = self.material.learned[:1]
        if not find_head(child.record).calibrates or not learned or learned[0].pixels.size > _QUICK_PIXELS:
            return {}
        record, _ = calibrate(child, learned, direction=self._direction, engine=self.engine)
        return {"object_threshold": record.object_threshold, "outline": record.outline}

    def conclude(self, child: Model, score: Score, steps: int, check: bool = True) -> Outcome:
        """All that was measured, with what only the child is measured on.

        Where little was held out, `check` is whether there is time to look at what was learned from too.
        """
        after, learned = (score, self._score_learned(child) if check else None) if self.holds_out else (None, score)
        base = self._score(child, self.base)
        survey = self.material.survey
        scores = self.before, after, self.learned_before, learned, self._base_before, base
        kept = self._measure_kept(child) if survey.only_removed else None
        n_known, n_shared = self.material.n_known, self.material.n_shared
        return Outcome(steps, survey, *scores, n_known=n_known, evenness=self._evenness, kept=kept, n_shared=n_shared)

    def _measure_kept(self, child: Model) -> Kept | None:
        """Who was only told what is wrong may think that everything is."""
        if self._parent is None or not find_head(child.record).draws_objects:
            return None
        return measure_kept(self._parent, child, self.material.learned, self.engine)

    def _score_learned(self, child: Model) -> Score | None:
        """What was held out may be too little to say anything by itself."""
        if not self.check_seconds or not self.material.learned:
            return None
        return score_model(child, self.material.learned, self.engine)[0]

    @property
    def _planes(self) -> list[HeldOutPlane]:
        return self.material.held_out or self.material.learned

    def _score(self, model: Model, planes: Sequence[HeldOutPlane]) -> Score | None:
        return score_model(model, planes, self.engine)[0] if planes else None


def _pixels(planes: Sequence[HeldOutPlane], record: ModelRecord) -> float:
    """How many the network of `record` sees of `planes`."""
    return sum(one.region.size * resampling_factor(record, one.diameter) ** 2 for one in planes)
