"""The journal of edits: what it says of undo and redo, and how to give a fresh layer the history of an old one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeVar

from napari_unet.labels.types import Array
from napari_unet.project.storage.tiles import TileChange, apply_changes, copy_array

AnyStep = TypeVar("AnyStep")

LIMIT = 100
"""Steps that can be undone: as many as napari keeps."""


class Kind(Enum):
    """What an edit is to the undo history."""

    EDIT = "edit"  # a stroke or a tool: can be undone
    UNDO = "undo"  # takes back the last edit that stands
    REDO = "redo"  # brings back the last edit that was undone
    WRITE = "write"  # written past the history: by a model, or a mark that follows a correction
    BASE = "base"  # all pixels are new: nothing before it can be undone


@dataclass(frozen=True, eq=False)
class Edit:
    """One step of an array's journal."""

    kind: Kind
    changes: tuple[TileChange, ...]

    @property
    def n_pixels(self) -> int:
        return sum(change.places.size for change in self.changes)

    def reversed(self) -> tuple[TileChange, ...]:
        """The changes that take this edit back."""
        return tuple(change.reversed() for change in self.changes)


class UndoSteps(Generic[AnyStep]):
    """What of a journal is done and what is undone, for steps of any type (`Edit`, or only its number)."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self.done: list[AnyStep] = []
        self.undone: list[AnyStep] = []

    def add(self, kind: Kind, step: AnyStep) -> None:
        """Follow the next step of the journal."""
        if kind is Kind.EDIT:
            self.done.append(step)
            self.undone.clear()
        elif kind is Kind.UNDO and self.done:
            self.undone.append(self.done.pop())
        elif kind is Kind.REDO and self.undone:
            self.done.append(self.undone.pop())
        elif kind is Kind.BASE:
            self.done.clear()
            self.undone.clear()
        del self.done[: -self._limit]


class History:
    """The undo and redo steps of one array, as its journal tells them. Holds at most `limit` of each."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._steps: UndoSteps[Edit] = UndoSteps(limit)

    @property
    def done(self) -> list[Edit]:
        """What can be undone, the last one first to go."""
        return self._steps.done

    @property
    def undone(self) -> list[Edit]:
        """What can be redone, the last one first to come back."""
        return self._steps.undone

    def add(self, edit: Edit) -> None:
        """Follow the next edit of the journal."""
        self._steps.add(edit.kind, edit)

    def recognize(self, changes: Sequence[TileChange]) -> Kind | None:
        """`UNDO` or `REDO` if `changes` are just what that would do, else None."""
        if self.done and _same(changes, self.done[-1].reversed()):
            return Kind.UNDO
        if self.undone and _same(changes, self.undone[-1].changes):
            return Kind.REDO
        return None

    def cut(self, n_pixels: int) -> None:
        """Forget the oldest steps, so that no more than `n_pixels` have to be written to play them again."""
        for steps in (self.done, self.undone):
            kept = 0
            for edit in reversed(steps):
                n_pixels -= edit.n_pixels
                if n_pixels < 0:
                    break
                kept += 1
            del steps[: len(steps) - kept]


def order_steps(journal: Iterable[tuple[str, Kind]]) -> tuple[list[str], list[str]]:
    """In which arrays the steps are that are done and that are undone, the last one last, as one history of them all.

    `journal` has the array's role and the kind of each edit of an image, in the order in which they were made.
    """
    done: list[str] = []
    undone: list[str] = []
    for role, kind in journal:
        if kind is Kind.EDIT:
            done.append(role)
            undone.clear()
        elif kind is Kind.BASE:
            done, undone = ([one for one in steps if one != role] for steps in (done, undone))
        elif kind in (Kind.UNDO, Kind.REDO):
            source, target = (done, undone) if kind is Kind.UNDO else (undone, done)
            if role in source:
                del source[len(source) - 1 - source[::-1].index(role)]
                target.append(role)
    return done, undone


def in_order(steps: Mapping[str, Sequence[Edit]], roles: Sequence[str]) -> list[tuple[str, Edit]]:
    """The steps of several arrays as one list; `roles` tells of the last ones in which array they are.

    Of steps that it does not tell of, nobody knows the order: they come first, one array after the other.
    """
    left = {role: list(one) for role, one in steps.items()}
    last = [(role, left[role].pop()) for role in reversed(roles) if left.get(role)]
    return [(role, edit) for role, one in left.items() for edit in one] + last[::-1]


def _same(changes: Sequence[TileChange], others: Sequence[TileChange]) -> bool:
    return len(changes) == len(others) and all(
        mine.same_as(other) for mine, other in zip(_by_tile(changes), _by_tile(others), strict=True)
    )


def _by_tile(changes: Iterable[TileChange]) -> list[TileChange]:
    return sorted(changes, key=lambda change: change.key)


def state_before(array: Array, history: History, into: Array | None = None) -> Array:
    """`array` as it was before the first of the steps that can still be undone: a copy (see `copy_array`)."""
    before = copy_array(array, into)
    for edit in reversed(history.done):
        apply_changes(before, edit.reversed())
    return before


def steps_to_play(history: History) -> Iterator[Edit]:
    """What to write, in order, to a layer in the state `state_before`, so that its own history holds every step.

    The steps that had been undone come last; the layer has to undo them again after it.
    """
    yield from history.done
    yield from reversed(history.undone)
