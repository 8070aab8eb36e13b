"""The judge of `benchmarks/durability.py`: who was at risk must have been told."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from durability_faults import Course, describe

BEGUN = "begun 0 0.0\ngiven 1 10.0\n"
END = "closing 1 20.0\nclosed 1 20.1\n"


def test_a_failed_commit_must_be_told_and_its_end_too() -> None:
    fault = "10.3 failed-write session.unetproj-wal 0 4096\n"
    silent = Course.read(BEGUN + "failed 0 10.3\nsaved 1 11.0\n" + END, fault)
    assert silent.at_risk
    assert silent.problems() == ["a commit failed at 10.30, and the user was not told"]
    told = Course.read(BEGUN + "failed 0 10.3\ntrouble 0 10.31\nwell 1 12.3\nsaved 1 12.3\n" + END, fault)
    assert not told.problems()
    no_end = Course.read(BEGUN + "failed 0 10.3\ntrouble 0 10.31\nsaved 1 12.3\n" + END, fault)
    assert no_end.problems() == ["the user was never told that all is well again"]
    assert "at risk in 2, the user told in 1 of these" in describe([silent, told])


def test_a_late_edit_must_be_told() -> None:
    slow = "10.2 slow-write session.unetproj-wal 0 4096\n"
    silent = Course.read(BEGUN + "saved 1 14.0\n" + END, slow)
    assert "an edit was late at 11.50, and the user was not told" in silent.problems()
    assert not Course.read(BEGUN + "trouble 0 11.6\nwell 1 14.0\nsaved 1 14.0\n" + END, slow).problems()


def test_a_fault_that_nobody_was_told_of_must_prove_that_it_was_harmless() -> None:
    saved = BEGUN + "saved 1 10.4\n" + END
    half = "10.3 half-write session.unetproj-wal 100 24\n"
    mended = Course.read(saved, half + "10.3 rest-write session.unetproj-wal 113 11\n")
    assert (mended.problems(), mended.excuse()) == ([], "mended in the same write")
    assert Course.read(saved, half).problems()
    assert Course.read(saved, half + "10.3 rest-write session.unetproj-wal 120 4\n").problems()
    tidying = Course.read(saved, "10.5 failed-write session.unetproj 0 4096\n")
    assert (tidying.problems(), tidying.excuse()) == ([], "tidying")
    log_fault = "10.35 failed-write session.unetproj-wal 0 4096\n"
    assert Course.read(saved, log_fault).problems()
    assert Course.read(saved + "untidied 1 10.36\n", log_fault).excuse() == "tidying"
    assert Course.read(saved + "untidied 1 12.00\n", log_fault).problems()
    assert Course.read(saved, "").excuse() == "no fault fell"


def test_a_log_left_beside_the_project_is_told_at_closing() -> None:
    course = Course.read(
        BEGUN + "saved 1 10.4\n" + END + "apart 1 20.2\n", "20.1 failed-write session.unetproj 0 4096\n"
    )
    assert course.at_risk
    assert course.told
