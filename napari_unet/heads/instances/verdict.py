"""What came of learning objects: better, not better, or not to be known yet; in plain words, with what would help."""

from __future__ import annotations

from dataclasses import replace

from napari_unet.heads.outcome import ENOUGH, TOO_FEW, Outcome, Verdict, rank
from napari_unet.heads.survey import Survey
from napari_unet.labels.evidence import Score, ScoreDifference

_FEW = 10  # held-out objects below which a score is rough
ELSEWHERE = "others may differ"
"""Said where what was held out speaks of few images alone."""
_RIGHT = 0.95  # mean AP above which there is nothing left to gain
_ALL_RIGHT = 20  # held-out objects: where all are right, at most one in seven others is wrong (the rule of three)
_NOWHERE = 0.1  # AP@0.5 below which a model does not find what the labels show
_FORGOTTEN = 0.02  # AP@0.5 lost on the base model's own kinds of image that is worth a warning
_MOST_MORE = 200  # objects
_SAME = 1e-6  # of the score
_KEPT = 0.7  # of the objects that nobody spoke of, as many have to be found after deletions alone
_EMPTIED = 0.2
"""Of these, so few are left that next to nothing is found: all such children were worse (docs/benchmarks.md)."""
_ENOUGH_TO_LOSE = 3
"""Held-out objects that speak against a child that does worse on them: they were chosen because the parent erred there,
so that a loss says more than a gain."""
_NONSENSE = (
    "Not better: neither model finds what your labels show. Check that the labels belong to this image and that what "
    "is marked as reviewed is complete, or correct more objects."
)
_KNOWN_BEFORE = (
    "No better on these, but the old model has learned from most of them before, which flatters it: it cannot be known "
    "yet. Compare the labels before and after, or review other objects."
)
_JUST_AS_GOOD = (
    "Just as good on these: it cannot be known yet whether the new model is better. Compare the labels before and "
    "after, or review more objects."
)
_DRAW_TOO = "So far you only deleted objects: draw some that are missed or wrong, too."


def judge_objects(outcome: Outcome) -> Verdict:
    """Whether the new model is better, and the sentences that say so."""
    verdict = _judge(outcome)
    if verdict.better is not True and outcome.evenness is not None and outcome.evenness.is_uneven:
        return replace(verdict, sentence=f"{verdict.sentence} {outcome.evenness.sentence}")
    return verdict


def _judge(outcome: Outcome) -> Verdict:
    if (kept := outcome.kept) is not None and kept.share < _EMPTIED:
        return Verdict(False, f"Not better: {kept.sentence} {_DRAW_TOO}", outcome.change)
    if kept is not None and kept.share < _KEPT:
        # What went may have been false, too: of children that lost as much, some were better and some were worse.
        said = "Compare before and after; unless these were false, keep the old model."
        said = f"It cannot be known yet: {kept.sentence} {said} {_DRAW_TOO}"
        return Verdict(None, said, outcome.change, cautious=True)
    if outcome.before is None or outcome.after is None:
        better, said = _without_score(outcome)
        return Verdict(better, f"{said}{_describe_base(outcome)}")
    change = outcome.change
    better, said, cautious = _with_score(outcome.before, outcome.after, change, outcome)
    noun = "object" if len(outcome.survey.objects) == outcome.survey.n_objects else "outline"  # in several slices
    scores = f"Held-out score (AP@0.5, {_count(outcome.after.n_objects, noun)}): "
    scores += f"{outcome.before.ap50:.2f} -> {outcome.after.ap50:.2f}."
    return Verdict(better, f"{scores} {said}{_describe_base(outcome)}", change, cautious)


def _with_score(
    before: Score, after: Score, change: ScoreDifference | None, outcome: Outcome
) -> tuple[bool | None, str, bool]:
    """Whether it is better, the sentences, and whether the old model is the safer one while it is not known."""
    corrected, n = outcome.survey.n_corrected > 0, after.n_objects
    difference = rank(after) - rank(before)
    gain, same = difference > _SAME, abs(difference) <= _SAME
    enough = n >= ENOUGH or not corrected  # who corrected nothing has nothing to teach, whatever the number
    if before.mean_ap > _RIGHT and (n >= _ALL_RIGHT or not corrected):
        return False, "Not better: the old model was already right there. Correct objects where it is wrong.", False
    if not gain and n < (TOO_FEW if same else _ENOUGH_TO_LOSE) and corrected:
        return *_with_too_few(outcome.learned_after), False
    if max(before.ap50, after.ap50) < _NOWHERE and enough:
        return False, _NONSENSE, False
    if not gain and 2 * outcome.n_known >= n > 0 and not (change is not None and change.is_sure_loss):
        return None, _KNOWN_BEFORE, False
    if same and corrected:
        return None, _JUST_AS_GOOD, n >= _FEW
    if not gain:
        sure = change is None or same or change.is_sure_loss  # labels that are given are no corrections: chance, too
        return (False, _why_not(outcome.survey), False) if sure else (None, _maybe_worse(change), True)
    found = after.ap50 > before.ap50
    if change is not None and (not change.is_sure_gain or n < ENOUGH):
        return None, _maybe_better(change, found), False
    return True, _describe_better(outcome, found), False


def _maybe_better(change: ScoreDifference, found: bool) -> str:
    better = "Probably better" if found else "Outlines are probably closer to yours"
    return (
        f"{better}, but with so few objects this may be chance: it cannot be known yet. "
        f"Compare the labels before and after, or review {_how_many_more(change)} more objects."
    )


def _maybe_worse(change: ScoreDifference | None) -> str:
    more = "" if change is None else f" {_how_many_more(change)}"
    return (
        "Probably not better, but with so few objects this may be chance: it cannot be known yet. Keep the old model "
        f"unless the labels after are better than those before, or review{more} more objects."
    )


def _describe_better(outcome: Outcome, found: bool) -> str:
    """What is better, of which images that is known, and how roughly."""
    better, n = "Better", 0 if outcome.after is None else outcome.after.n_objects
    if where := _where(outcome):
        better += f" {where}"
    better += "" if found else ": outlines are closer to yours"
    better += f"; {ELSEWHERE}." if where else "."
    return better + (" This is a rough measure: few objects were held out." if n < _FEW else "")


def _where(outcome: Outcome) -> str:
    """Of which images the score speaks; empty where it speaks of images that nothing was learned from."""
    alone = max(outcome.n_shared, outcome.n_scored_images) == 1
    if outcome.n_shared:
        return "on this image" if alone else "on these images"
    return "on the image that was held out" if alone else ""


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


def _how_many_more(change: ScoreDifference) -> str:
    """Held-out objects are a quarter; the margin shrinks with the square root of their number."""
    margin = change.difference - change.low if change.difference > 0 else change.high - change.difference
    times = (margin / max(abs(change.difference), 1e-3)) ** 2
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
