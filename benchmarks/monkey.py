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
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
STILL_COMPUTED, STILL_SECONDS = 240.0, 1200.0  # a window that hangs is a finding
Script = list[dict[str, Any]]


@dataclass(frozen=True)
class Outcome:
    """How an episode ended: `problem` is empty, or says which rule was broken; `n_done` actions were begun.

    `told` are the last lines that it printed: what was pressed.
    """

    problem: str
    n_done: int
    told: tuple[str, ...] = ()


def play(script: Script) -> Outcome:
    """Run a script in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="napari-unet-monkey-") as name:
        folder = Path(name)
        (folder / "script.json").write_text(json.dumps(script), encoding="utf8")
        (folder / "files").mkdir()
        names = ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "NAPARI_UNET_MODELS", "NAPARI_UNET_RECOVERY")
        own = {name: str(folder / name) for name in names}
        command = [sys.executable, "-X", "faulthandler", str(HERE / "monkey_window.py")]
        with open(folder / "out", "wb") as out, open(folder / "err", "wb") as err:
            run = subprocess.Popen(
                [*command, str(folder / "script.json"), str(folder / "files")],
                env={**os.environ, **own, "NAPARI_CONFIG": "", "OMP_NUM_THREADS": "1"}, stdout=out, stderr=err,
            )  # fmt: skip
            hung = watch(run, folder / "out")
        lines = (folder / "out").read_text(encoding="utf8", errors="replace").splitlines()
        last = [line for line in (folder / "err").read_text(errors="replace").splitlines() if line.strip()]
    n_done = sum(line.startswith("do ") for line in lines)
    broken = next((line.removeprefix("broken ") for line in lines if line.startswith("broken ")), "")
    if hung:
        broken = f"the window hung: {' | '.join(last[-40:])[:3000]}"
    elif run.returncode < 0 or (run.returncode and not broken):
        broken = f"the process ended with {run.returncode}: {' | '.join(last[:12])[:900]}"
    return Outcome(broken, n_done, tuple(lines[-16:]))


def watch(run: subprocess.Popen[bytes], out: Path) -> bool:
    """Wait for the end; True if the process had to be ended, because it did nothing more.

    A slow machine is no finding: what counts is the processor time that the process itself has had since it last
    printed something, and only for a process that has none at all (it waits for ever) the clock on the wall.
    """
    size, since, spent = -1, time.monotonic(), 0.0
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.wait(0.5)
            return False
        if out.stat().st_size != size:
            size, since, spent = out.stat().st_size, time.monotonic(), processor_seconds(run.pid)
        if processor_seconds(run.pid) - spent > STILL_COMPUTED or time.monotonic() - since > STILL_SECONDS:
            run.send_signal(signal.SIGABRT)  # faulthandler tells where it was
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.wait(20)
            run.kill()
            run.wait()
            return True


def processor_seconds(pid: int) -> float:
    """What a process has computed so far; 0 where the system does not tell it this way."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


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
    print("\n".join(outcome.told), json.dumps(script[: outcome.n_done]), sep="\n", flush=True)
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
        print(f"{outcome.n_done} actions: {outcome.problem or 'nothing broken'}", *outcome.told, sep="\n")
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
