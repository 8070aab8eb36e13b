"""One history over all that the user did to an image: labels and reviewed marks, in the order in which it was done.

napari keeps a history in each layer, and Ctrl+Z goes to the selected one. Here the last step goes first, whichever
layer it was in. Steps are known by the layer's own `paint` event, one each. What can be undone and redone is what the
layers' own histories hold: this tells the order. A step that is gone from them (undone by a script) is passed over.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from napari.layers import Labels
from qtpy.QtCore import QObject, Signal

from napari_unet.project.storage.journal import LIMIT
from napari_unet.ui.session.history.written import planes_of
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.napari_private import forget_oldest, forget_undone, history_of
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

ROLES = ("labels", "reviewed")


@dataclass(frozen=True, eq=False)
class UndoStep:
    """One step, in the history of `layer`; known by one of its `atoms`: napari makes another list as it moves."""

    layer: Labels
    atoms: Any

    def comes_next(self, redo: bool) -> bool:
        """Whether undo (or redo) in its layer would take this very step."""
        items = history_of(self.layer)[redo]
        return bool(items) and any(atom is self.atoms[0] for atom in items[-1])


class Steps:
    """What was done and undone in one image, the last one last."""

    def __init__(self) -> None:
        self.done: list[UndoStep] = []
        self.undone: list[UndoStep] = []

    def note(self, step: UndoStep) -> None:
        self.done.append(step)
        self.undone.clear()  # also those of the other layer: there is one history
        for old in self.done[:-LIMIT]:
            forget_oldest(old.layer, old.atoms)
        del self.done[:-LIMIT]


class UndoHistory(QObject):
    """The histories of all images of a session. `changed` tells of a work that has another step done or undone."""

    changed = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._steps: dict[str, Steps] = {}
        self._watched: WeakSet[Labels] = WeakSet()
        self._listens = True
        for signal in (session.labels_changed, session.reviewed_changed):
            listen(self, signal, self._watch)
        listen(self, session.images_changed, self._drop_gone)
        for work in session.works:
            self._watch(work)

    def _drop_gone(self) -> None:
        """Images that are closed take their steps, and the memory of their layers, along."""
        for key in self._steps.keys() - {work.key for work in self._session.works}:
            del self._steps[key]

    def close(self) -> None:
        """The window closes."""
        self._steps.clear()

    def of(self, work: ImageWork) -> Steps:
        """The steps of one image."""
        return self._steps.setdefault(work.key, Steps())

    def roles_of(self, work: ImageWork) -> list[str]:
        """In which layers the steps are that can be undone, told by their roles: the last one last."""
        roles = {id(layer): role for role, layer in work.layers.items()}
        return [roles[id(step.layer)] for step in self.of(work).done if id(step.layer) in roles]

    @contextlib.contextmanager
    def playing(self) -> Iterator[None]:
        """While the steps of one layer are written, and then those of another: `restore` tells their order."""
        self._listens = False
        try:
            yield
        finally:
            self._listens = True

    def restore(self, work: ImageWork, done: list[str], undone: list[str]) -> None:
        """Go on with the steps of layers that were restored, told by their roles: the last one last."""
        steps = self.of(work)
        steps.done = _steps_of(work, done[-LIMIT:], redo=False)
        steps.undone = _steps_of(work, undone[-LIMIT:], redo=True)
        for role in ROLES:
            if role in work.layers:
                layer = work.layers[role]
                forget_undone(layer, sum(step.layer is layer for step in steps.undone))
        self.changed.emit(work)

    def undo(self, work: ImageWork | None = None) -> bool:
        """Take back the last step of an image (the current one); False if there is none."""
        work = work or self._session.current
        return work is not None and self._go(work, self.of(work).done, self.of(work).undone, redo=False)

    def redo(self, work: ImageWork | None = None) -> bool:
        """Bring back the step that was undone last; False if there is none."""
        work = work or self._session.current
        return work is not None and self._go(work, self.of(work).undone, self.of(work).done, redo=True)

    def _go(self, work: ImageWork, source: list[UndoStep], target: list[UndoStep], redo: bool) -> bool:
        step = _take_next(work, source, redo)
        if step is None:
            return False
        (Labels.redo if redo else Labels.undo)(step.layer)
        target.append(step)
        role = next(role for role in ROLES if work.layers.get(role) is step.layer)
        if not step.layer.visible:
            step.layer.events.set_data()  # napari does not draw it, and who keeps it learns of it by that
        get_trackers(self._session).of(work).note_step(role, planes_of(step.atoms, work.geometry))
        self.changed.emit(work)
        return True

    def _watch(self, work: ImageWork) -> None:
        """Follow the layers of an image, once each; what was done in those that are gone cannot be undone."""
        for role in ROLES:
            layer = work.layers.get(role)
            if layer is not None and layer not in self._watched:
                self._watched.add(layer)
                listen(self, layer.events.paint, self._on_paint)

    def _on_paint(self, event: Any) -> None:
        work = self._session.find_work(event.source)
        if work is None or not self._listens:
            return
        self.of(work).note(UndoStep(event.source, event.value))
        for role in ROLES:
            other = work.layers.get(role)
            if other is not None and other is not event.source:
                forget_undone(other)
        self.changed.emit(work)


def _take_next(work: ImageWork, source: list[UndoStep], redo: bool) -> UndoStep | None:
    """The step to go next, taken from `source`; once that is empty, what layers have that is older than this history
    (done before it was asked for, or undone by a script).
    """
    mine = [layer for role in ROLES if (layer := work.layers.get(role)) is not None]
    while source:
        step = source.pop()
        if any(step.layer is layer for layer in mine) and step.comes_next(redo):
            return step
    for layer in mine:
        items = history_of(layer)[redo]
        if items:
            return UndoStep(layer, items[-1])
    return None


def _steps_of(work: ImageWork, roles: list[str], redo: bool) -> list[UndoStep]:
    """The steps of layers that have as many, and maybe more, told by their roles: the last one last."""
    left = {role: list(history_of(layer)[redo]) for role, layer in work.layers.items() if role in ROLES}
    steps = [UndoStep(work.layers[role], left[role].pop()) for role in reversed(roles) if left.get(role)]
    return steps[::-1]


def get_undo(session: Session) -> UndoHistory:
    """The undo history of `session`, made when first asked for."""
    return session.service(UndoHistory)
