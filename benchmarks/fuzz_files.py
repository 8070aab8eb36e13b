"""Whether any file breaks it: spoiled TIFF, OME-TIFF, PNG, JPEG, OME-Zarr, model, project and label files.

    python benchmarks/fuzz_files.py [--inputs 100000] [--seed 0] [--processes 1] [--keep DIR] [--kinds tiff,ome,...]

Small good files are spoiled (bytes flipped, cut, repeated, spliced; tags of TIFF directories, words and numbers of XML
and JSON headers replaced) and given to the reader of their kind; of an image all that is needed to segment its first
plane is read, of a project everything. Each input must end in a result or in one sentence (`UserError`) within 5 s of
the processor's time and 2 GB above what the program takes anyway, held by the operating system. Nothing else counts as
right: no other exception, no death of the process, no command, connection or unpickling (Python's audit events), no
file opened to be written outside the folder that is the input's own, none left beside it.

Workers are forks of a process that has everything loaded; one that dies names the input by the number it wrote down
before. An input is made from its number and `--seed` alone, so that `--only KIND:NUMBER` makes it again. Linux.
Prints a line a kind; the exit code is 1 if anything was found. `--keep` writes what was found to a folder.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from fuzz_mutations import Files, make_seeds, spoil

from napari_unet.errors import UserError

SECONDS, GIGABYTES = 5.0, 2.0
_SHARES = {"tiff": 0.28, "ome": 0.2, "png": 0.14, "zarr": 0.1, "model": 0.08, "project": 0.04, "labels": 0.16}
_BATCH = 500
_HANGS = 20.0  # seconds by the clock: on a busy machine the processor's time says more
_FORBIDDEN = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "socket.connect", "pickle.find_class")
_LONGEST = 600  # characters of a sentence


@dataclass
class Found:
    """How the inputs of one kind ended, and what went wrong."""

    ends: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, str]] = field(default_factory=list)
    slowest: float = 0.0


class Offence(BaseException):
    """Something was done that no file may cause."""


# -- in the worker -----------------------------------------------------------------------------------------------------


def read_all(kind: str, path: Path) -> None:
    """What the program does with a file of this kind."""
    if kind == "model":
        from napari_unet.models.model_file import load_model_file

        load_model_file(path)
    elif kind == "project":
        _read_project(path)
    elif kind == "labels":
        from napari_unet.images.files.label_files import read_labels
        from napari_unet.images.image import Image

        read_labels(path, Image(np.zeros((24, 32), np.uint16), "YX"))
    else:
        from napari_unet.images.files.reading import read_image

        image = read_image(path)
        image.describe()
        grey = image.select_channel()
        if np.prod(grey.shape[-2:]) <= 2**24:
            grey.plane((0,) * (grey.ndim - 2))


def _read_project(path: Path) -> None:
    from napari_unet.project.checking import check_project
    from napari_unet.project.opening import open_project
    from napari_unet.project.project import LABELS, PREDICTION, REVIEWED

    project = open_project(path)
    try:
        for number in project.images():
            for role in (LABELS, PREDICTION, REVIEWED):
                project.read_array(number, role)
                project.read_history(number, role)
            project.locked(number)
        check_project(project)
        project.models()
        project.get_property("window")
    finally:
        project.close()


def make_input(seeds: dict[str, list[Files]], kind: str, number: int, seed: int) -> Files:
    """The input of this number."""
    chance = random.Random(f"{seed} {kind} {number}")
    everything = [files for many in seeds.values() for files in many]
    return spoil(chance.choice(seeds[kind]), everything, chance)


def write_input(files: Files, kind: str, folder: Path) -> Path:
    """Write an input to an empty folder; what is to be opened."""
    root = folder / "a.zarr" if kind == "zarr" else folder
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    root.mkdir(exist_ok=True)
    return root if kind == "zarr" else folder / next(iter(files))


def try_one(kind: str, path: Path) -> tuple[str, str]:
    """How an input ends: ("result" | "sentence" | "fault", what there is to say)."""
    try:
        read_all(kind, path)
    except UserError as error:
        text = str(error)
        if "\n" in text or len(text) > _LONGEST:
            return "fault", f"a sentence of {len(text)} characters: {text[:300]!r}"
        return "sentence", ""
    except Offence as offence:
        return "fault", str(offence)
    except BaseException:
        return "fault", traceback.format_exc()
    return "result", ""


def _watch(own: Path) -> None:
    """From now on, what no file may cause is an `Offence`."""
    allowed = str(own)

    def look(event: str, details: tuple[Any, ...]) -> None:
        if event in _FORBIDDEN and not (event == "pickle.find_class" and _copies_itself()):
            raise Offence(f"{event} {details!r}")
        if event == "open" and isinstance(details[0], (str, bytes)) and _writes(details):
            place = os.path.abspath(os.fsdecode(details[0]))
            if not place.startswith((allowed, "/dev/null")):
                raise Offence(f"opened to be written: {place}")

    sys.addaudithook(look)


def _copies_itself() -> bool:
    """Whether it is dask that pickles and unpickles a part of its own graph; nothing of a file is in that."""
    frame = sys._getframe(2)
    while frame is not None and not (frame.f_code.co_filename.endswith(("dask/tokenize.py", "dask/_expr.py"))):
        frame = frame.f_back
    return frame is not None


def _writes(details: tuple[Any, ...]) -> bool:
    mode, flags = details[1], details[2] if len(details) > 2 else 0
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool((flags or 0) & (os.O_WRONLY | os.O_RDWR))


def work(kind: str, numbers: range, seeds: dict[str, list[Files]], seed: int, own: Path, told: int) -> None:
    """In a fork: try each input; before each its number is written to `told`, after it how it ended."""
    memory = Path("/proc/self/statm").read_text().split()
    limit = int(memory[0]) * os.sysconf("SC_PAGE_SIZE") + int(GIGABYTES * 2**30)
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    os.environ["TMPDIR"] = tempfile.tempdir = str(own)
    warnings.simplefilter("ignore")
    _watch(own)
    for number in numbers:
        folder = own / "input"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        path = write_input(make_input(seeds, kind, number, seed), kind, folder)
        _tell(told, number, "start", 0.0, "")
        signal.setitimer(signal.ITIMER_PROF, SECONDS)
        signal.setitimer(signal.ITIMER_REAL, _HANGS)
        start = time.process_time()
        end, text = try_one(kind, path)
        spent = time.process_time() - start
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        _tell(told, number, end, spent, text)


def _tell(told: int, number: int, end: str, spent: float, text: str) -> None:
    data = f"{number}\t{end}\t{spent}\t{text}".encode()[:60000]
    os.write(told, struct.pack("<I", len(data)) + data)


# -- in the parent -----------------------------------------------------------------------------------------------------


@dataclass
class Worker:
    """A fork that tries a range of inputs."""

    kind: str
    numbers: range
    pid: int
    told: int
    own: Path
    last: int = -1
    open_since: float = 0.0


def start(kind: str, numbers: range, seeds: dict[str, list[Files]], seed: int, scratch: Path) -> Worker:
    own = Path(tempfile.mkdtemp(dir=scratch))
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            work(kind, numbers, seeds, seed, own, writing)
            os._exit(0)
        finally:
            os._exit(77)
    os.close(writing)
    return Worker(kind, numbers, pid, reading, own)


def follow(worker: Worker, found: Found) -> range:
    """Take down how the worker's inputs end until it ends itself; the numbers that are left to another one."""
    ended = worker.numbers.start
    opened = -1
    with os.fdopen(worker.told, "rb") as told:
        while head := told.read(4):
            data = told.read(struct.unpack("<I", head)[0]).decode(errors="replace")
            number, end, spent, text = data.split("\t", 3)
            if end == "start":
                opened = int(number)
                continue
            ended = int(number) + 1
            found.ends[end] += 1
            found.slowest = max(found.slowest, float(spent))
            if end == "fault":
                found.faults.append((int(number), text))
    _, status = os.waitpid(worker.pid, 0)
    if ended < worker.numbers.stop:
        number = max(opened, ended)
        name = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}"
        found.ends["fault"] += 1
        slow = " (over time)" if name == "SIGPROF" else ""
        found.faults.append((number, f"the process died: {name}{slow}"))
        ended = number + 1
    left = [part.name for part in worker.own.iterdir() if part.name != "input"]
    if left and ended == worker.numbers.stop:
        found.faults.append((worker.numbers.start, f"left behind by one of these inputs: {left[:3]}"))
    shutil.rmtree(worker.own, ignore_errors=True)
    return range(ended, worker.numbers.stop)


