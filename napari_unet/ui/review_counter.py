"""Counts, beside the window's thread, how many reviewed objects there are to learn from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy.typing as npt
from qtpy.QtCore import QObject, QTimer, Signal

from napari_unet.finetuning.survey import reviewed_ids
from napari_unet.ui.listening import listen
from napari_unet.ui.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.ui.image_work import ImageWork
    from napari_unet.ui.session import Session

_QUIET_MS = 300


@dataclass(frozen=True)
class ReviewCounts:
    """What there is to learn from, in all open images."""

    n_images: int = 0
    n_corrected: int = 0
    n_confirmed: int = 0

    @property
    def anything(self) -> bool:
        return self.n_corrected + self.n_confirmed > 0


class ReviewCounter(QObject):
    """Keeps `counts` up to date a moment after the last stroke; `changed` tells of it."""

    changed = Signal()
    _counted = Signal(str, int)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._trackers = session, get_trackers(session)
        self._reviewed: dict[str, int] = {}  # reviewed objects by the key of their image
        self._stale: set[str] = set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="review-counter")
        self._timer = QTimer(self, singleShot=True, interval=_QUIET_MS)
        self._timer.timeout.connect(self._count)
        self._counted.connect(self._on_counted)
        self._trackers.changed.connect(self._on_changed)
        listen(self, session.reviewed_changed, self._on_changed)
        listen(self, session.labels_changed, self._on_changed)
        listen(self, session.images_changed, self._on_images)

    @property
    def counts(self) -> ReviewCounts:
        n_images = n_corrected = n_confirmed = 0
        for work in self._session.works:
            counts = self._trackers.of(work).counts
            reviewed = self._reviewed.get(work.key, 0)
            drawn = counts.corrected + counts.added
            n_corrected += counts.total
            n_confirmed += max(0, reviewed - drawn)
            n_images += bool(reviewed or counts.removed)
        return ReviewCounts(n_images, n_corrected, n_confirmed)

    def _on_changed(self, work: ImageWork) -> None:
        self._stale.add(work.key)
        self._timer.start()

    def _on_images(self) -> None:
        self.changed.emit()

    def _count(self) -> None:
        for work in self._session.works:
            if work.key in self._stale:
                # Views of the layers' memory: a stroke in the meantime only means to count once more.
                self._thread.submit(self._count_in_thread, work.key, work.labels, work.reviewed, work.axes)
        self._stale.clear()

    def _count_in_thread(self, key: str, labels: Any, reviewed: Any, axes: str) -> None:
        count = 0 if labels is None or reviewed is None else count_reviewed(labels, reviewed, axes)
        self._counted.emit(key, count)

    def _on_counted(self, key: str, count: int) -> None:
        self._reviewed[key] = count
        self.changed.emit()


def count_reviewed(labels: npt.NDArray[Any], reviewed: npt.NDArray[Any], axes: str) -> int:
    """Reviewed objects of an image with `axes` out of "TZYX"; one that runs through several slices counts once."""
    found: set[tuple[int, int]] = set()
    for index in product(*(range(size) for size in labels.shape[:-2])):
        if reviewed[index].any():
            frame = index[0] if axes.startswith("T") else 0
            found |= {(frame, label) for label in reviewed_ids(labels[index], reviewed[index])}
    return len(found)
