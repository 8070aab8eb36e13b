from __future__ import annotations

import pytest

from napari_unet.finetuning.events import Score
from napari_unet.finetuning.survey import Survey
from napari_unet.finetuning.verdict import choose_candidate, describe_outcome, is_better

NOTHING = Survey((), (), 0)


def score(value: float, n: int = 30) -> Score:
    return Score(value, value, value, n)


@pytest.mark.parametrize(
    ("values", "n", "chosen"),
    [
        ([0.5, 0.9], 30, 1),
        ([0.9, 0.2], 30, 0),  # clearly worse: back to the best
        ([0.5, 0.52, 0.5], 30, 2),  # the same within what so few objects can tell: the latest
        ([0.5, 0.52, 0.5], 100_000, 1),
        ([0.4], 3, 0),
    ],
)
def test_the_latest_of_the_best_is_chosen(values: list[float], n: int, chosen: int) -> None:
    assert choose_candidate([score(value, n) for value in values]) == chosen


def test_worse_or_equal_is_not_better() -> None:
    assert is_better(score(0.5), score(0.6))
    assert not is_better(score(0.5), score(0.5))
    assert not is_better(score(0.5), score(0.4))


def test_the_outcome_names_scores_and_how_many_objects() -> None:
    text = describe_outcome(score(0.61, 14), score(0.84, 14), NOTHING, 100)
    assert "0.61 -> 0.84" in text
    assert "14 objects" in text
    worse = describe_outcome(score(0.61), score(0.5), NOTHING, 100)
    unknown = describe_outcome(None, None, NOTHING, 100)
    assert len({text, worse, unknown, describe_outcome(None, None, NOTHING, 0)}) == 4
