"""The quick form of `benchmarks/durability.py`: eight kills, every boundary of a short session, each kind of fault."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "durability.py"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the session is a fork of the benchmark's process")
def test_nothing_is_lost_by_kills_power_cuts_and_faults() -> None:
    path = os.pathsep.join([str(_BENCHMARK.parents[1]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, str(_BENCHMARK), "--quick"],
        capture_output=True, text=True, timeout=280, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "killed at random: 8 times, 0 failures" in done.stdout
