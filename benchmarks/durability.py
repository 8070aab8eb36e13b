"""Whether the project store loses anything: killed at any moment, on a full disk, on a disk that fails, at a power cut.

    python benchmarks/durability.py [--kills 1000] [--seed 0] [--quick]

1. **Kills.** A child process (a fork of this one) plays the scripted session of `durability_session.py` and is ended by
   SIGKILL after a random time of up to 1.5 s, `--kills` times. The project is opened again, which must take under 3 s,
   and compared with the script played anew: its labels, reviewed region, locked objects and undo history must be those
   after some number of steps, at least as many as were handed over more than a second before the kill, and at
   least as many as the store itself had said were saved.
2. **Every boundary.** Between SQLite and the C library stands a shim (`durability_shim.c`, compiled with `cc`, loaded
   by LD_PRELOAD) that writes down every write, sync, truncation, removal and renaming with its bytes. From this log the
   files are put together as a kill after each one would have left them, and as one in the middle of each write would
   (torn), and as a power cut would (`synced`: all that was written and not yet synced is gone; `mixed`: each such 4 kB
   is there or not, at random). Each is opened and compared as above.
3. **Faults.** The shim makes writes fail for a while: no space left, an input/output error, half a write and then no
   space; or it lets one hang for 3.5 s. The session goes on; in the end, with the disk in order again, nothing may be
   missing. And where something was at risk the user must have been told, as `durability_faults.py` says in its
   first lines, where a fault that needs no message has to prove it.

Prints a line a part; the exit code is 1 if anything was lost. Parts 2 and 3 need Linux and `cc`.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from durability_faults import KINDS, Course, describe
from durability_session import ACKS, IMAGE, NAME, Script, play

from napari_unet.errors import UserError
from napari_unet.project.checking import check_project
from napari_unet.project.opening import open_project
from napari_unet.project.project import LABELS, REVIEWED

HERE = Path(__file__).parent
LATEST_KILL_SECONDS = 1.5
MOST_STEPS = 100_000
PAUSE_MS = 8.0
PAGE = 4096


@dataclass
class Tally:
    """What was found: failures as sentences, and times to open."""

    n: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    n_edits: list[int] = field(default_factory=list)

    def line(self, what: str) -> str:
        opened = f"opened in {np.median(self.seconds):.2f} s, longest {max(self.seconds):.2f} s" if self.seconds else ""
        edits = f"up to {max(self.n_edits)} edits" if self.n_edits else ""
        return f"{what}: {self.n} times, {len(self.failures)} failures; {edits}; {opened}"


class Replay:
    """The script played step by step, to be compared with what is found after a number of edits."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._script = Script(seed)

    def at(self, n_edits: int) -> Script:
        """The script just after edit number `n_edits`."""
        if self._script.n_edits > n_edits:
            self._script = Script(self._seed)
        while self._script.n_edits < n_edits:
            self._script.step()
        return self._script

    def locks_after(self, n_edits: int) -> list[frozenset[int]]:
        """Locked objects after that edit, and after each of the locks that come before the next one."""
        script = self.at(n_edits)
        found = [script.locked]
        while script.n_edits == n_edits:
            script.step()
            found.append(script.locked)
        return found


def examine(folder: Path, replay: Replay, acks: str, tally: Tally, where: str, killed_at: float | None = None) -> None:
    """Open what is in `folder` and compare it with the script."""
    tally.n += 1
    begun, saved, due = read_acks(acks, killed_at)
    start = time.perf_counter()
    try:
        project = open_project(folder / NAME)
    except UserError as error:
        if begun:
            tally.failures.append(f"{where}: {error}")
        return
    try:
        labels, reviewed = project.read_array(IMAGE, LABELS), project.read_array(IMAGE, REVIEWED)
        history = project.read_history(IMAGE, LABELS)
        tally.seconds.append(time.perf_counter() - start)
        if not begun:
            return
        n_edits = project.count_edits()
        tally.n_edits.append(n_edits)
        problems = check_project(project)
        if n_edits < max(saved, due):
            problems.append(f"{n_edits} edits, although {saved} were said to be saved and {due} were due")
        script = replay.at(n_edits)
        if labels is None or not np.array_equal(labels, script.labels):
            problems.append("other labels")
        if reviewed is None or not np.array_equal(reviewed, script.reviewed):
            problems.append("another reviewed region")
        if _sizes(history.done) != _sizes(script.history.done) or _sizes(history.undone) != _sizes(
            script.history.undone
        ):
            problems.append("another undo history")
        if project.locked(IMAGE) not in replay.locks_after(n_edits):
            problems.append("other locked objects")
        tally.failures += [f"{where}: {problem}" for problem in problems]
    except UserError as error:
        tally.failures.append(f"{where}: {error}")
    finally:
        project.close()