def run_kind(kind: str, count: int, seeds: dict[str, list[Files]], seed: int, scratch: Path, processes: int) -> Found:
    """Try inputs 0 to `count` - 1 of a kind."""
    from concurrent.futures import ThreadPoolExecutor

    found = [Found() for _ in range(processes)]

    def share(which: int) -> None:
        for first in range(which * _BATCH, count, processes * _BATCH):
            left = range(first, min(count, first + _BATCH))
            while left:
                left = follow(start(kind, left, seeds, seed, scratch), found[which])

    if processes == 1:
        share(0)
    else:
        with ThreadPoolExecutor(processes) as pool:
            list(pool.map(share, range(processes)))
    for other in found[1:]:
        found[0].ends += other.ends
        found[0].faults += other.faults
        found[0].slowest = max(found[0].slowest, other.slowest)
    return found[0]


def plan(inputs: int, kinds: list[str]) -> Iterator[tuple[str, int]]:
    """How many inputs of each kind, in all about `inputs`."""
    total = sum(_SHARES[kind] for kind in kinds)
    for kind in kinds:
        yield kind, max(1, round(inputs * _SHARES[kind] / total))


def load_everything(seeds: dict[str, list[Files]], scratch: Path) -> None:
    """Read each good file once, so that no worker has to import anything."""
    for kind, many in seeds.items():
        for number, files in enumerate(many):
            folder = scratch / f"good-{kind}-{number}"
            folder.mkdir()
            end, text = try_one(kind, write_input(files, kind, folder))
            if end == "fault" or (end == "sentence" and kind != "labels"):
                raise SystemExit(f"A good file of the kind {kind} is not read: {text}")
            shutil.rmtree(folder)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--kinds", default=",".join(_SHARES))
    parser.add_argument("--keep", type=Path, help="folder for what was found")
    parser.add_argument("--only", metavar="KIND:NUMBER", help="make this one input, and read it in this process")
    args = parser.parse_args()
    import dask

    dask.config.set(scheduler="synchronous")  # threads do not survive the fork
    seeds = make_seeds()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as folder:
        scratch = Path(folder)
        if args.only:
            kind, number = args.only.split(":")
            print(*try_one(kind, write_input(make_input(seeds, kind, int(number), args.seed), kind, scratch)))
            return 0
        load_everything(seeds, scratch)
        return report(args, seeds, scratch)


