"""The recorders of all images of a session: one for the labels and one for what is reviewed of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_unet.project.project import LABELS, REVIEWED
from napari_unet.ui.session.history.label_stores import get_label_stores
from napari_unet.ui.session.jobs import SEGMENT
from napari_unet.ui.session.keeping.recorder import Recorder

if TYPE_CHECKING:
    from napari_unet.project.storage.journal import History
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

ROLES = (LABELS, REVIEWED)


class Recorders(QObject):
    """Follows layers that come and go. `came` and `rewritten` tell of a recorder all of whose pixels are new, `edited`
    of an edit, `gone` of a layer that is there no more (its work and role)."""

    came = Signal(object)
    edited = Signal(object, object)
    rewritten = Signal(object)
    gone = Signal(object, str)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session, self._stores = session, get_label_stores(session)  # which are closed after who asks for them
        self._recorders: dict[tuple[str, str], Recorder] = {}
        self._closed = False
        session.images_changed.connect(self._drop_gone)
        session.jobs.changed.connect(self._on_job)

    def __iter__(self) -> Iterator[Recorder]:
        return iter(list(self._recorders.values()))

    def of(self, work: ImageWork, role: str) -> Recorder | None:
        """The recorder of one layer of an image."""
        return self._recorders.get((work.key, role))

    @property
    def segmenting(self) -> bool:
        """Whether a model is writing labels."""
        job = self._session.job
        return job is not None and job.owner == SEGMENT

    def follow(self, work: ImageWork) -> None:
        """The layers of an image may be other ones, or hold other pixels."""
        if self._closed:  # layers go with the window, after what they are recorded in
            return
        for role in ROLES:
            recorder = self._recorders.get((work.key, role))
            if recorder is not None and recorder.alive:
                recorder.look_again()
            else:
                self._replace(work, role)

    def settle(self, work: ImageWork) -> bool:
        """Record the strokes in an image up to now; False, and nothing is recorded, while one is being made."""
        recorders = [one for role in ROLES if (one := self.of(work, role)) is not None]
        if any(one.stroking for one in recorders):
            return False
        for one in recorders:
            one.settle()
        return True

    def restore(self, work: ImageWork, histories: dict[str, History]) -> None:
        """Go on with layers that were restored from a project, with what can be undone in them."""
        for role in ROLES:
            self._replace(work, role, histories.get(role), is_new=False)

    def close(self) -> None:
        """Listen no more."""
        self._closed = True
        for recorder in self:
            recorder.close()
        self._recorders.clear()

    def _replace(self, work: ImageWork, role: str, history: History | None = None, is_new: bool = True) -> None:
        old = self._drop(work.key, role)
        layer = work.layers.get(role)
        if layer is not None and work.geometry.from_layer(layer.data) is not None:
            recorder = self._recorders[work.key, role] = Recorder(work, role, self._stores, history)
            recorder.paused = self.segmenting
            recorder.edited.connect(lambda edit: self.edited.emit(recorder, edit))
            recorder.rewritten.connect(lambda: self.rewritten.emit(recorder))
            if is_new:
                self.came.emit(recorder)
        elif old:
            self.gone.emit(work, role)

    def _drop(self, key: str, role: str) -> bool:
        recorder = self._recorders.pop((key, role), None)
        if recorder is not None:
            recorder.close()
            recorder.deleteLater()
        return recorder is not None

    def _drop_gone(self) -> None:
        """Images that the user removed are followed no more; the project keeps them."""
        open_now = {work.key for work in self._session.works}
        for key, role in [known for known in self._recorders if known[0] not in open_now]:
            self._recorders[key, role].finish()
            self._drop(key, role)

    def _on_job(self) -> None:
        for recorder in self:
            if recorder.paused and not self.segmenting:
                recorder.look_again()
            recorder.paused = self.segmenting
