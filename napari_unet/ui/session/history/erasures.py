"""Where the user erased marks that follow corrections: there, corrections ask in vain.

What was erased is no state of its own: it is what the steps say that stand in the layer's own history. Each step is
looked at once, when it is made; undone and redone it means the same, whatever else has been brought up to date then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from napari.layers import Labels

from napari_unet.labels.types import Mask, PartOfPlane, PlaneIndex
from napari_unet.ui.session.history.written import Written, written_by
from napari_unet.ui.session.layers import Geometry
from napari_unet.ui.session.napari_private import history_of


@dataclass(frozen=True, eq=False)
class _Erasure:
    """In one part of a plane: what was `erased` before and after an edit wrote to `mask`."""

    where: PartOfPlane
    mask: Mask
    before: Mask
    after: Mask


@dataclass(eq=False)
class _LayerStep:
    """One step of the layer; `places`: all that it writes to, `changes`: where it matters for what is erased."""

    atoms: tuple[Any, ...]
    places: list[PartOfPlane] = field(default_factory=list)
    changes: list[_Erasure] = field(default_factory=list)
    outlived: bool = False
    """Whether the marks that it met follow other corrections than those of now."""


class Erasures:
    """Of one image. `follow` brings it up to date with the steps that stand; `of` tells where a plane was erased."""

    def __init__(self, followed: int) -> None:
        """`followed`: the value of marks that follow corrections."""
        self._followed = followed
        self._erased: dict[PlaneIndex, Mask] = {}
        self._standing: list[_LayerStep] = []
        self._known: dict[int, _LayerStep] = {}

    def of(self, plane: PlaneIndex) -> Mask | None:
        """Where marks were erased; None: nowhere."""
        return self._erased.get(plane)

    def add(self, plane: PlaneIndex, where: Mask) -> None:
        """Take as erased what was before all steps that are known."""
        if where.any():
            self._erased[plane] = self._erased[plane] | where if plane in self._erased else where.copy()

    def start_anew(self) -> None:
        """What is marked follows other corrections, or none any more: nothing is erased, and no step says it was."""
        self._erased.clear()
        for step in self._known.values():
            step.changes, step.outlived = [], True

    def follow(
        self, layer: Labels, geometry: Geometry, wanted: dict[PlaneIndex, Mask]
    ) -> Iterator[tuple[PartOfPlane, bool]]:
        """Follow the steps that were made, undone or redone since; `wanted`: where corrections ask for marks.

        Gives each place that they wrote to, and whether marks that are there stay, whatever they followed.
        """
        undone, redone = self._moved(layer)
        for step in undone:
            for change in reversed(step.changes):
                self._put(change, change.before)
            yield from ((place, step.outlived) for place in step.places)
        for step, is_new in redone:
            if is_new:
                self._look_at(step, geometry, wanted)
            else:
                for change in step.changes:
                    self._put(change, change.after)
            yield from ((place, False) for place in step.places)

    def _moved(self, layer: Labels) -> tuple[list[_LayerStep], list[tuple[_LayerStep, bool]]]:
        """The steps that stand no more, the last one first, and those that stand now, with whether they are new."""
        done, undone = history_of(layer)
        now = [self._step(item) for item in done]
        # napari forgets the oldest of many: these stand for good.
        first = next((n for n, step in enumerate(self._standing) if now and step is now[0][0]), 0)
        before = self._standing[first:]
        same = 0
        while same < min(len(before), len(now)) and before[same] is now[same][0]:
            same += 1
        self._standing = [step for step, _ in now]
        kept = [*self._standing, *(step for step, is_new in map(self._step, undone) if not is_new)]
        if kept:  # else the data were assigned, and the history of before may be put back in a moment
            self._known = {id(atom): step for step in kept for atom in step.atoms}
        return before[same:][::-1], now[same:]

    def _step(self, item: Any) -> tuple[_LayerStep, bool]:
        """Of a history item, and whether it was not known: redo makes other items, of the same atoms."""
        step = self._known.get(id(item[0])) if item else None
        return (step, False) if step is not None else (_LayerStep(tuple(item)), True)

    def _look_at(self, step: _LayerStep, geometry: Geometry, wanted: dict[PlaneIndex, Mask]) -> None:
        for atom in step.atoms:
            for written in written_by(atom, geometry):
                where = written.plane, written.box
                step.places.append(where)
                if written.plane not in self._erased and not (written.after == 0).any():
                    continue  # nothing was erased, and nothing is
                if written.plane not in self._erased:
                    self._erased[written.plane] = np.zeros(geometry.shape[-2:], bool)
                change = self._change(written, wanted.get(written.plane))
                if change is not None:
                    step.changes.append(change)
                    self._put(change, change.after)

    def _change(self, written: Written, wanted: Mask | None) -> _Erasure | None:
        plane, box, mask = written.plane, written.box, written.mask
        before = self._erased[plane][box].copy()
        asked = written.before == self._followed
        if wanted is not None:
            asked |= wanted[box]
        after = mask & (written.after == 0) & asked
        return _Erasure((plane, box), mask, before, after) if (mask & (before != after)).any() else None

    def _put(self, change: _Erasure, value: Mask) -> None:
        plane, box = change.where
        self._erased[plane][box][change.mask] = value[change.mask]
