"""Layers of corrections that the user, or another program, takes away or fills with other data: told, and restored."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QObject, QTimer, Signal

from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.napari_private import history_of, put_history
from napari_unet.ui.session.present import present
from napari_unet.ui.session.reviewed_layer import BY_HAND

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

ROLES = ("labels", "reviewed")
REPLACED = "Another program replaced the {role} of {name}. Ctrl+Z brings back those of before."


@dataclass(eq=False)
class Loss:
    """What went with a layer: enough to have everything as it was."""

    work: ImageWork
    role: str
    sentence: str
    arrays: dict[str, Any]  # by role, in the axes of the layer
    layers: dict[str, Labels]
    prediction: Any = None
    locked: set[int] = field(default_factory=set)
    rest: dict[str, Any] = field(default_factory=dict)
    histories: dict[str, Any] = field(default_factory=dict)  # what could be undone in the layers


_KEPT = ("segmented_by", "seconds", "n_objects", "maps", "task", "class_names", "class_shares", "lineage")


class Losses(QObject):
    """Watches the layers of all images. `lost`: a `Loss` that can be restored; `replaced`: a sentence (work, text)."""

    lost = Signal(object)
    replaced = Signal(object, str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        # By id of the layer: its array, as we know it, and what can be undone in that.
        self._watched: dict[int, tuple[Labels, Any, Any]] = {}
        self._writing = False
        self._aside: dict[tuple[str, str], Loss] = {}  # by image and axes
        listen(self, session.images_changed, self._drop_gone)
        # Before the layer is gone, and the work has forgotten what belongs to it.
        listen(self, session.viewer.layers.events.removing, self._on_removing)
        for signal in (session.labels_changed, session.reviewed_changed):
            listen(self, signal, self._watch)
        for work in session.works:
            self._watch(work)

    def _drop_gone(self) -> None:
        """Images that are closed take along what was set aside of them."""
        open_now = {work.key for work in self._session.works}
        self._aside = {key: loss for key, loss in self._aside.items() if key[0] in open_now}

    def close(self) -> None:
        """The window closes."""
        self._watched.clear()

    def set_aside(self, work: ImageWork) -> None:
        """Keep what belongs to an image as it is understood now: other axes let go of it."""
        if "labels" in work.layers:
            self._aside[work.key, work.image.axes] = self._take(work, "labels", "")

    def recall(self, work: ImageWork) -> bool:
        """Have again what was set aside for the axes that an image has now; False if nothing was."""
        loss = self._aside.pop((work.key, work.image.axes), None)
        if loss is not None:
            self.restore(loss)
        return loss is not None

    def restore(self, loss: Loss) -> None:
        """Have the labels, the marks, the locks and the prediction of before; nothing if the image itself is gone."""
        session, work = self._session, loss.work
        if work not in session.works or loss.role in work.layers:
            return
        with session.keep_selection():
            for role, array in loss.arrays.items():
                if role not in work.layers:
                    self._bring_back(loss, role, array)
        if loss.role == "labels":
            with work.change():
                for name, value in loss.rest.items():
                    setattr(work, name, value)
                work.prediction = loss.prediction
                work.lock(loss.locked)

    def _bring_back(self, loss: Loss, role: str, array: Any) -> None:
        """The layer itself if it still has our data, else another one with that; with what can be undone in it."""
        session, work, layer = self._session, loss.work, loss.layers[role]
        if layer.data is array:
            if layer not in session.viewer.layers:
                session.viewer.layers.append(layer)
            work.put_layer(role, layer)
        else:
            data = work.geometry.from_layer(array)
            restored = session.add_layer(work, role, present(data), opacity=layer.opacity, colormap=layer.colormap)
            if loss.histories.get(role) is not None:
                put_history(restored, loss.histories[role])
                self._watched[id(restored)] = (restored, restored.data, loss.histories[role])

    # -- layers that go ---------------------------------------------------------------------------------------------

    def _on_removing(self, event: Any) -> None:
        layers, index = self._session.viewer.layers, event.index
        if isinstance(index, int) and index < len(layers):
            self._note(layers[index], "was removed")

    def _note(self, layer: Any, what: str) -> None:
        work = self._session.find_work(layer)
        role = None if work is None else next((role for role in ROLES if work.layers.get(role) is layer), None)
        if role is None:
            return
        words = "its corrections, marks and locks" if role == "labels" else "what was marked as reviewed"
        loss = self._take(present(work), role, f"{layer.name} {what}, and with it {words}.")
        QTimer.singleShot(0, lambda: self._tell(loss))

    def _take(self, work: ImageWork, role: str, sentence: str) -> Loss:
        """All that goes with the layer of a role: reviewed marks are about labels, and go with these."""
        roles = [one for one in (ROLES if role == "labels" else (role,)) if one in work.layers]
        return Loss(
            work, role, sentence, {one: self._known(work.layers[one]) for one in roles},
            {one: work.layers[one] for one in roles}, work.prediction, set(work.locked),
            {name: getattr(work, name) for name in _KEPT},
            {one: self._watched[id(work.layers[one])][2] for one in roles if id(work.layers[one]) in self._watched},
        )  # fmt: skip

    def _tell(self, loss: Loss) -> None:
        """Once the layer is gone: an image that went as well takes its layers along, which is no loss."""
        session = self._session
        if session.viewer is None or loss.work not in session.works or loss.role in loss.work.layers:
            return
        if loss.role == "labels":
            # They are marks of labels that are no more: over fresh ones they would call reviewed what nobody saw.
            session.remove_layer(loss.work, "reviewed")
        self.lost.emit(loss)

    # -- layers that get other data ---------------------------------------------------------------------------------

    def _known(self, layer: Labels) -> Any:
        return self._watched[id(layer)][1] if id(layer) in self._watched else layer.data

    def _watch(self, work: ImageWork) -> None:
        present = self._session.viewer.layers
        self._watched = {key: known for key, known in self._watched.items() if known[0] in present}
        for role in ROLES:
            layer = work.layers.get(role)
            if layer is not None and id(layer) not in self._watched:
                self._watched[id(layer)] = (layer, layer.data, history_of(layer))
                listen(self, layer.events.data, self._on_data)

    def _on_data(self, event: Any) -> None:
        layer = event.source
        known = self._known(layer)
        if self._writing or layer.data is known:
            return
        work = self._session.find_work(layer)
        role = None if work is None else next((role for role in ROLES if work.layers.get(role) is layer), None)
        if role is None:
            return
        if tuple(layer.data.shape) == tuple(known.shape):
            self._take_as_edit(layer, known, present(work), role)
        else:
            self._note(layer, f"has the shape {tuple(layer.data.shape)} now")
            self._session.jobs.stop_about(work)
            present(work).forget(layer)

    def _take_as_edit(self, layer: Labels, known: Any, work: ImageWork, role: str) -> None:
        """Have our own array again, and write the other's values into it as a step that can be undone."""
        given = np.asarray(layer.data)
        where = np.nonzero(given != known)
        values = given[where].astype(known.dtype)
        if role == "reviewed":
            values = np.minimum(values, BY_HAND)  # what somebody gives was marked by hand, whatever it followed before
        with self._quietly():
            layer.data = known
        put_history(layer, self._watched[id(layer)][2])  # the steps of before are still those of this array
        if where[0].size:
            layer.data_setitem(where, values)
            self.replaced.emit(work, REPLACED.format(role=role, name=work.name))

    @contextlib.contextmanager
    def _quietly(self) -> Any:
        self._writing = True
        try:
            yield
        finally:
            self._writing = False


def get_losses(session: Session) -> Losses:
    """The losses of `session`, watched from when first asked for."""
    return session.service(Losses)