def _sizes(edits: list) -> list[int]:  # type: ignore[type-arg]
    return [edit.n_pixels for edit in edits]


def read_acks(text: str, killed_at: float | None) -> tuple[bool, int, int]:
    """Whether the session had begun; edits that were said to be saved; edits handed over a second before the end."""
    begun, saved, due = False, 0, 0
    for line in text.splitlines():
        what, number, when = line.split() if line.count(" ") == 2 else ("", "0", "0")
        begun |= what == "begun"
        if what == "saved":
            saved = max(saved, int(number))
        elif what == "given" and killed_at is not None and float(when) < killed_at - 1.0:
            due = max(due, int(number))
    return begun, saved, due


# -- 1: kills ----------------------------------------------------------------------------------------------------------


def run_kills(n: int, seed: int, latest: float = LATEST_KILL_SECONDS) -> Tally:
    """Kill the session `n` times."""
    tally, chance, replay = Tally(), random.Random(seed), Replay(seed)
    for number in range(n):
        with tempfile.TemporaryDirectory(prefix="napari-unet-durability-") as name:
            folder = Path(name)
            child = os.fork()
            if child == 0:
                try:
                    play(folder, seed, MOST_STEPS, PAUSE_MS)
                finally:
                    os._exit(0)
            until = time.monotonic() + 60
            while not _begun(folder) and time.monotonic() < until:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, latest))
            killed_at = time.monotonic()
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            examine(folder, replay, (folder / ACKS).read_text(), tally, f"kill {number}", killed_at)
    return tally


def _begun(folder: Path) -> bool:
    acks = folder / ACKS
    return acks.exists() and acks.stat().st_size > 0


# -- 2: every boundary -------------------------------------------------------------------------------------------------


def build_shim(folder: Path) -> Path:
    """Compile the shim; raises RuntimeError if that is not possible here."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None or not sys.platform.startswith("linux"):
        raise RuntimeError("needs Linux and a C compiler")
    built = folder / "shim.so"
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(built), str(HERE / "durability_shim.c"), "-ldl"]
    subprocess.run(command, check=True)
    return built


def play_behind_shim(shim: Path, folder: Path, seed: int, steps: int, pause_ms: float, **environment: str) -> None:
    """Play the session in a process of its own, with the shim loaded."""
    command = [sys.executable, str(HERE / "durability_session.py"), str(folder), str(seed), str(steps), str(pause_ms)]
    path = os.pathsep.join([str(HERE.parent), os.environ.get("PYTHONPATH", "")])
    known = {**os.environ, "LD_PRELOAD": str(shim), "PYTHONPATH": path, **environment}
    subprocess.run(command, check=True, env=known, timeout=600)


@dataclass(frozen=True)
class Operation:
    """One record of the shim's log: w(rite), t(runcate), s(ync), u(nlink) or r(ename)."""

    kind: str
    name: str
    offset: int
    data: bytes


def read_log(path: Path) -> list[Operation]:
    """The operations that the shim wrote down."""
    raw, at, found = path.read_bytes(), 0, []
    while at < len(raw):
        kind = chr(raw[at])
        n_path, offset, length, _ = struct.unpack_from("<4q", raw, at + 1)
        at += 33
        name = Path(raw[at : at + n_path].decode()).name
        at += n_path
        n_data = length if kind in "wr" else 0
        found.append(Operation(kind, name, offset, raw[at : at + n_data]))
        at += n_data
    return found


