"""What came of learning classes: what is said, and whether it is better."""

from __future__ import annotations

import numpy as np
import pytest
from judged import NOTHING

from napari_unet.heads.outcome import Outcome
from napari_unet.heads.registry import head_named
from napari_unet.heads.semantic.scoring import ClassScore, pool_cells

HEAD = head_named("semantic")


def score(*right: int, n: int = 100) -> ClassScore:
    """A cell for each of `right`: so many of `n` pixels of a class are right, the others are taken for background."""
    cells = np.array([[[n - one, one], [2 * n - one, one], [n, n]] for one in right], np.int64)
    cells[:, 0, 0] = n
    return pool_cells(cells, ("background", "cell"))


@pytest.mark.parametrize(
    ("before", "after", "better", "words"),
    [
        (score(*[40] * 12), score(*[90] * 12), True, "Better. Hardest to tell: "),
        (score(*[40] * 12), score(*[40] * 12), False, "Paint more"),
        (score(*[90] * 12), score(*[40] * 12), False, "Paint more"),
        (score(*[99] * 12), score(*[100] * 12), False, "already right"),
        (score(*[50] * 4), score(52, 49, 50, 50), None, "may be chance"),
    ],
)
def test_better_not_better_or_unknown(before: ClassScore, after: ClassScore, better: bool | None, words: str) -> None:
    verdict = HEAD.judge(Outcome(50, NOTHING, before, after))
    assert verdict.better is better
    assert words in verdict.sentence
    assert f"{before.mean_iou:.2f} -> {after.mean_iou:.2f}" in verdict.sentence
    assert "mean IoU of 2 classes" in verdict.sentence
    assert verdict.change is not None


def test_the_class_that_is_hardest_to_tell_is_named() -> None:
    after = score(*[60] * 12)
    sentence = HEAD.judge(Outcome(50, NOTHING, score(*[30] * 12), after)).sentence
    assert after.dice["cell"] < after.dice["background"]
    assert f"Hardest to tell: cell (Dice {after.dice['cell']:.2f})" in sentence


@pytest.mark.parametrize(("n", "rough"), [(9, True), (10, False)])
def test_few_cells_are_a_rough_measure(n: int, rough: bool) -> None:
    sentence = HEAD.judge(Outcome(50, NOTHING, score(*[40] * n), score(*[90] * n))).sentence
    assert ("rough measure" in sentence) is rough


def test_where_nothing_was_held_out_it_cannot_be_known() -> None:
    verdict = HEAD.judge(Outcome(50, NOTHING, learned_after=score(80)))
    assert verdict.better is None
    assert f"(mean IoU there: {score(80).mean_iou:.2f})" in verdict.sentence
    assert "mean IoU" not in HEAD.judge(Outcome(50, NOTHING)).sentence
