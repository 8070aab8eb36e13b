"""Counts, beside the window's thread, how many reviewed objects there are to learn from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QObject, Signal

from napari_unet.corrections.parts import find_reviewed_boxes
from napari_unet.events import Failed
from napari_unet.labels.ids import count_values
from napari_unet.labels.regions import reviewed_ids
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.running.pacing import Debounced
from napari_unet.ui.session.running.threads import run_errand
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

_QUIET_MS = 300


@dataclass(frozen=True)
class ReviewCounts:
    """What there is to learn from, in one image or several."""

    n_images: int = 0
    n_corrected: int = 0
    n_confirmed: int = 0

    def __add__(self, other: ReviewCounts) -> ReviewCounts:
        return ReviewCounts(
            self.n_images + other.n_images, self.n_corrected + other.n_corrected, self.n_confirmed + other.n_confirmed
        )

    @property
    def anything(self) -> bool:
        return self.n_corrected + self.n_confirmed > 0


class ReviewCounter(QObject):
    """Keeps `counts` up to date a moment after the last stroke; `changed` tells of it."""

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._trackers = session, get_trackers(session)
        self._reviewed: dict[str, int] = {}  # reviewed objects by the key of their image
        self._classes: dict[str, tuple[int, ...]] = {}  # or reviewed pixels of each class
        self._stale: set[str] = set()
        self._known: set[tuple[int, str]] = set()  # layers of images, with their names
        self._counting = False
        self._quiet = Debounced(self, self._count, _QUIET_MS)
        self._trackers.changed.connect(self._on_changed)
        listen(self, session.reviewed_changed, self._on_changed)
        listen(self, session.labels_changed, self._on_changed)
        listen(self, session.classes_changed, self._on_changed)
        listen(self, session.images_changed, self._on_images)

    @property
    def counts(self) -> ReviewCounts:
        """All open images together."""
        return sum((self.of(work) for work in self._session.works), ReviewCounts())

    def of(self, work: ImageWork) -> ReviewCounts:
        """What there is in one image."""
        if not work.head.draws_objects:
            return ReviewCounts()  # there are no objects
        counts = self._trackers.of(work).counts
        reviewed = self._reviewed.get(work.key, 0)
        drawn = counts.corrected + counts.added
        return ReviewCounts(int(bool(reviewed or counts.removed)), counts.total, max(0, reviewed - drawn))

    def classes_of(self, work: ImageWork) -> tuple[int, ...]:
        """How many pixels of each class are reviewed in an image; empty where labels are objects."""
        return () if work.head.draws_objects else self._classes.get(work.key, ())

    def _on_changed(self, work: ImageWork) -> None:
        self._stale.add(work.key)
        self._quiet.ask()

    def _on_images(self) -> None:
        """Images came, went or have other names; that they only changed places, as one is gone to, counts nothing."""
        known = {(id(layer), layer.name) for layer in self._session.image_layers()}
        if known != self._known:
            self._known = known
            self.changed.emit()

    def _count(self) -> None:
        if self._counting:
            self._quiet.ask()
            return
        # Views of the layers' memory: a stroke in the meantime only means to count once more.
        images = {
            work.key: (work.labels, work.reviewed, work.axes, len(work.class_names))
            for work in self._session.works
            if work.key in self._stale
        }
        self._stale.clear()
        if images:
            self._counting = True
            run_errand(lambda: _count_images(images), self._on_counted)

    def _on_counted(self, counts: dict[str, int | tuple[int, ...]] | Failed) -> None:
        self._counting = False
        for key, found in () if isinstance(counts, Failed) else counts.items():
            self._reviewed[key] = found if isinstance(found, int) else 0
            self._classes[key] = () if isinstance(found, int) else found
        self.changed.emit()


def _count_images(images: dict[str, tuple[Any, Any, str, int]]) -> dict[str, int | tuple[int, ...]]:
    counts: dict[str, int | tuple[int, ...]] = {}
    for key, (labels, reviewed, axes, n_classes) in images.items():
        if labels is None or reviewed is None:
            counts[key] = 0
        elif n_classes:
            counts[key] = count_classes(labels, reviewed, n_classes)
        else:
            counts[key] = count_reviewed(labels, reviewed, axes)
    return counts


def count_reviewed(labels: npt.NDArray[Any], reviewed: npt.NDArray[Any], axes: str) -> int:
    """Reviewed objects of an image with `axes` out of "TZYX"; one that runs through several slices counts once."""
    found: set[tuple[int, int]] = set()
    for place in _reviewed_places(reviewed):
        frame = place[0] if axes.startswith("T") else 0
        # A copy: they are counted twice over, and somebody may be painting meanwhile.
        found |= {(frame, label) for label in reviewed_ids(labels[place].copy(), reviewed[place])}
    return len(found)


def _reviewed_places(reviewed: npt.NDArray[Any]) -> Iterator[Any]:
    """Plane, rows and columns in which something is reviewed, with what surrounds it."""
    boxes = find_reviewed_boxes(reviewed)
    for index in np.ndindex(*reviewed.shape[:-2]):
        for box in boxes:
            if reviewed[(*index, *box)].any():
                yield (*index, *box)


def count_classes(labels: npt.NDArray[Any], reviewed: npt.NDArray[Any], n_classes: int) -> tuple[int, ...]:
    """Reviewed pixels of each class; values for which there is no class are left out."""
    found = np.zeros(n_classes, np.int64)
    for place in _reviewed_places(reviewed):
        found += count_values(labels[place][reviewed[place] != 0], n_classes)
    return tuple(int(count) for count in found)