class Disk:
    """The files as the operations leave them, and which parts of them have reached the disk for good."""

    def __init__(self) -> None:
        self.files: dict[str, bytearray] = {}
        self.synced: dict[str, bytearray] = {}

    def apply(self, operation: Operation, share: float = 1.0) -> None:
        """Carry out an operation, or (`share` < 1) the first part of a write."""
        kind, name = operation.kind, operation.name
        if kind == "u":
            self.files.pop(name, None)
            self.synced.pop(name, None)
            return
        if kind == "r":
            for files in (self.files, self.synced):
                if name in files:
                    files[Path(operation.data.decode()).name] = files.pop(name)
            return
        data = self.files.setdefault(name, bytearray())
        self.synced.setdefault(name, bytearray())
        if kind == "w":
            part = operation.data[: int(len(operation.data) * share)]
            data.extend(bytes(max(0, operation.offset - len(data))))
            data[operation.offset : operation.offset + len(part)] = part
        elif kind == "t":
            del data[operation.offset :]
            data.extend(bytes(operation.offset - len(data)))
        elif kind == "s":
            self.synced[name] = bytearray(data)

    def after_power_cut(self, chance: random.Random | None) -> dict[str, bytes]:
        """What is left: what was synced, and (with `chance`) some of the pages that were not."""
        left = {}
        for name, synced in self.synced.items():
            written = self.files[name]
            kept = bytearray(synced)
            if chance is not None:
                kept.extend(bytes(max(0, len(written) - len(kept))))
                for start in range(0, len(written), PAGE):
                    page = written[start : start + PAGE]
                    if chance.random() < 0.5:
                        kept[start : start + len(page)] = page
            left[name] = bytes(kept)
        return left


def crash_states(operations: list[Operation], seed: int, power: bool) -> Iterator[tuple[str, str, dict[str, bytes]]]:
    """(kind of crash, what was acknowledged, files) for each operation of the log."""
    disk, chance = Disk(), random.Random(seed)
    for number, operation in enumerate(operations):
        acks = bytes(disk.files.get(ACKS, b"")).decode()
        if operation.name != ACKS:
            if operation.kind == "w":
                torn = Disk()
                torn.files = {name: bytearray(data) for name, data in disk.files.items()}
                torn.apply(operation, chance.random())
                yield f"torn at {number}", acks, {name: bytes(data) for name, data in torn.files.items()}
            if power and operation.kind in "st":
                yield f"power cut before {number}, synced", acks, disk.after_power_cut(None)
                yield f"power cut before {number}, mixed", acks, disk.after_power_cut(chance)
        disk.apply(operation)
        if operation.name != ACKS:
            acks = bytes(disk.files.get(ACKS, b"")).decode()
            yield f"kill after {number}", acks, {name: bytes(data) for name, data in disk.files.items()}
        elif power:
            acks = bytes(disk.files[ACKS]).decode()
            yield f"power cut after {number}, synced", acks, disk.after_power_cut(None)


def run_boundaries(shim: Path, seed: int, steps: int) -> dict[str, Tally]:
    """Open the project as it was at every boundary of one session."""
    tallies: dict[str, Tally] = {}
    replay = Replay(seed)
    with tempfile.TemporaryDirectory(prefix="napari-unet-durability-") as name:
        log = Path(name) / "log"
        (Path(name) / "session").mkdir()
        play_behind_shim(shim, Path(name) / "session", seed, steps, 10.0, DURABILITY_LOG=str(log))
        operations = read_log(log)
    for where, acks, files in crash_states(operations, seed, power=True):
        if NAME not in files:
            continue
        memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        with tempfile.TemporaryDirectory(prefix="napari-unet-durability-", dir=memory) as name:
            for file, data in files.items():
                (Path(name) / file).write_bytes(data)
            kind = where.split(" at ")[0].split(" after ")[0].split(" before ")[0]
            examine(Path(name), replay, acks, tallies.setdefault(kind, Tally()), where)
    counts = Counter(operation.kind for operation in operations if operation.name != ACKS)
    print(
        f"boundaries of one session of {steps} steps: {counts['w']} writes, {counts['s']} syncs, "
        f"{counts['t']} truncations, {counts['u']} removals, {counts['r']} renamings"
    )
    return tallies