def report(args: argparse.Namespace, seeds: dict[str, list[Files]], scratch: Path) -> int:
    """Try all kinds and say how it went."""
    faults = tried = 0
    for kind, count in plan(args.inputs, args.kinds.split(",")):
        begun = time.monotonic()
        found = run_kind(kind, count, seeds, args.seed, scratch, args.processes)
        faults, tried = faults + len(found.faults), tried + sum(found.ends.values())
        ends = ", ".join(f"{found.ends[end]} {end}s" for end in ("result", "sentence", "fault"))
        print(f"{kind:8} {ends}; slowest {found.slowest:.2f} s; {time.monotonic() - begun:.0f} s in all", flush=True)
        seen = Counter(text.strip().splitlines()[-1][:160] for _, text in found.faults)
        for text, times in seen.most_common(10):
            example = next(number for number, other in found.faults if other.strip().splitlines()[-1][:160] == text)
            print(f"    {times} x {text}   --only {kind}:{example}", flush=True)
        for number, text in found.faults if args.keep else ():
            folder = args.keep / f"{kind}-{number}"
            folder.mkdir(parents=True, exist_ok=True)
            write_input(make_input(seeds, kind, number, args.seed), kind, folder)
            (folder / "what.txt").write_text(text)
    print(f"{tried} inputs, {faults} faults (seed {args.seed})")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
