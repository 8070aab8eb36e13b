"""`benchmarks/verdicts.py`: sessions whose worth is known, and the table of how often it was told."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import verdicts


def test_scores_are_of_as_many_objects_of_as_many_images_and_differ_as_the_models_do() -> None:
    generator = np.random.default_rng(0)
    pairs = [verdicts.simulate(2000, 400, generator) for _ in range(5)]
    for gain, before, after in pairs:
        assert before.evidence is not None
        assert before.n_objects == 2000
        assert len({image for image, _ in before.evidence.keys}) == 400
        assert before.evidence.keys == after.evidence.keys
        assert (after.ap50 > before.ap50) == (gain > 0) or abs(gain) < 0.03
    assert {gain > 0 for gain, _, _ in pairs} == {True, False}


def test_the_table_has_what_was_told_and_how_often_it_was_right(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["verdicts.py", "--sessions", "4"])
    monkeypatch.setattr(verdicts, "SIZES", ((60, 10),))
    told = iter([True, True, False, None] * 2)
    monkeypatch.setattr(verdicts, "judge_before", lambda before, after: next(told))
    monkeypatch.setattr(verdicts, "simulate", lambda *_: (0.1, *[verdicts._score(np.arange(8) < 4, np.arange(8))] * 2))
    verdicts.main()
    line = capsys.readouterr().out.splitlines()[-1]
    assert line == "| 60 | 10 | 50 % | 100 % | 25 % | 0 % | 0 % |  | 0 % |  |"
