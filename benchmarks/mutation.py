"""Do the tests notice when the code is wrong? Breaks it on purpose, one place at a time, and sees whether a test fails.

    python benchmarks/mutation.py --rooms learning finetuning heads --n 60
    python benchmarks/mutation.py --rooms heads --n 20 --seed 3 --list

A mutant is one change of one expression or statement: a comparison turned, an arithmetic sign flipped, a constant
changed, `and` for `or`, a condition negated, a call left out, a returned value replaced by None. It is written into a
copy of the checkout, never into the checkout itself, and the tests that mirror its folder run until the first failure.
Killed: a test failed, or the tests took much too long. Prints a line for each survivor, and the share killed.

Docstrings, types, messages for people and what only raises an error with a sentence are left alone.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_TURNED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}  # fmt: skip
_PATIENCE = 4.0  # times as long as the tests take without a mutant


@dataclass(frozen=True)
class Mutant:
    """One change: its file and line, what it does, and the source of the whole file with it."""

    path: Path
    line: int
    what: str
    source: str


def find_mutants(path: Path) -> Iterator[Mutant]:
    """Every mutant of a file."""
    source = path.read_text(encoding="utf8")
    tree = ast.parse(source)
    places = [node for node in _walk(tree) for _ in range(_count_changes(node))]
    seen: dict[int, int] = {}
    for node in places:
        turn = seen[id(node)] = seen.get(id(node), -1) + 1
        before = copy.copy(node.__dict__)
        what = _change(node, turn)
        if what is not None:
            yield Mutant(path, getattr(node, "lineno", 0), what, ast.unparse(tree))
        node.__dict__.clear()
        node.__dict__.update(before)


def _walk(tree: ast.AST) -> Iterator[ast.AST]:
    """Nodes that behaviour hangs on: no docstrings, annotations, raised errors or text."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, (ast.Raise, ast.JoinedStr, ast.ImportFrom, ast.Import, ast.Assert)):
            continue
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant):
            continue
        if isinstance(child, ast.If) and _is_for_types(child):
            continue
        if isinstance(tree, (ast.AnnAssign, ast.arg)) and child is tree.annotation:
            continue
        if isinstance(tree, ast.FunctionDef) and (child is tree.returns or child in tree.decorator_list):
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
    return 2 * value if value else 1.0


def tests_of(path: Path) -> list[str]:
    """The tests that mirror a file's folder, its own first."""
    inside = path.relative_to(ROOT / "napari_unet").parent
    own = ROOT / "tests" / inside / f"test_{path.stem}.py"
    found = [own] if own.exists() else []
    folder = ROOT / "tests" / inside
    while not folder.is_dir():
        folder = folder.parent
    found += [folder, *(ROOT / "tests" / room for room in _RELATED.get(inside.parts[0], ()))]
    return [str(one.relative_to(ROOT)) for one in found if one.exists()]


_RELATED = {
    "learning": ("finetuning",),
    "heads": ("learning", "finetuning", "segmentation"),
    "finetuning": ("workflows",),
}


class Bench:
    """A copy of the checkout in which mutants live, one at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("napari_unet", "tests", "benchmarks", "sample_data"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("pyproject.toml", "napari.yaml"):
            shutil.copy(ROOT / name, folder / name)
        self._usual: dict[tuple[str, ...], float] = {}

    def run(self, tests: list[str], seconds: float | None = None) -> bool:
        """Whether the tests pass."""
        environment = os.environ | {"PYTHONPATH": str(self.folder), "CI": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *dict.fromkeys(tests)]
        try:
            done = subprocess.run(
                command, cwd=self.folder, env=environment, timeout=seconds, capture_output=True, text=True
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def kills(self, mutant: Mutant) -> bool:
        tests = tests_of(mutant.path)
        if tuple(tests) not in self._usual:
            start = time.monotonic()
            if not self.run(tests):
                raise SystemExit(f"The tests {tests} fail without any mutant.")
            self._usual[tuple(tests)] = time.monotonic() - start
        place = self.folder / mutant.path.relative_to(ROOT)
        place.write_text(mutant.source, encoding="utf8")
        try:
            return not self.run(tests, 60 + _PATIENCE * self._usual[tuple(tests)])
        finally:
            shutil.copy(mutant.path, place)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rooms", nargs="+", default=["learning", "finetuning", "heads"])
    parser.add_argument("--n", type=int, default=60, help="Mutants, drawn at random.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="Only print what would be tried.")
    args = parser.parse_args()
    files = [path for room in args.rooms for path in sorted((ROOT / "napari_unet" / room).rglob("*.py"))]
    everything = [mutant for path in files for mutant in find_mutants(path)]
    chosen = random.Random(args.seed).sample(everything, min(args.n, len(everything)))
    print(f"{len(everything)} mutants in {len(files)} files; {len(chosen)} drawn with seed {args.seed}")
    if args.list:
        for mutant in chosen:
            print(f"{mutant.path.relative_to(ROOT)}:{mutant.line}: {mutant.what}")
        return
    killed = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as scratch:
        bench = Bench(Path(scratch))
        for number, mutant in enumerate(chosen, start=1):
            dead = bench.kills(mutant)
            killed += dead
            if not dead:
                print(f"survived: {mutant.path.relative_to(ROOT)}:{mutant.line}: {mutant.what}", flush=True)
            print(f"{number} of {len(chosen)}: {killed} killed", file=sys.stderr, flush=True)
    print(f"killed {killed} of {len(chosen)} ({100 * killed / max(1, len(chosen)):.0f} %)")


if __name__ == "__main__":
    main()
