"""A few hundred spoiled files, the same ones each time: each ends in a result or a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.mark.skipif(sys.platform != "linux", reason="forks, and holds memory as Linux does")
def test_spoiled_files_break_nothing() -> None:
    command = [sys.executable, str(BENCHMARKS / "fuzz_files.py"), "--inputs", "600", "--seed", "1"]
    folder = os.pathsep.join([str(BENCHMARKS.parent), os.environ.get("PYTHONPATH", "")])
    ran = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": folder})
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "0 faults" in ran.stdout


def test_what_no_file_may_cause_is_noticed() -> None:
    """A reader that runs a command, writes elsewhere, dies or raises anything but a sentence is found."""
    program = (
        "import os, pathlib, sys, tempfile, fuzz_files as f\n"
        "deeds = [lambda: os.system('true'), lambda: open('/tmp/fuzz-elsewhere', 'w'), lambda: os._exit(3), "
        "lambda: {}['key']]\n"
        "left = iter(deeds)\n"
        "def bad(kind, path, number=[0]):\n"
        "    number[0] += 1\n"
        "    deeds[int(os.environ['DEED'])]()\n"
        "f.read_all = bad\n"
        "seeds = {'png': [{'a.png': b'1234'}]}\n"
        "for deed in range(len(deeds)):\n"
        "    os.environ['DEED'] = str(deed)\n"
        "    found = f.run_kind('png', 1, seeds, 0, pathlib.Path(tempfile.mkdtemp()), 1)\n"
        "    print(len(found.faults), found.faults[0][1].strip().splitlines()[-1])\n"
    )
    folder = os.pathsep.join([str(BENCHMARKS), str(BENCHMARKS.parent)])
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": folder}
    )
    told = ran.stdout.splitlines()
    assert [line[:1] for line in told] == ["1"] * 4, ran.stdout + ran.stderr
    for line, word in zip(told, ("os.system", "opened to be written", "exit 3", "KeyError"), strict=True):
        assert word in line
    assert not Path("/tmp/fuzz-elsewhere").exists()
