"""The weights of one run that were scored, and which of them the child gets."""

from __future__ import annotations

import copy
from collections.abc import Callable

from napari_unet.finetuning.budget import SCORING_SHARE, Budget
from napari_unet.finetuning.judging.blending import choose_blend
from napari_unet.finetuning.judging.judge import Judge
from napari_unet.finetuning.judging.verdict import choose_candidate
from napari_unet.heads.outcome import rank
from napari_unet.labels.evidence import Score
from napari_unet.models.model import Model
from napari_unet.models.unet import UNet


class Candidates:
    """Weights with their scores on what was held out.

    Parameters
    ----------
    judge, budget
        Who scores, and how much time there is for it.
    make_child : callable
        The model that weights would be.
    """

    def __init__(self, judge: Judge, budget: Budget, make_child: Callable[[UNet], Model]) -> None:
        self._judge, self._budget, self._make_child = judge, budget, make_child
        self._scored: list[tuple[Score, UNet]] = []

    def add(self, network: UNet) -> tuple[Score, bool]:
        """Score weights and keep a copy of them; their score, and whether it is better than all before."""
        score = self._judge.score(self._make_child(network))
        is_best = all(rank(score) > rank(other) for other, _ in self._scored)
        self._scored.append((score, copy.deepcopy(network)))
        return score, is_best

    def choose(self, parent: UNet | None, last: UNet) -> tuple[UNet, Score, float]:
        """The weights to keep, their score, and their share of what was learned; the rest is the parent's.

        Without any that were scored, the `last` ones. A `parent` that knows nothing (None) is no help.
        """
        if self._scored:
            score, network = self._scored[choose_candidate([score for score, _ in self._scored])]
        else:
            score, network = self._judge.score(self._make_child(last)), last
        if parent is None:
            return network, score, 1.0
        if not self._budget.can_spare(self._judge.blend_seconds + self._judge.last_seconds, "blend"):
            return network, score, 1.0
        before = self._judge.learned_before
        return choose_blend(parent, network, score, lambda mixed: self._judge.score(self._make_child(mixed)), before)

    def calibrate(self, child: Model, score: Score) -> tuple[Model, Score]:
        """`child` with thresholds that fit, and its score, unless that is worse with them."""
        if not self._budget.can_spare(self._judge.calibration_seconds + self._judge.last_seconds, "thresholds"):
            return child, score
        calibrated = self._judge.calibrate(child, self._budget.took_longer_than(SCORING_SHARE / 4, "thresholds"))
        if calibrated.record == child.record:
            return child, score
        found = self._judge.score(calibrated)
        return (calibrated, found) if rank(found) >= rank(score) else (child, score)
