"""Benchmarks that open the window leave the user's folders alone, however they end."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
# They are given folders of their own by who starts them: the benchmark, or the file that it takes the window from.
_BY_OTHERS = {"monkey_window.py", "monkey_rules.py", "editing.py"}


def test_each_benchmark_that_opens_the_window_has_folders_of_its_own() -> None:
    opening, own = set(), set()
    for path in BENCHMARKS.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        if re.search(r"UNetPanel|open_window\(|get_keeper", text):
            opening.add(path.name)
        if re.search(r"^(import|from) own_folders|user_folders_untouched\(\)", text, re.MULTILINE):
            own.add(path.name)
    assert opening - own - _BY_OTHERS == set()


def test_recovery_files_lie_there_and_go_with_the_program() -> None:
    told = """
import own_folders
from napari_unet.project.recovery import create_recovery
project = create_recovery()
print(project.path.parent)
project.close()
"""
    done = subprocess.run([sys.executable, "-c", told], cwd=BENCHMARKS, capture_output=True, text=True, timeout=120)
    folder = Path(done.stdout.strip())
    assert "napari-unet-benchmark-" in str(folder), done.stderr
    assert not folder.exists()