# -- 3: faults ---------------------------------------------------------------------------------------------------------


def run_faults(shim: Path, seed: int, steps: int, places: int) -> dict[str, Tally]:
    """Let writes go wrong for a while at several places of the session; then all must be there, and was told of."""
    tallies = {kind: Tally() for kind in KINDS}
    replay, chance, n_writes = Replay(seed), random.Random(seed), count_writes(shim, seed, steps)
    for kind, tally in tallies.items():
        courses = []
        for _ in range(places):
            # The number of writes differs a little from run to run, and the last of them are those of closing.
            fault = f"{kind}:{chance.randrange(1, n_writes)}:{1 if kind == 'SLOW' else chance.choice([1, 3, 8])}"
            with tempfile.TemporaryDirectory(prefix="napari-unet-durability-") as name:
                folder, faults = Path(name), Path(name) / "faults"
                environment = {"DURABILITY_FAIL": fault, "DURABILITY_FAULTS": str(faults)}
                play_behind_shim(shim, folder, seed, steps, PAUSE_MS, **environment)
                acks = (folder / ACKS).read_text()
                course = Course.read(acks, faults.read_text())
                courses.append(course)
                tally.failures += [f"{fault}: {problem}" for problem in course.problems()]
                if f"closed {replay_length(seed, steps)}" not in acks:
                    tally.failures.append(f"{fault}: the session did not come to its end")
                acks += f"\nsaved {replay_length(seed, steps)} 0"
                examine(folder, replay, acks, tally, fault)
        print(f"{kind}: {describe(courses)}", flush=True)
    return tallies


def count_writes(shim: Path, seed: int, steps: int) -> int:
    """Writes that the session makes to the project after its beginning, closing included."""
    with tempfile.TemporaryDirectory(prefix="napari-unet-durability-") as name:
        log = Path(name) / "log"
        (Path(name) / "session").mkdir()
        play_behind_shim(shim, Path(name) / "session", seed, steps, PAUSE_MS, DURABILITY_LOG=str(log))
        operations = read_log(log)
    begun = next(number for number, operation in enumerate(operations) if operation.name == ACKS)
    return sum(operation.kind == "w" and operation.name != ACKS for operation in operations[begun:])


def replay_length(seed: int, steps: int) -> int:
    """Edits in the first `steps` steps."""
    script = Script(seed)
    for _ in range(steps):
        script.step()
    return script.n_edits


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="8 kills, a short session, one place of each fault")
    args = parser.parse_args()
    tallies = {
        "killed at random": run_kills(
            8 if args.quick else args.kills, args.seed, 1.2 if args.quick else LATEST_KILL_SECONDS
        )
    }
    print(tallies["killed at random"].line("killed at random"), flush=True)
    with tempfile.TemporaryDirectory(prefix="napari-unet-durability-") as name:
        try:
            shim = build_shim(Path(name))
        except RuntimeError as error:
            print(f"boundaries and faults left out: {error}")
        else:
            for found in (
                run_boundaries(shim, args.seed, 12 if args.quick else 200),
                run_faults(shim, args.seed, 50 if args.quick else 150, 1 if args.quick else 10),
            ):
                for what, tally in found.items():
                    print(tally.line(what), flush=True)
                tallies |= found
    failures = [failure for tally in tallies.values() for failure in tally.failures]
    slow = [seconds for tally in tallies.values() for seconds in tally.seconds if seconds > 3]
    for failure in failures[:20]:
        print(f"  {failure}")
    if slow:
        print(f"  {len(slow)} projects took more than 3 s to open")
    return 1 if failures or slow else 0


if __name__ == "__main__":
    sys.exit(main())
