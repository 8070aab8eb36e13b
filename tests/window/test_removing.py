"""Whatever is removed in the middle of whatever job: the job stops, and the window lives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("napari")

pytestmark = pytest.mark.real_window

HERE = Path(__file__).parent


def test_layers_the_dock_and_the_window_go_in_the_middle_of_every_job(tmp_path: Path) -> None:
    """In a process of its own: without `guard_removals` it ends by a segmentation fault in vispy's glDrawArrays."""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / "removing_scenes.py")],
        env={**os.environ, "HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path / "data")},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-4000:]
    assert "Traceback" not in run.stderr, run.stderr[-4000:]
    assert run.stdout.count("removed:") == 11, run.stdout
