"""The monkey: the same script for the same seed, a failing script made short, and a short run in a real window."""

from __future__ import annotations

import json
import subprocess
import sys

import monkey
import pytest
from monkey import play, shrink
from monkey_actions import draw_script


def test_a_seed_is_a_script_that_can_be_kept() -> None:
    script = draw_script(7, 60)
    assert script == draw_script(7, 60) != draw_script(8, 60)
    assert json.loads(json.dumps(script)) == script
    assert {action["do"] for action in script} >= {"stroke", "key", "layer", "button"}


def test_a_failing_script_is_made_as_short_as_it_can_be() -> None:
    script = [{"do": "wait", "seconds": number} for number in range(40)]
    needed = ({"do": "wait", "seconds": 5}, {"do": "wait", "seconds": 31})
    tried = []

    def fails(some: list) -> bool:
        tried.append(some)
        return all(action in some for action in needed)

    assert shrink(script, fails, 200) == list(needed)
    assert len(tried) < 100
    assert shrink(script, lambda some: False, 10) == script


def test_a_process_that_does_nothing_more_is_ended_and_a_slow_one_is_not(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(monkey, "STILL_COMPUTED", 0.5)
    out = tmp_path / "out"
    out.touch()
    for code, hung in (("while True: pass", True), ("import time; time.sleep(1.2)", False)):
        with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL) as run:
            assert monkey.watch(run, out) is hung


@pytest.mark.real_window
@pytest.mark.parametrize("seed", [3, 11])
def test_nothing_breaks_in_a_short_run(seed: int) -> None:
    """Twenty actions each; `benchmarks/monkey.py --minutes 60` is the long one."""
    outcome = play(draw_script(seed, 20))
    assert outcome.problem == ""
    assert outcome.n_done == 20
