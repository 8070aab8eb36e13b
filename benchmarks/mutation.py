"""Do the tests notice when the code is wrong? Breaks it on purpose, one place at a time, and sees whether a test fails.

    python benchmarks/mutation.py --rooms learning finetuning heads --n 60 --lines lines.json --verdicts verdicts.json
    python benchmarks/mutation.py --rooms heads --n 20 --seed 3 --list

A run that was cut short goes on where it was with `--verdicts`: what was killed stays killed, and with `--again`
survivors are asked anew, after tests were written for them.

A mutant is one change of one expression or statement: a comparison turned, an arithmetic sign flipped, a constant
changed, `and` for `or`, a condition negated, a call left out, a returned value replaced by None. It is written into a
copy of the checkout, never into the checkout itself, and the tests that run its line run, quick ones first, until the
first failure; which tests these are is found once, at the start. Killed: a test failed, or they took much too long.
Prints a line for each survivor, and the share killed. Needs `os.fork`: Linux or macOS.

A line that no test runs survives. What runs as a module is imported is asked of all tests that run any of its file, or
else of those of its room.

Docstrings, types, decorators, messages for people and what only raises an error with a sentence are left alone.
"""

from __future__ import annotations

import argparse
import ast
import copy
import hashlib
import json
import math
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

# What tests load anyhow is loaded once, before the forks: a mutant takes seconds, most of them would go into imports.
import dask.array  # noqa: F401
import hypothesis.strategies  # noqa: F401
import PIL.Image  # noqa: F401
import platformdirs  # noqa: F401
import psutil  # noqa: F401
import psygnal  # noqa: F401
import pydantic  # noqa: F401
import pytest
import pytestqt.qtbot  # noqa: F401
import safetensors.torch  # noqa: F401
import scipy.ndimage
import scipy.stats  # noqa: F401
import skimage.draw
import skimage.segmentation  # noqa: F401
import torch  # noqa: F401
import zarr  # noqa: F401

ROOT = Path(__file__).resolve().parents[1]
_TURNED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}  # fmt: skip
_TINY = 1e-4
_PATIENCE = 4.0  # times as long as the tests take without a mutant
_MOST = 40.0  # seconds of tests a mutant


@dataclass(frozen=True)
class Mutant:
    """One change: its file and line, what it does, and the source of the whole file with it."""

    path: Path
    line: int
    last: int
    inside: bool  # a function: else the line runs as its module is imported, for whichever test comes first
    what: str
    source: str

    @property
    def name(self) -> str:
        """What it is known by: another one as soon as its file changes."""
        return f"{self.path.relative_to(ROOT)}\0{self.source}"


