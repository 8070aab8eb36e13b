"""Follows what the user does to the labels of one image: counts corrections, and marks them as reviewed.

Everything heavy is done in steps of a few milliseconds between the events of the window, after a stroke has ended, and
only for planes that may have changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from napari.layers import Labels
from qtpy.QtCore import QObject, Signal

from napari_unet.corrections.comparison import Counts
from napari_unet.corrections.difference import Difference, merge_differences
from napari_unet.corrections.live import (
    LiveComparison,
)
from napari_unet.corrections.painted import PaintedPixels
from napari_unet.corrections.reviewed import Neighbourhoods, typical_diameter
from napari_unet.labels.types import PlaneBox, PlaneIndex
from napari_unet.ui.session.history.changed_bands import ChangedBands
from napari_unet.ui.session.history.written import planes_of
from napari_unet.ui.session.present import present
from napari_unet.ui.session.reviewed_layer import BY_HAND, ReviewedOverlay
from napari_unet.ui.session.running.pacing import Debounced, Slices

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

# After the last stroke: long enough not to work between two dabs, short enough to look immediate.
QUIET_MS = 120


class CorrectionTracker(QObject):
    """Counts and marks of one image, up to date a moment after the last stroke; `changed` tells of it."""

    changed = Signal()

    def __init__(self, session: Session, work: ImageWork, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self.work = session, work
        self.overlay = ReviewedOverlay(session, work)
        self.marks_corrections = True
        self._live: LiveComparison | None = None
        self._neighbourhoods: dict[PlaneIndex, Neighbourhoods | PaintedPixels] = {}
        self._edited = ChangedBands()  # ever painted on: undo can change nothing else
        self._stale = ChangedBands()
        self._begun: tuple[PlaneIndex, set[int] | None] | None = None  # taken from these, and not yet done
        self._everything_stale = False
        self._marked: list[tuple[PlaneIndex, PlaneBox]] = []  # where steps of the overlay wrote
        self._touched: set[PlaneIndex] = set()  # looked at since `take_touched`
        self._overlay_stale = self._undrawn = False
        self._seen: dict[str, tuple[Any, ...]] = {}  # by role: the view in which a layer was drawn last
        self._watched: dict[str, Labels] = {}
        self._quiet = Debounced(self, self._begin, QUIET_MS)
        self._slices = Slices(self, self.changed.emit)
        self.renew()

    @property
    def counts(self) -> Counts:
        return self._live.counts if self._live is not None else Counts()

    @property
    def busy(self) -> bool:
        """Whether counts and marks may still change by what was already done."""
        return self._quiet.waiting or self._slices.busy

    @property
    def changed_planes(self) -> list[PlaneIndex]:
        return self._live.changed_planes() if self._live is not None else []

    @property
    def changed_pixels(self) -> dict[int, int]:
        """By the value that they have now, how many pixels differ from the prediction: what counts for classes."""
        found: Counter[int] = Counter()
        for plane in self.changed_planes:
            difference = self.difference(plane)
            for value, count in zip(difference.current.tolist(), difference.counts.tolist(), strict=True):
                found[value] += count
        return dict(found)

    def difference(self, plane: PlaneIndex) -> Difference:
        """What differs from the prediction in one plane."""
        return self._live.difference(plane) if self._live is not None else merge_differences([])

    def renew(self, prediction: bool = False) -> None:
        """Look at everything again: labels, overlay or (`prediction`) the prediction are other ones."""
        work = self.work
        if "reviewed" in self._watched and work.reviewed_layer is None and work.labels_layer is not None:
            self.marks_corrections = False  # who removes the layer does not want it back after the next stroke
            self._neighbourhoods.clear()
        self._watch("labels", work.labels_layer)
        self._watch("reviewed", work.reviewed_layer)
        usable = work.prediction if work.labels is not None else None
        known = self._live.prediction if self._live is not None else None
        if prediction or usable is not known:
            self.overlay.keep_marks()
            self._neighbourhoods.clear()
            self._live = LiveComparison(usable, work.axes) if usable is not None else None
        self._everything_stale = True
        self._quiet.ask()

    def set_marks_corrections(self, on: bool) -> None:
        """Whether the neighbourhood of corrected objects counts as reviewed."""
        self.marks_corrections = on
        self._stale.add_planes(self.changed_planes)
        self._quiet.ask()

    def note_edit(self, planes: Any) -> None:
        """Say which planes were changed, of a mapping also in which rows (a list of slices)."""
        for places in (self._edited, self._stale):
            if self._live is not None and isinstance(planes, Mapping):
                places.add({plane: [self._live.bands_at(part) for part in rows] for plane, rows in planes.items()})
            else:
                places.add_planes(planes)
        self._quiet.ask()

    def note_step(self, role: str, planes: Any) -> None:
        """Say that undo or redo changed these planes of the labels or of the overlay: a hidden layer is not drawn."""
        if role == "labels":
            self.note_edit(planes)
        else:
            self._on_marked()

    def note_refreshed(self, plane: PlaneIndex) -> None:
        """Labels and prediction were written to alike: nothing differs that did not before."""
        if self._live is not None:
            self._live.note_refreshed(plane)

    def take_touched(self) -> set[PlaneIndex]:
        """Planes whose labels or marks may have changed since this was asked last."""
        touched, self._touched = self._touched, set()
        return touched

    def finish(self) -> None:
        """Do at once what is still to do."""
        while self.busy:
            self._quiet.finish()
            self._slices.finish()

    def close(self) -> None:
        """Listen and work no more."""
        self._quiet.cancel()
        self._slices.stop()
        for role in list(self._watched):
            self._watch(role, None)

    # -- events ---------------------------------------------------------------------------------------------------

    def _watch(self, role: str, layer: Labels | None) -> None:
        old = self._watched.get(role)
        if old is layer:
            return
        on_paint, on_drawn = (
            (self._on_paint, self._on_drawn) if role == "labels" else (self._on_marked, self._on_overlay_drawn)
        )
        if old is not None:
            old.events.paint.disconnect(on_paint)
            old.events.set_data.disconnect(on_drawn)
            old.events.selected_label.disconnect(self._on_selected)
            del self._watched[role]
        if layer is not None:
            layer.events.paint.connect(on_paint)
            layer.events.set_data.connect(on_drawn)
            layer.events.selected_label.connect(self._on_selected)
            self._watched[role] = layer
            self._moved(role)
        if role == "labels":
            self._edited.clear()

    def _on_paint(self, event: Any) -> None:
        if self.work.labels_layer is not None:
            self.note_edit(planes_of(event.value, self.work.geometry))  # undo will change the same

    def _on_drawn(self, event: Any = None) -> None:
        """The layer was drawn anew: another slice is in view, or undo or redo changed something somewhere."""
        if self._moved("labels"):
            self.changed.emit()
        elif self._edited:
            self._edited.add_to(self._stale)
            self._quiet.ask()

    def _on_marked(self, event: Any = None) -> None:
        self._marked.extend(self.overlay.follow_steps())
        self._quiet.ask()

    def _on_selected(self, event: Any) -> None:
        """A brush for marks makes marks by hand, or none: other values mean something else there, or nothing."""
        layer = self._watched.get("reviewed")
        if layer is not None and layer is event.source and layer.selected_label > BY_HAND:
            layer.selected_label = BY_HAND

    def _on_overlay_drawn(self, event: Any = None) -> None:
        if self.overlay.writing or self._moved("reviewed"):
            return
        steps = self.overlay.follow_steps()  # undo and redo, or else somebody wrote anywhere, past the history
        self._marked.extend(steps)
        self._overlay_stale |= not steps
        self._quiet.ask()

    def _moved(self, role: str) -> bool:
        """Whether the view is another one than when the layer of this role was drawn last."""
        dims = self._session.viewer.dims
        here = tuple(dims.point), tuple(dims.order), dims.ndisplay
        moved, self._seen[role] = self._seen.get(role) != here, here
        return moved

    def _plane(self) -> PlaneIndex:
        return self.work.plane_at(self._session.viewer.dims.point)

    # -- work between events ----------------------------------------------------------------------------------------

    def _begin(self) -> None:
        if self._session.viewer is None:
            return  # the window is gone, and this timer was still running
        if self._live is not None and self._everything_stale:
            self._stale.add_planes(self._live.planes())
        self._everything_stale = False
        if self._begun is not None:  # a stroke came in the midst of it
            self._stale.give_back(*self._begun)
            self._begun = None
        here = self._plane()
        self._slices.start(self._follow(sorted(self._stale.planes, key=lambda plane: plane != here)))

    def _follow(self, planes: list[PlaneIndex]) -> Iterator[None]:
        self._touched.update(planes, self.overlay.planes() if self._overlay_stale else ())
        self._touched.update(plane for plane, _ in self._marked)
        labels = self.work.labels
        if self._live is None or labels is None:
            self._stale.clear()
            self._marked.clear()
            return
        while self._marked:
            self._undrawn |= self.overlay.rewrite(*self._marked.pop())
            yield
        for plane in planes:
            bands = self._stale.take(plane)
            self._begun = plane, bands
            yield from self._live.update(labels, [plane], bands)
            for marked in self._mark(plane):
                self._undrawn |= marked
                yield
            self._begun = None
        for plane in self.overlay.planes() if self._overlay_stale else ():
            self._undrawn |= self.overlay.rewrite(plane)
            yield
        self._overlay_stale = False
        if self._undrawn:
            self._undrawn = False
            self.overlay.redraw()

    def _mark(self, plane: PlaneIndex) -> Iterator[bool]:
        """Bring the marks of one plane up to date, an object a step."""
        assert self._live is not None
        difference = self._live.difference(plane)
        if not self.marks_corrections:
            self._neighbourhoods.pop(plane, None)
            if plane in self.overlay.planes():
                yield self.overlay.follow(plane, (slice(None), slice(None)), None)
            return
        if not len(difference) and plane not in self._neighbourhoods:
            return
        pieces = self._neighbourhoods.get(plane)
        if pieces is None:
            pieces = Neighbourhoods(self._diameter(plane)) if self.work.head.draws_objects else PaintedPixels()
            self._neighbourhoods[plane] = pieces
        changes = pieces.update(
            self._live.prediction[plane], present(self.work.labels)[plane], difference, self._live.compare_plane(plane)
        )
        for region in changes:
            yield region is not None and self.overlay.follow(plane, region, pieces)

    def _diameter(self, plane: PlaneIndex) -> float:
        assert self._live is not None
        return self.work.diameter or typical_diameter(self._live.areas(plane).values())
