"""A scripted session of strokes and tools on a project, the same for the same seed: what `durability.py` kills.

    python benchmarks/durability_session.py FOLDER SEED STEPS PAUSE_MS

A step is a brush stroke, a deleted or filled box, an undo, a redo, a mark in the reviewed region or a locked object.
Each is handed to the store as the window does it, and then written down, with the time, in FOLDER/steps-acks (`given`);
so is what the store says it has saved (`saved`), each commit that failed (`failed`), each time that only tidying up
between commits did (`untidied`), when the store begins to say in a sentence that something is not saved (`trouble`),
and when it ceases to (`well`).
"""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt

from napari_unet.project.opening import create_project
from napari_unet.project.project import LABELS, REVIEWED, Project
from napari_unet.project.references import ImageReference
from napari_unet.project.storage.journal import Edit, History, Kind
from napari_unet.project.storage.tiles import apply_changes, find_changes, tiles_in_box

NAME = "session.unetproj"
ACKS = "steps.unetproj-acks"
SHAPE = (2, 700, 900)
IMAGE = 1
_BRUSH = np.add.outer(np.arange(-6, 7) ** 2, np.arange(-6, 7) ** 2) <= 36


class Script:
    """The arrays that a person works on, and what they do next. `step` gives the edit, or None for a lock."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self.labels = np.zeros(SHAPE, np.int32)
        for number in range(1, 60):
            self._box(self.labels, number, 40)
        self.reviewed = np.zeros(SHAPE, np.uint8)
        self.locked: frozenset[int] = frozenset()
        self.history = History()
        self.n_edits = 0

    def step(self) -> tuple[str, Edit] | None:
        """Do the next thing."""
        draw = self._rng.random()
        if draw < 0.05:
            self.locked = self.locked ^ {int(self._rng.integers(1, 60))}
            return None
        if draw < 0.20 and self.history.done:
            return self._turn(Kind.UNDO, self.history.done[-1].reversed())
        if draw < 0.30 and self.history.undone:
            return self._turn(Kind.REDO, self.history.undone[-1].changes)
        role = REVIEWED if draw < 0.40 else LABELS
        array = self.reviewed if role == REVIEWED else self.labels
        before = array.copy()
        value = int(self._rng.integers(0, 3 if role == REVIEWED else 1000))
        box = self._box(array, value, 60) if draw < 0.55 else self._stroke(array, value)
        edit = Edit(Kind.EDIT, tuple(find_changes(before, array, tiles_in_box(SHAPE, box))))
        if role == LABELS:
            self.history.add(edit)
        self.n_edits += 1
        return role, edit

    def _turn(self, kind: Kind, changes: tuple[object, ...]) -> tuple[str, Edit]:
        edit = Edit(kind, changes)  # type: ignore[arg-type]
        apply_changes(self.labels, edit.changes)
        self.history.add(edit)
        self.n_edits += 1
        return LABELS, edit

    def _box(self, array: npt.NDArray[np.int32], value: int, size: int) -> tuple[slice, ...]:
        z = int(self._rng.integers(SHAPE[0]))
        row, column = (int(self._rng.integers(n)) for n in SHAPE[1:])
        box = (slice(z, z + 1), slice(row, row + size), slice(column, column + size))
        array[box] = value
        return box

    def _stroke(self, array: npt.NDArray[np.int32], value: int) -> tuple[slice, ...]:
        z = int(self._rng.integers(SHAPE[0]))
        start, end = (self._rng.uniform(8, np.array(SHAPE[1:]) - 8) for _ in range(2))
        end = start + np.clip(end - start, -200, 200)
        path = np.rint(np.linspace(start, end, 40)).astype(int)
        for row, column in path:
            array[z, row - 6 : row + 7, column - 6 : column + 7][_BRUSH] = value
        low, high = path.min(axis=0) - 6, path.max(axis=0) + 7
        return slice(z, z + 1), slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))


def play(folder: Path, seed: int, steps: int, pause_ms: float) -> None:
    """Make a project, work on it, wait until it is saved as a person would who reads what is said, and close it."""
    acks = os.open(folder / ACKS, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def tell(what: str, number: int) -> None:
        os.write(acks, f"{what} {number} {time.monotonic()}\n".encode())

    script = Script(seed)
    project = create_project(folder / NAME)
    project.add_image(ImageReference("image", "ZYX", SHAPE))
    project.set_array(IMAGE, LABELS, script.labels.copy())
    project.set_array(IMAGE, REVIEWED, script.reviewed.copy())
    project.flush(30)
    tell("begun", 0)
    numbers: list[tuple[int, int]] = []  # of what was handed over, and how many edits that makes
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(project, numbers, tell, ended))
    watch.start()
    for _ in range(steps):
        done = script.step()
        if done is None:
            project.set_locked(IMAGE, script.locked)
        else:
            numbers.append((project.add_edit(IMAGE, *done), script.n_edits))
            tell("given", script.n_edits)
        time.sleep(pause_ms / 1000)
    until = time.monotonic() + 120
    while project.n_saved < project.n_given and time.monotonic() < until:  # the disk may have its troubles still
        time.sleep(0.01)
    ended.set()
    watch.join()
    tell("closing", script.n_edits)
    saved = project.close()
    tell("closed" if saved else "closed-unsaved", script.n_edits)
    if not project.in_one_file:
        tell("apart", script.n_edits)  # which the window says in a sentence


def _watch(project: Project, numbers: list[tuple[int, int]], tell: object, ended: threading.Event) -> None:
    """Write down what the store says it has saved, as soon as it says so."""
    told, n_failures, n_untidied, troubled = 0, 0, 0, False
    while True:
        last = ended.wait(0.005)
        saved = project.n_saved
        edits = max((edits for number, edits in numbers[-400:] if number <= saved), default=0)
        if edits > told:
            told = edits
            tell("saved", edits)  # type: ignore[operator]
        if project.n_failures > n_failures:
            n_failures = project.n_failures
            tell("failed", edits)  # type: ignore[operator]
        if project.n_untidied > n_untidied:
            n_untidied = project.n_untidied
            tell("untidied", edits)  # type: ignore[operator]
        if bool(project.state.sentence) != troubled:
            troubled = not troubled
            tell("trouble" if troubled else "well", edits)  # type: ignore[operator]
        if last:
            return


if __name__ == "__main__":
    play(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