def find_mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file."""
    source = path.read_text(encoding="utf8")
    tree = ast.parse(source)
    spans = [
        range(node.body[0].lineno, (node.end_lineno or 0) + 1)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    ]
    places = [node for node in _walk(tree) for _ in range(_count_changes(node))]
    seen: dict[int, int] = {}
    for node in places:
        turn = seen[id(node)] = seen.get(id(node), -1) + 1
        before = copy.copy(node.__dict__)
        what = _change(node, turn)
        if what is not None:
            line = getattr(node, "lineno", 0)
            last = line if isinstance(node, (ast.If, ast.While)) else getattr(node, "end_lineno", None) or line
            inside = any(line in span for span in spans)
            yield Mutant(path, line, last, inside, what, ast.unparse(tree))
        node.__dict__.clear()
        node.__dict__.update(before)


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that behaviour hangs on: no docstrings, annotations, decorators (`frozen`, ...), raised errors or text."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, (ast.Raise, ast.JoinedStr, ast.ImportFrom, ast.Import, ast.Assert)):
            continue
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        if isinstance(child, ast.If) and _is_for_types(child):
            continue
        if isinstance(tree, (ast.AnnAssign, ast.arg)) and child is tree.annotation:
            continue
        if isinstance(tree, ast.FunctionDef) and child is tree.returns:
            continue
        if isinstance(tree, (ast.FunctionDef, ast.ClassDef)) and child in tree.decorator_list:
            continue
        yield child
        yield from _walk(child)


def _is_for_types(node: ast.If) -> bool:
    return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _count_changes(node: ast.AST) -> int:
    if isinstance(node, (ast.Compare, ast.BinOp, ast.BoolOp, ast.If, ast.While, ast.IfExp)):
        return 1
    if isinstance(node, ast.Constant):
        return 1 if isinstance(node.value, (int, float)) else 0
    if isinstance(node, ast.Return):
        return 1 if node.value is not None and not _is_none(node.value) else 0
    if isinstance(node, ast.Expr):
        return 1 if isinstance(node.value, ast.Call) else 0
    return 0


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _change(node: ast.AST, turn: int) -> str | None:
    """Break `node` in place; returns what was done, or None if nothing can be."""
    if isinstance(node, ast.Compare):
        turned = _TURNED[type(node.ops[0])]()
        node.ops = [turned, *node.ops[1:]]  # type: ignore[list-item]
        return f"compares by {type(turned).__name__}"
    if isinstance(node, (ast.BinOp, ast.BoolOp)):
        if type(node.op) not in _TURNED:
            return None
        node.op = _TURNED[type(node.op)]()  # type: ignore[assignment]
        return f"joins by {type(node.op).__name__}"
    if isinstance(node, (ast.If, ast.While, ast.IfExp)):
        node.test = ast.UnaryOp(ast.Not(), node.test)
        return "condition negated"
    if isinstance(node, ast.Constant):
        old = node.value
        node.value = not old if isinstance(old, bool) else _other(old)
        return f"{old!r} is {node.value!r}"
    if isinstance(node, ast.Return):
        node.value = ast.Constant(None)
        return "returns None"
    if isinstance(node, ast.Expr):
        node.value = ast.Constant(None)
        return "call left out"
    return None


def _other(value: int | float) -> int | float:
    if isinstance(value, int) and abs(value) < 10:
        return value + 1
    if abs(value) < _TINY:  # 0, or what keeps a division from being one by 0: twice as much changes nothing
        return 1.0
    return 2 * value


# Rooms whose tests are asked too, beside those of the room itself.
_RELATED = {
    "learning": ("finetuning", "training", "heads"),
    "heads": ("learning", "finetuning"),
    "finetuning": ("learning", "heads", "workflows"),
}
_SLOW = ("--deselect", "tests/finetuning/test_training_kills.py")  # kills of processes: minutes, and nothing new


class Bench:
    """A copy of the checkout in which mutants live, one at a time, and what is known of its tests."""

    def __init__(self, folder: Path, rooms: list[str], lines: Path | None = None) -> None:
        self.folder = folder
        for name in ("napari_unet", "tests", "benchmarks", "sample_data"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "napari.yaml"):
            shutil.copy(ROOT / name, folder / name)
        wanted = dict.fromkeys(room for one in rooms for room in (one, *_RELATED.get(one, ())))
        files = sorted(path for room in wanted for path in (ROOT / "tests" / room).rglob("test_*.py"))
        states = {str(path.relative_to(ROOT)): _state([path]) for path in files}
        known = json.loads(lines.read_text()) if lines and lines.exists() else {}
        code = _state([path for room in rooms for path in sorted((ROOT / "napari_unet" / room).rglob("*.py"))])
        if known.get("code") != code:
            known = {"code": code, "states": {}, "seconds": {}, "lines": {}}
        self.seconds: dict[str, float] = known["seconds"]
        self.lines: dict[str, dict[str, list[str]]] = known["lines"]
        changed = [name for name in states if states[name] != known["states"].get(name)]
        if changed:
            self._watch(changed)
        if lines is not None:
            known["states"] = states
            lines.write_text(json.dumps(known))

    def _watch(self, files: list[str]) -> None:
        """See which lines the tests of these files run; what was known of them is forgotten."""
        print(f"watching the tests of {len(files)} files", file=sys.stderr, flush=True)
        if not self.run(["-p", "mutation_coverage", *_SLOW, *files]):
            raise SystemExit(f"The tests {files} fail without any mutant.")
        for test in [test for test in self.seconds if test.split("::")[0] in files]:
            del self.seconds[test]
        for runs in self.lines.values():
            for line, tests in runs.items():
                runs[line] = [test for test in tests if test.split("::")[0] not in files]
        seen = json.loads((self.folder / "lines.json").read_text())
        self.seconds.update(seen["seconds"])
        for name, runs in seen["lines"].items():
            for line, tests in runs.items():
                self.lines.setdefault(name, {}).setdefault(line, []).extend(tests)

    def run(self, arguments: list[str], seconds: float = 0) -> bool:
        """Whether tests pass, in a process of their own that is ended when it has computed so many seconds (0: never).

        One that waits for what never comes computes nothing: it gets ten times as long.
        """
        child = os.fork()
        if child:
            return os.waitpid(child, 0)[1] == 0
        signal.setitimer(signal.ITIMER_PROF, seconds)
        signal.alarm(math.ceil(10 * seconds))
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        os.chdir(self.folder)
        sys.path[:0] = [str(self.folder), str(self.folder / "benchmarks")]
        os.environ |= {"CI": "1", "NAPARI_UNET_LINES": str(self.folder), "PYTHONPATH": str(self.folder)}
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # napari's takes seconds; no room that is asked has a window
        sys.dont_write_bytecode = True
        plugins = ["-p", "no:cacheprovider", "-p", "pytest_socket", "-p", "pytest_timeout"]
        os._exit(int(pytest.main(["-x", "-q", "--rootdir", ".", *plugins, *arguments])))

    def tests_of(self, mutant: Mutant) -> list[str]:
        """The tests that run the line of a mutant, quick ones first, as many as take no longer than `_MOST` seconds."""
        lines = self.lines.get(str(mutant.path.relative_to(ROOT)), {})
        inside = [line for line in map(int, lines) if mutant.line <= line <= mutant.last or not mutant.inside]
        reach = {test for line in inside for test in lines[str(line)]}
        if not mutant.inside and not reach:
            room = Path(*mutant.path.relative_to(ROOT / "napari_unet").parts[:1])
            reach = {test for test in self.seconds if test.startswith(f"tests/{room}/")}
        found = sorted(reach, key=lambda test: self.seconds[test])
        spent = accumulate(self.seconds[test] for test in found)
        return [
            test for number, (test, sum_) in enumerate(zip(found, spent, strict=True)) if sum_ < _MOST or not number
        ]

    def kills(self, mutant: Mutant) -> bool:
        """Whether a test notices."""
        tests = self.tests_of(mutant)
        if not tests:
            return False
        place = self.folder / mutant.path.relative_to(ROOT)
        source = place.read_text(encoding="utf8")
        place.write_text(mutant.source, encoding="utf8")
        try:
            return not self.run(tests, 30 + _PATIENCE * sum(self.seconds[test] for test in tests))
        finally:
            place.write_text(source, encoding="utf8")


def _state(paths: list[Path]) -> str:
    """Another one as soon as one of these files changes."""
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in paths)).hexdigest()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Verdicts:
    """Which mutants were killed, kept in a file if there is one; a mutant is known by its path and whole source."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._known: dict[str, bool] = json.loads(path.read_text()) if path and path.exists() else {}

    def of(self, mutant: Mutant) -> bool | None:
        return self._known.get(_digest(mutant.name))

    def keep(self, mutant: Mutant, killed: bool) -> None:
        self._known[_digest(mutant.name)] = killed
        if self._path is not None:
            self._path.write_text(json.dumps(self._known))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", nargs="+", default=["learning", "finetuning", "heads"])
    parser.add_argument("--n", type=int, default=60, help="Mutants, drawn at random.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lines", type=Path, help="Which tests run which lines: kept there, and read if it is there.")
    parser.add_argument("--verdicts", type=Path, help="What became of each mutant: kept there, and not asked again.")
    parser.add_argument("--again", action="store_true", help="Ask those that survived once more.")
    parser.add_argument("--list", action="store_true", help="Only print what would be tried.")
    args = parser.parse_args()
    files = [path for room in args.rooms for path in sorted((ROOT / "napari_unet" / room).rglob("*.py"))]
    everything = [mutant for path in files for mutant in find_mutants(path)]
    # Drawn by what they are, so that a change of one file draws no others of the other files.
    chosen = sorted(everything, key=lambda mutant: _digest(f"{args.seed} {mutant.name}"))[: args.n]
    print(f"{len(everything)} mutants in {len(files)} files; {len(chosen)} drawn with seed {args.seed}")
    if args.list:
        for mutant in chosen:
            print(f"{mutant.path.relative_to(ROOT)}:{mutant.line}: {mutant.what}")
        return
    killed, verdicts = 0, Verdicts(args.verdicts)
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        bench = Bench(Path(scratch).resolve(), args.rooms, args.lines)
        for number, mutant in enumerate(chosen, start=1):
            dead = verdicts.of(mutant)
            if dead is None or (args.again and not dead):
                dead = bench.kills(mutant)
                verdicts.keep(mutant, dead)
            killed += dead
            if not dead:
                print(f"survived: {mutant.path.relative_to(ROOT)}:{mutant.line}: {mutant.what}", flush=True)
            print(f"{number} of {len(chosen)}: {killed} killed", file=sys.stderr, flush=True)
    print(f"killed {killed} of {len(chosen)} ({100 * killed / max(1, len(chosen)):.0f} %)")


if __name__ == "__main__":
    main()
