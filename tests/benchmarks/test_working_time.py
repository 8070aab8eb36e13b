"""`benchmarks/working_time.py`: minutes of work for lines of `effort.py`, new ones and those of former versions."""

from __future__ import annotations

import math
from typing import Any

import pytest
from simulated_user import KINDS
from working_time import DELETE, FIND, LOOK, correction_seconds, draw_seconds, hand_seconds, minutes


def line(**told: Any) -> dict[str, Any]:
    return {"arm": "corrected", "k": 5, "corrected": 5, "total": 0.0, **told}


def test_to_delete_takes_less_than_to_join_and_that_less_than_to_draw() -> None:
    seconds = {kind: correction_seconds(kind) for kind in KINDS}
    assert FIND < seconds["false"] < seconds["split"] == seconds["merged"] < seconds["missed"] < seconds["outline"]


def test_twice_the_outline_takes_twice_the_drawing() -> None:
    assert draw_seconds(6) - draw_seconds(0) == pytest.approx(2 * (draw_seconds(3) - draw_seconds(0)))


def test_a_line_is_its_images_its_mistakes_and_what_was_waited_for() -> None:
    row = line(kinds={"false": 3, "missed": 2}, opened=4, outlines=10.0, total=60.0)
    hand = 4 * LOOK + 3 * (FIND + DELETE) + 2 * (FIND + draw_seconds(5.0))
    assert hand_seconds(row) == pytest.approx(hand)
    assert minutes(row) == pytest.approx(1 + hand / 60)


def test_a_line_of_a_former_version_has_round_objects_and_an_image_for_each_five() -> None:
    row = line(kinds={"missed": 12}, corrected=12)
    assert hand_seconds(row) == pytest.approx(3 * LOOK + 12 * correction_seconds("missed", math.pi))


def test_what_was_labelled_from_nothing_is_drawn() -> None:
    dense = line(arm="dense", k=25)
    assert hand_seconds(dense) == hand_seconds(dense | {"images": 5, "labelled": 25})
    assert hand_seconds(dense | {"labelled": 50, "images": 5}) > hand_seconds(dense)  # type: ignore[operator]


def test_without_what_was_done_there_is_no_time() -> None:
    assert hand_seconds(line(arm="base", k=0)) == 0.0
    assert hand_seconds(line(arm="all", k=0)) is None
    assert math.isnan(minutes(line(arm="all", k=0, total=60.0)))
