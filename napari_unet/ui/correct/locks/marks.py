"""Shows on the canvas which objects are locked: dots along their outlines, which nobody can change meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from qtpy.QtCore import QObject

from napari_unet.corrections.operations.extent import follow_object
from napari_unet.corrections.operations.outlining import outline_places
from napari_unet.labels.object_index import ObjectIndex
from napari_unet.labels.types import Place
from napari_unet.ui.canvas.marks.signs import marks_of
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.running.pacing import Debounced, Slices

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

QUIET_MS = 200
DOT_PIXELS = 4  # of the screen
DOTS = 24  # on one outline, at most
DOT_DISTANCE = 8.0
"""Pixels of the screen from dot to dot: nearer ones run together, and each costs time in every picture drawn."""
_FEWEST_DOTS, _MOST_DOTS = 3, 10_000
_ZOOM_MS = 150


@dataclass(frozen=True, eq=False)
class _LockDots:
    """All dots of an image: `index` (n, axes of the layer); for each its number on its object, and how many pixels long
    the object's outline is, about."""

    index: npt.NDArray[np.float64]
    numbers: npt.NDArray[np.int64]
    outline: npt.NDArray[np.float64]

    def at_zoom(self, zoom: float) -> npt.NDArray[np.float64]:
        """Those to be shown if a pixel is `zoom` pixels of the screen large."""
        wanted = np.clip(self.outline * zoom / DOT_DISTANCE, _FEWEST_DOTS, DOTS)
        shown = self.index[self.numbers % np.maximum(1, DOTS / wanted).astype(int) == 0]
        return shown[:: 1 + len(shown) // _MOST_DOTS]


class LockMarks(QObject):
    """Keeps the dots of all images of a session. They are drawn anew when locks change, or all labels do, and when the
    view is another half or twice as near: small outlines have few dots, large ones many.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._dots: dict[str, dict[int, list[Place]]] = {}  # by image and object
        self._laid: dict[str, _LockDots] = {}  # by image, as drawn last
        self._level: int | None = None  # of the zoom
        self._waiting: list[ImageWork] = []
        self._soon = Debounced(self, self._draw_all, 0)
        self._quiet = Debounced(self, self._begin, QUIET_MS)
        self._slices = Slices(self, self._draw_all)
        self._zoomed = Debounced(self, self._on_zoom, _ZOOM_MS)
        listen(self, session.viewer.scene.camera.events.zoom, self._on_camera)
        listen(self, session.locks_changed, self._on_locks)
        listen(self, session.labels_changed, self._on_labels)
        for work in session.works:
            self._on_labels(work)

    def _on_locks(self, work: ImageWork) -> None:
        """Locks were set or taken off. Of those set by a click or a stroke a pixel is known: they are drawn at once."""
        places = work.lock_places
        known = self._dots.setdefault(work.key, {})
        for object_id in known.keys() - work.locked:
            del known[object_id]
        for object_id in (places.keys() & work.locked) - known.keys():
            every_axis = tuple(range(len(work.axes) - 2))  # a lock holds in all slices and frames
            pieces = follow_object(present(work.labels), object_id, places[object_id], every_axis)
            known[object_id] = outline_places(present(work.labels), object_id, pieces, DOTS)
        self._ask(work, self._soon if work.locked <= known.keys() else self._quiet)

    def _on_labels(self, work: ImageWork) -> None:
        """All labels may be other ones: locked objects are looked for."""
        if work.locked or self._dots.get(work.key):
            self._dots.pop(work.key, None)
            self._ask(work, self._quiet)

    def _ask(self, work: ImageWork, timer: Debounced) -> None:
        if work not in self._waiting:
            self._waiting.append(work)
        timer.ask()

    # -- objects of which only the id is known: looked for between the events of the window ------------------------

    def _begin(self) -> None:
        self._slices.start(self._search([work for work in self._waiting if work.labels is not None]))

    def _search(self, works: list[ImageWork]) -> Iterator[None]:
        for work in works:
            known = self._dots.setdefault(work.key, {})
            wanted = work.locked - known.keys()
            known.update({object_id: [] for object_id in wanted})
            index = ObjectIndex(work.shape)
            for plane in product(*(range(size) for size in work.shape[:-2])) if wanted else ():
                yield from index.update(present(work.labels), [plane])
                for object_id, rectangle in index.rectangles(plane, wanted):
                    known[object_id] += outline_places(present(work.labels), object_id, {plane: rectangle}, DOTS)
                    yield

    # -- drawing ----------------------------------------------------------------------------------------------------

    def _draw_all(self) -> None:
        works, self._waiting = self._waiting, []
        if self._session.viewer is None:  # the window was closed while the timer ran
            return
        for work in works:
            if work in self._session.works:
                self._draw(work)

    def _draw(self, work: ImageWork) -> None:
        objects = [dots for dots in self._dots.get(work.key, {}).values() if dots]
        if not objects or work.labels_layer is None:
            self._laid.pop(work.key, None)
            if "locked" in work.signs:
                work.signs["locked"].clear()
            return
        self._laid[work.key] = _lay_out(work, objects)
        self._show(work)

    def _on_camera(self) -> None:
        self._zoomed.ask()

    def _on_zoom(self) -> None:
        """Show more or fewer dots, if the view is much nearer or farther than it was."""
        if self._session.viewer is None:  # the window was closed while the timer ran
            return
        if round(np.log2(self._session.viewer.scene.camera.zoom)) != self._level:
            for work in self._session.works:
                if work.key in self._laid:
                    self._show(work)

    def _show(self, work: ImageWork) -> None:
        zoom = self._session.viewer.scene.camera.zoom
        self._level = round(np.log2(zoom))
        pixel = float(np.min(np.abs(present(work.labels_layer).scale[-2:])))
        lock_signs(self._session, work).show(self._laid[work.key].at_zoom(2.0**self._level * pixel))


def _lay_out(work: ImageWork, objects: list[list[Place]]) -> _LockDots:
    counts = np.array([len(dots) for dots in objects])
    places = np.array([place for dots in objects for place in dots])
    firsts = np.cumsum(counts) - counts
    low, high = (reduce.reduceat(places[:, -2:], firsts) for reduce in (np.minimum, np.maximum))
    return _LockDots(
        index=np.stack(work.geometry.layer_index(tuple(places.T)), axis=1).astype(float),
        numbers=np.arange(len(places)) - np.repeat(firsts, counts),
        outline=np.repeat(np.pi * (high - low + 1).mean(axis=1), counts),
    )


def lock_signs(session: Session, work: ImageWork) -> Any:
    """The dots of one image."""
    return marks_of(session, work, "locked", "disc", DOT_PIXELS)
