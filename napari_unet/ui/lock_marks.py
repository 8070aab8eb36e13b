"""Shows on the canvas which objects are locked: dots along their outlines, which nobody can change meanwhile."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, QTimer

from napari_unet.corrections.object_index import ObjectIndex
from napari_unet.corrections.operations.change import Place
from napari_unet.corrections.operations.extent import follow_object
from napari_unet.corrections.operations.outlining import outline_places
from napari_unet.ui.canvas_marks import marks_of
from napari_unet.ui.listening import listen

if TYPE_CHECKING:
    from napari_unet.ui.image_work import ImageWork
    from napari_unet.ui.session import Session

BUDGET_SECONDS, PAUSE_MS, QUIET_MS = 0.004, 4, 200
DOT_PIXELS = (3, 4)  # of the screen
DOTS = 24  # on one outline; of very many objects fewer
_MOST_DOTS = 30_000


class LockMarks(QObject):
    """Keeps the dots of all images of a session. They are drawn anew only when locks change, or all labels do."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._dots: dict[str, dict[int, list[Place]]] = {}  # by image and object
        self._waiting: list[ImageWork] = []
        self._steps: Iterator[None] | None = None
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._draw_all)
        self._quiet = QTimer(self, singleShot=True, interval=QUIET_MS)
        self._quiet.timeout.connect(self._begin)
        self._worker = QTimer(self, interval=PAUSE_MS)
        self._worker.timeout.connect(self._work_on)
        listen(self, session.locks_changed, self._on_locks)
        listen(self, session.labels_changed, self._on_labels)
        for work in session.works:
            self._on_labels(work)

    def _on_locks(self, work: ImageWork, places: Mapping[int, Place]) -> None:
        """Locks were set or taken off; `places` has a pixel of those that were set by a click or a stroke."""
        known = self._dots.setdefault(work.key, {})
        for object_id in known.keys() - work.locked:
            del known[object_id]
        for object_id in (places.keys() & work.locked) - known.keys():
            every_axis = tuple(range(len(work.axes) - 2))  # a lock holds in all slices and frames
            pieces = follow_object(work.labels, object_id, places[object_id], every_axis)
            known[object_id] = outline_places(work.labels, object_id, pieces, DOTS)
        self._ask(work, self._soon if work.locked <= known.keys() else self._quiet)

    def _on_labels(self, work: ImageWork) -> None:
        """All labels may be other ones: locked objects are looked for."""
        if work.locked or self._dots.get(work.key):
            self._dots.pop(work.key, None)
            self._ask(work, self._quiet)

    def _ask(self, work: ImageWork, timer: QTimer) -> None:
        if work not in self._waiting:
            self._waiting.append(work)
        timer.start()

    # -- objects of which only the id is known: looked for between the events of the window ------------------------

    def _begin(self) -> None:
        self._steps = self._search([work for work in self._waiting if work.labels is not None])
        self._worker.start()

    def _work_on(self) -> None:
        until = time.perf_counter() + BUDGET_SECONDS
        for _ in self._steps or ():
            if time.perf_counter() > until:
                return
        self._worker.stop()
        self._draw_all()

    def _search(self, works: list[ImageWork]) -> Iterator[None]:
        for work in works:
            known = self._dots.setdefault(work.key, {})
            wanted = work.locked - known.keys()
            known.update({object_id: [] for object_id in wanted})
            index = ObjectIndex(work.shape)
            for plane in product(*(range(size) for size in work.shape[:-2])) if wanted else ():
                yield from index.update(work.labels, [plane])
                for object_id, rectangle in index.rectangles(plane, wanted):
                    known[object_id] += outline_places(work.labels, object_id, {plane: rectangle}, DOTS)
                    yield

    # -- drawing ----------------------------------------------------------------------------------------------------

    def _draw_all(self) -> None:
        works, self._waiting = self._waiting, []
        for work in works:
            if work in self._session.works:
                self._draw(work)

    def _draw(self, work: ImageWork) -> None:
        places = [place for dots in self._dots.get(work.key, {}).values() for place in dots]
        places = places[:: 1 + len(places) // _MOST_DOTS]
        if not places or work.labels_layer is None:
            if "locked" in work.signs:
                work.signs["locked"].clear()
            return
        index = np.array([work.geometry.layer_index(place) for place in places], float)
        lock_signs(self._session, work).show(index)


def lock_signs(session: Session, work: ImageWork) -> Any:
    """The layer of the dots of one image."""
    return marks_of(session, work, "locked", "disc", DOT_PIXELS)
