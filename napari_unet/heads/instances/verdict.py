"""What came of learning objects: better, not better, or not to be known yet; in plain words, with what would help."""

from __future__ import annotations

from dataclasses import replace

from napari_unet.heads.outcome import TOO_FEW, Evenness, Kept, Outcome, Verdict, rank
from napari_unet.heads.survey import Survey
from napari_unet.labels.evidence import Score, ScoreDifference

_FEW = 10  # held-out objects below which a score is rough
_RIGHT = 0.95  # mean AP above which there is nothing left to gain
_NOWHERE = 0.1  # AP@0.5 below which a model does not find what the labels show
_FORGOTTEN = 0.02  # AP@0.5 lost on the base model's own kinds of image that is worth a warning
_MOST_MORE = 200  # objects
_KEPT = 0.7  # of the objects that nobody spoke of, as many have to be found after deletions alone
_EMPTIED = 0.2
"""Of these, so few are left that next to nothing is found: all such children were worse (docs/benchmarks.md)."""
_ENOUGH_TO_LOSE = 3
"""Held-out objects that speak against a child that does worse on them: they were chosen because the parent erred there,
so that a loss says more than a gain."""
_DRAW_TOO = "So far you only deleted objects: draw some that are missed or wrong, too."


def judge_objects(outcome: Outcome) -> Verdict:
    """Whether the new model is better, and the sentences that say so."""
    verdict = _judge(outcome)
    if verdict.better is not True and outcome.evenness is not None and outcome.evenness.is_uneven:
        return replace(verdict, sentence=f"{verdict.sentence} {_describe_uneven(outcome.evenness)}")
    return verdict


def _judge(outcome: Outcome) -> Verdict:
    if (kept := outcome.kept) is not None and kept.share < _EMPTIED:
        return Verdict(False, f"Not better: {_describe_lost(kept)} {_DRAW_TOO}", outcome.change)
    if kept is not None and kept.share < _KEPT:
        # What went may have been false, too: of children that lost as much, some were better and some were worse.
        said = "Compare before and after; unless these were false, keep the old model."
        said = f"It cannot be known yet: {_describe_lost(kept)} {said} {_DRAW_TOO}"
        return Verdict(None, said, outcome.change, cautious=True)
    if outcome.before is None or outcome.after is None:
        better, said = _without_score(outcome)
        return Verdict(better, f"{said}{_describe_base(outcome)}")
    change = outcome.change
    better, said = _with_score(outcome.before, outcome.after, change, outcome)
    noun = "object" if len(outcome.survey.objects) == outcome.survey.n_objects else "outline"  # in several slices
    scores = f"Held-out score (AP@0.5, {_count(outcome.after.n_objects, noun)}): "
    scores += f"{outcome.before.ap50:.2f} -> {outcome.after.ap50:.2f}."
    return Verdict(better, f"{scores} {said}{_describe_base(outcome)}", change)


def _with_score(
    before: Score, after: Score, change: ScoreDifference | None, outcome: Outcome
) -> tuple[bool | None, str]:
    gain = rank(after) - rank(before) > 1e-6
    same = abs(rank(after) - rank(before)) <= 1e-6
    if before.mean_ap > _RIGHT:
        return False, "Not better: the old model was already right there. Correct objects where it is wrong."
    speaks = after.n_objects >= (TOO_FEW if same else _ENOUGH_TO_LOSE)
    if not gain and not speaks and outcome.survey.n_corrected > 0:
        return _with_too_few(outcome.learned_after)
    if max(before.ap50, after.ap50) < _NOWHERE:
        return False, (
            "Not better: neither model finds what your labels show. Check that the labels belong to this image and "
            "that what is marked as reviewed is complete, or correct more objects."
        )
    if not gain and 2 * outcome.n_known >= after.n_objects > 0 and not (change is not None and change.is_sure_loss):
        return None, (
            "No better on these, but the old model has learned from most of them before, which flatters it: it cannot "
            "be known yet. Compare the labels before and after, or review other objects."
        )
    if same and after.n_objects < _FEW and outcome.survey.n_corrected > 0:
        return None, (
            "Just as good on these, which are too few to tell: it cannot be known yet whether the new model is better. "
            "Compare the labels before and after, or review more objects."
        )
    if not gain:
        return False, _why_not(outcome.survey)
    if change is not None and (not change.is_sure_gain or after.n_objects < TOO_FEW):
        better = "Probably better" if after.ap50 > before.ap50 else "Outlines are probably closer to yours"
        return None, (
            f"{better}, but with so few objects this may be chance: it cannot be known yet. "
            f"Compare the labels before and after, or review {_how_many_more(change)} more objects."
        )
    rough = " This is a rough measure: few objects were held out." if after.n_objects < _FEW else ""
    return True, ("Better." if after.ap50 > before.ap50 else "Better: outlines are closer to yours.") + rough


