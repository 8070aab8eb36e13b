"""What came of learning classes, in plain words."""

from __future__ import annotations

from napari_unet.heads.outcome import Outcome, Verdict
from napari_unet.heads.semantic.scoring import ClassScore, compare_classes
from napari_unet.labels.evidence import ScoreDifference

_RIGHT = 0.98  # mean IoU above which there is nothing left to gain
_FEW = 10  # held-out cells below which a score is rough


def judge_classes(outcome: Outcome) -> Verdict:
    """Whether the new model is better (None: it cannot be known), a sentence, and how sure the gain is."""
    before, after = outcome.before, outcome.after
    if not isinstance(before, ClassScore) or not isinstance(after, ClassScore):
        learned = outcome.learned_after
        fits = f" (mean IoU there: {learned.mean_iou:.2f})" if isinstance(learned, ClassScore) else ""
        return Verdict(None, (
            f"Learned from what you painted{fits}, which is too little to hold any back, so it cannot be known yet "
            "whether the new model is better elsewhere. Compare before and after, or review more, further apart."
        ))  # fmt: skip
    change = compare_classes(before, after)
    n = len(after.dice)
    what = "IoU of 1 class" if n == 1 else f"mean IoU of {n} classes"
    scores = f"Held-out score ({what}): {before.mean_iou:.2f} -> {after.mean_iou:.2f}."
    better, said = _verdict(before, after, change)
    return Verdict(better, f"{scores} {said}", change)


def _verdict(before: ClassScore, after: ClassScore, change: ScoreDifference) -> tuple[bool | None, str]:
    if before.mean_iou > _RIGHT:
        return False, "Not better: the old model was already right there. Correct what is wrong."
    if not change.is_gain:
        return False, "Not better. Paint more of the classes that are wrong, in other places or images."
    if not change.is_sure_gain:
        return None, (
            "Probably better, but on so little this may be chance. Compare before and after, or review more places."
        )
    weakest = min(after.dice, key=lambda name: after.dice[name])
    rough = " This is a rough measure: little was held out." if after.n_objects < _FEW else ""
    return True, f"Better. Hardest to tell: {weakest} (Dice {after.dice[weakest]:.2f}).{rough}"
