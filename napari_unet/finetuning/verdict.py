"""What came of it, in plain words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from napari_unet.finetuning.events import Score
from napari_unet.finetuning.survey import Survey

_FEW = 10  # held-out objects below which a score is rough


def is_better(before: Score, after: Score) -> bool:
    """Whether `after` finds more objects or follows their outlines more closely."""
    return rank(after) > rank(before) + 1e-6


def rank(score: Score) -> float:
    """What the best weights are chosen by: objects found, and outlines followed."""
    return 0.5 * (score.ap50 + score.mean_ap)


def choose_candidate(scores: Sequence[Score]) -> int:
    """Which of several scored weights to keep: the latest that is as good as the best, within its standard error.

    The best of many scores on few objects is partly luck, and the latest weights have learned most (Breiman's rule of
    one standard error).
    """
    best = max(scores, key=rank)
    share = min(max(rank(best), 0.05), 0.95)
    error = float(np.sqrt(share * (1 - share) / max(1, best.n_objects)))
    return max(i for i, score in enumerate(scores) if rank(score) >= rank(best) - error)


def describe_outcome(before: Score | None, after: Score | None, survey: Survey, steps: int) -> str:
    """One or two sentences for the user."""
    if steps == 0:
        return "Stopped before the first step, so the new model is the same as the old one."
    if before is None or after is None:
        return (
            f"Learned from {_count(survey.n_objects, 'reviewed object')}, too few to hold any back, so it cannot be "
            "known yet whether the new model is better. Compare the labels before and after, or review more objects "
            "further apart."
        )
    noun = "object" if len(survey.objects) == survey.n_objects else "outline"  # one object in several slices
    scores = f"Held-out score (AP@0.5, {_count(after.n_objects, noun)}): {before.ap50:.2f} -> {after.ap50:.2f}."
    rough = " This is a rough measure: few objects were held out." if after.n_objects < _FEW else ""
    if is_better(before, after):
        how = "Better." if after.ap50 > before.ap50 else "Better: outlines are closer to yours."
        return f"{scores} {how}{rough}"
    return f"{scores} {_why_not(before, survey)}{rough}"


def _why_not(before: Score, survey: Survey) -> str:
    if before.mean_ap > 0.95:
        return "Not better: the old model was already right there. Correct objects where it is wrong."
    if survey.n_corrected == 0:
        return "Not better. Correct some objects where the old model is wrong, so that there is more to learn."
    return (
        "Not better. Correct more objects of the kind that are wrong, in other places or images, "
        "and check that what is marked as reviewed is complete."
    )


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