def _with_too_few(learned: Score | None) -> tuple[bool | None, str]:
    """What can be said by what was learned from: nonsense is not even found there."""
    if learned is not None and learned.ap50 < _NOWHERE:
        return False, (
            "Not better: the new model does not even find what it learned from. Check that the labels belong to this "
            "image and that what is marked as reviewed is complete, or correct more objects."
        )
    return None, (
        "No better on these, which are too few to tell: it cannot be known yet whether the new model is better. "
        "Compare the labels before and after, or review more objects."
    )


def _without_score(outcome: Outcome) -> tuple[bool | None, str]:
    learned = f"Learned from {_count(outcome.survey.n_objects, 'reviewed object')}"
    before, after = outcome.learned_before, outcome.learned_after
    if before is not None and after is not None:
        if before.mean_ap > _RIGHT:
            return False, f"{learned}, but the old model was already right there. Correct objects where it is wrong."
        if rank(after) <= rank(before) or after.ap50 == 0:
            no_better = f"{learned}, but the new model does not find them better than the old one. "
            if outcome.survey.only_removed:
                return False, no_better + _DRAW_TOO
            return False, (
                f"{no_better}Train for longer, or check that the labels belong to this image and that what is marked "
                "as reviewed is complete."
            )
    return None, (
        f"{learned}, too few to hold any back, so it cannot be known yet whether the new model is better elsewhere. "
        "Compare the labels before and after, or review more objects further apart."
    )


def _why_not(survey: Survey) -> str:
    if survey.n_corrected == 0:
        return "Not better. Correct some objects where the old model is wrong, so that there is more to learn."
    if survey.only_removed:
        return f"Not better. {_DRAW_TOO}"
    return (
        "Not better. Correct more objects of the kind that are wrong, in other places or images, "
        "and check that what is marked as reviewed is complete."
    )


def _describe_lost(kept: Kept) -> str:
    lost = kept.n_objects - round(kept.share * kept.n_objects)
    return f"the new model no longer finds {lost} of {kept.n_objects} objects that nobody deleted."


def _describe_uneven(evenness: Evenness) -> str:
    return (
        f"Your outlines differ among themselves more than the model's from them (by {evenness.spread:.1f} px, and "
        f"{evenness.offset:.1f} px): draw all objects to the same edge, and there is more to learn."
    )


def _how_many_more(change: ScoreDifference) -> str:
    """Held-out objects are a quarter; the margin shrinks with the square root of their number."""
    margin = change.difference - change.low
    times = (margin / max(change.difference, 1e-3)) ** 2
    more = round(4 * change.n_objects * max(times - 1, 0.25), -1)
    return "many" if more > _MOST_MORE else f"about {max(10, int(more))}"


def _describe_base(outcome: Outcome) -> str:
    before, after = outcome.base_before, outcome.base_after
    if before is None or after is None:
        return ""
    said = f" On the kinds of image that the model knew before: {before.ap50:.2f} -> {after.ap50:.2f}."
    if before.ap50 - after.ap50 > _FORGOTTEN:
        said += " It has forgotten some of them, so keep the old model for those."
    return said


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
