"""A monkey at the window: random clicks, strokes, keys, layers, views and jobs, and what must hold after each.

    scripts/with_screen.sh python benchmarks/monkey.py [--minutes 60] [--seed 0] [--actions 40]
    scripts/with_screen.sh python benchmarks/monkey.py --script found.json

Each episode is a window of its own, in a process of its own, so that a crash is a finding like any other: a few small
images, and as many seeded actions as asked for. After each, the rules of `monkey_rules.py` are checked. An episode that
breaks one is made shorter (delta debugging over its actions, each try a fresh process) and printed as a script, which
`--script` plays again. Ends with 1 if anything was found.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
LIMIT_SECONDS = 300  # of an episode: a window that hangs is a finding
Script = list[dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """How an episode ended: `problem` is empty, or says which rule was broken; `n_done` actions were begun."""

    problem: str
    n_done: int


def play(script: Script) -> Outcome:
    """Run a script in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="napari-unet-monkey-") as folder:
        path = Path(folder) / "script.json"
        path.write_text(json.dumps(script), encoding="utf8")
        names = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "NAPARI_UNET_MODELS", "NAPARI_UNET_RECOVERY")
        own = {name: str(Path(folder) / name) for name in names}
        try:
            run = subprocess.run(
                [sys.executable, "-X", "faulthandler", str(HERE / "monkey_window.py"), str(path)],
                env={**os.environ, **own, "NAPARI_CONFIG": "", "OMP_NUM_THREADS": "1"},
                capture_output=True, text=True, errors="replace", timeout=LIMIT_SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as late:
            said = (late.stdout or b"").decode(errors="replace")
            return Outcome(f"the window hung for {LIMIT_SECONDS} s", said.count("\ndo ") + said.startswith("do "))
    lines = run.stdout.splitlines()
    n_done = sum(line.startswith("do ") for line in lines)
    broken = next((line.removeprefix("broken ") for line in lines if line.startswith("broken ")), "")
    if run.returncode < 0 or (run.returncode and not broken):
        last = [line for line in run.stderr.splitlines() if line.strip()]
        broken = f"the process ended with {run.returncode}: {' | '.join(last[:12])[:900]}"
    return Outcome(broken, n_done)


def shrink(script: Script, fails: Callable[[Script], bool], tries: int) -> Script:
    """A shorter script that still fails (Zeller's ddmin), found with at most `tries` runs."""
    n_parts = 2
    while len(script) > 1 and tries > 0:
        size = -(-len(script) // n_parts)
        for start in range(0, len(script), size):
            rest = script[:start] + script[start + size :]
            tries -= 1
            if fails(rest):
                script, n_parts = rest, max(n_parts - 1, 2)
                break
            if tries <= 0:
                break
        else:
            if size == 1:
                break
            n_parts = min(len(script), 2 * n_parts)
    return script


def report(script: Script, outcome: Outcome, tries: int) -> None:
    """Shrink a failing script and print it."""
    kind = outcome.problem[:60]
    print(f"BROKEN after {outcome.n_done} actions: {outcome.problem}", flush=True)
    short = shrink(script[: outcome.n_done], lambda some: play(some).problem[:60] == kind, tries)
    print(f"The same with {len(short)} actions; save as found.json and play it with --script:")
    print(json.dumps(short), flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--actions", type=int, default=40, help="actions an episode")
    parser.add_argument("--episodes", type=int, default=10**6, help="at most so many")
    parser.add_argument("--tries", type=int, default=30, help="runs to make a failing script shorter")
    parser.add_argument("--script", type=Path, help="play this script only")
    options = parser.parse_args(arguments)
    if options.script is not None:
        outcome = play(json.loads(options.script.read_text(encoding="utf8")))
        print(f"{outcome.n_done} actions: {outcome.problem or 'nothing broken'}")
        return int(bool(outcome.problem))
    from monkey_actions import draw_script

    until, n_actions, n_found, number = time.monotonic() + 60 * options.minutes, 0, 0, -1
    while number + 1 < options.episodes and time.monotonic() < until:
        number += 1
        script = draw_script(1000 * options.seed + number, options.actions)
        outcome = play(script)
        n_actions += outcome.n_done
        print(f"episode {options.seed}.{number}: {outcome.n_done} actions, {outcome.problem or 'ok'}", flush=True)
        if outcome.problem:
            n_found += 1
            report(script, outcome, options.tries)
    print(f"seed {options.seed}: {number + 1} episodes, {n_actions} actions, {n_found} findings")
    return int(n_found > 0)


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    sys.exit(main())
