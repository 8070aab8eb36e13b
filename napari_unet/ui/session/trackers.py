"""The trackers of all images of a session, and what fine-tuning can learn from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.corrections.parts import cut_reviewed_parts
from napari_unet.errors import UserError
from napari_unet.heads.registry import find_head
from napari_unet.models.record import ModelRecord
from napari_unet.ui.session.correction_tracker import CorrectionTracker
from napari_unet.ui.session.history.label_stores import lies_on_disk
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


class Trackers(QObject):
    """A tracker for each image of a session; `changed` tells that the one of a `work` has news."""

    changed = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._trackers: dict[str, CorrectionTracker] = {}
        session.labels_changed.connect(self._on_layers)
        session.reviewed_changed.connect(self._on_layers)
        session.image_changed.connect(self._on_layers)
        session.prediction_changed.connect(self._on_prediction)
        session.images_changed.connect(self._drop_gone)

    def of(self, work: ImageWork) -> CorrectionTracker:
        """The tracker of an image, made when first asked for."""
        if work.key not in self._trackers:
            tracker = self._trackers[work.key] = CorrectionTracker(self._session, work, self)
            tracker.changed.connect(lambda: self.changed.emit(work))
        return self._trackers[work.key]

    def finish(self) -> None:
        """Bring counts and marks of all images up to date."""
        for tracker in self._trackers.values():
            tracker.finish()

    def close(self) -> None:
        """The window closes."""
        for tracker in self._trackers.values():
            tracker.close()
        self._trackers.clear()

    def _on_layers(self, work: ImageWork) -> None:
        self.of(work).renew()

    def _on_prediction(self, work: ImageWork) -> None:
        self.of(work).renew(prediction=True)

    def _drop_gone(self) -> None:
        open_now = {work.key for work in self._session.works}
        for key in self._trackers.keys() - open_now:
            tracker = self._trackers.pop(key)
            tracker.close()
            tracker.deleteLater()


def get_trackers(session: Session) -> Trackers:
    """The trackers of `session`, made when first asked for."""
    return session.service(Trackers)


def reviewed_works(session: Session) -> list[ImageWork]:
    """The open images that there is something to learn from."""
    return [
        work
        for work in session.works
        if work.labels is not None and work.reviewed is not None and bool(work.reviewed.any())
    ]


def collect_corrections(session: Session, channels: str = "auto") -> list[CorrectedImage]:
    """What can be learned from: all open images in which something is reviewed, labels copied. Main thread only.

    `channels` as in `FinetuneConfig`; raises `UserError` if the model in use looks at channels that an image lacks, or
    finds objects where an image is labelled by class.
    """
    get_trackers(session).finish()
    from napari_unet.finetuning.material.widening import training_input

    entry = session.model_entry
    record = ModelRecord() if entry is None else entry.record
    works = reviewed_works(session)
    by_class = next((work for work in works if not work.head.draws_objects), None)
    if by_class is not None and find_head(record).draws_objects:
        raise UserError(
            f"{by_class.name} is labelled by class, and the model in use finds objects: choose a model for classes in "
            "the step Segment, or segment the image again with this one."
        )
    found: list[CorrectedImage] = []
    for work in works:
        seen = training_input(work.image, record, channels, work.channel)
        labels, reviewed = present(work.labels), present(work.reviewed)
        told = work.prediction, work.name, work.view
        if lies_on_disk(work):
            found += cut_reviewed_parts(seen, labels, reviewed, *told, tag=work.key)
        else:
            found.append(CorrectedImage(seen, labels.copy(), reviewed != 0, *told, tag=work.key))
    return found
