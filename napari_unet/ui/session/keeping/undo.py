"""One history over all that the user did to an image: labels and reviewed marks, in the order in which it was done.

napari keeps a history in each layer, and Ctrl+Z goes to the selected one. Here the last step goes first, whichever
layer it was in. Steps are known by the layer's own `paint` event, one each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from napari.layers import Labels
from qtpy.QtCore import QObject, Signal

from napari_unet.project.storage.journal import LIMIT
from napari_unet.ui.session.listening import listen

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

ROLES = ("labels", "reviewed")


class Steps:
    """What was done and undone in one image: for each step the layer that has it in its own history."""

    def __init__(self) -> None:
        self.done: list[Labels] = []
        self.undone: list[Labels] = []

    def note(self, layer: Labels) -> None:
        self.done.append(layer)
        self.undone.clear()  # also those of the other layer: there is one history
        del self.done[:-LIMIT]


class UndoHistory(QObject):
    """The histories of all images of a session. `changed` tells of a work that has another step done or undone."""

    changed = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._steps: dict[str, Steps] = {}
        self._watched: WeakSet[Labels] = WeakSet()
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
        return [roles[id(layer)] for layer in self.of(work).done if id(layer) in roles]

    def restore(self, work: ImageWork, done: list[str], undone: list[str]) -> None:
        """Go on with the steps of layers that were restored, told by their roles: the last one last."""
        steps = self.of(work)
        steps.done, steps.undone = (
            [work.layers[role] for role in roles if role in work.layers][-LIMIT:] for roles in (done, undone)
        )
        self.changed.emit(work)

    def undo(self, work: ImageWork | None = None) -> bool:
        """Take back the last step of an image (the current one); False if there is none."""
        work = work or self._session.current
        return work is not None and self._go(work, self.of(work).done, self.of(work).undone, Labels.undo)

    def redo(self, work: ImageWork | None = None) -> bool:
        """Bring back the step that was undone last; False if there is none."""
        work = work or self._session.current
        return work is not None and self._go(work, self.of(work).undone, self.of(work).done, Labels.redo)

    def _go(self, work: ImageWork, source: list[Labels], target: list[Labels], act: Any) -> bool:
        mine = [layer for role in ROLES if (layer := work.layers.get(role)) is not None]
        # Layers whose history is older than this one (restored, or undone by a script) are asked last.
        for layer in [*reversed(source), *mine]:
            known = bool(source) and source[-1] is layer
            if known:
                source.pop()
            if any(layer is own for own in mine) and _changes(layer, act):
                target.append(layer)
                self.changed.emit(work)
                return True
        return False

    def _watch(self, work: ImageWork) -> None:
        """Follow the layers of an image, once each; what was done in those that are gone cannot be undone."""
        for role in ROLES:
            layer = work.layers.get(role)
            if layer is not None and layer not in self._watched:
                self._watched.add(layer)
                listen(self, layer.events.paint, self._on_paint)

    def _on_paint(self, event: Any) -> None:
        work = self._session.find_work(event.source)
        if work is not None:
            self.of(work).note(event.source)
            self.changed.emit(work)


def _changes(layer: Labels, act: Any) -> bool:
    """Undo or redo in one layer; whether it had anything to do: then it is drawn anew."""
    drawn: list[Any] = []
    layer.events.set_data.connect(drawn.append)
    try:
        act(layer)
    finally:
        layer.events.set_data.disconnect(drawn.append)
    return bool(drawn)


def get_undo(session: Session) -> UndoHistory:
    """The undo history of `session`, made when first asked for."""
    return session.service(UndoHistory)
