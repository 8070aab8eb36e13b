"""The tracks of the images of a session, kept in step with their labels, and the history of what was mended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_unet.corrections.operations.change import Change
from napari_unet.events import Failed
from napari_unet.labels.types import Place
from napari_unet.tracking.corrections import TrackChange
from napari_unet.tracking.labelled import LabelledMovie, paint_movie, paint_tracks
from napari_unet.tracking.tracks import Tracks
from napari_unet.ui.session.keeping.undo import get_undo
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.running.pacing import Debounced
from napari_unet.ui.session.running.threads import run_errand
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

_PAINTED_MS = 300  # after a stroke
_LIMIT = 100  # corrections that can be undone, as in a layer


@dataclass(frozen=True, eq=False)
class LineageStep:
    """One correction: mothers before and after, and a pixel by which to see whether the labels have it (None: all do).

    `change` takes it back by itself; without one (all was tracked) the labels' own history does.
    """

    title: str
    mothers: tuple[Mapping[int, int], Mapping[int, int]]
    frames: tuple[int, ...]
    probe: tuple[Place, int, int] | None
    change: TrackChange | None = None


class Lineages(QObject):
    """Tracks by the key of an image's work. `changed` tells of a work with other tracks."""

    changed = Signal(object)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._movies: dict[str, LabelledMovie] = {}
        self._done: dict[str, list[LineageStep]] = {}
        self._undone: dict[str, list[LineageStep]] = {}
        self._measuring: set[str] = set()
        self._writing = False
        self._stale: dict[str, set[int]] = {}  # frames that were painted in
        self._soon = Debounced(self, self._tell_painted, _PAINTED_MS)
        get_undo(session).changed.connect(self._on_history)
        listen(self, session.work_changed, self._on_field)
        listen(self, session.images_changed, self._drop_gone)

    def close(self) -> None:
        self._movies.clear()

    def of(self, work: ImageWork | None) -> LabelledMovie | None:
        """The tracks of an image; None if it was not tracked, or they are being measured."""
        if work is None or work.lineage is None or work.labels is None:
            return None
        if work.key not in self._movies:
            self._measure(work)
            return None
        stale = self._stale.pop(work.key, None)
        if stale:
            self._movies[work.key] = self._movies[work.key].with_frames(work.labels, sorted(stale), _pixel(work))
        return self._movies[work.key]

    def can_undo(self, work: ImageWork | None) -> bool:
        return work is not None and bool(self._done.get(work.key))

    # -- changing them ----------------------------------------------------------------------------------------------

    def begin(self, work: ImageWork, labels: Any, tracks: Tracks) -> None:
        """Objects get the ids of their tracks (`labels` of the shape of the work's), as one step of undo."""
        old = present(work.labels)
        changes = list(paint_movie(old, labels))
        locked = _tracks_of_locked(work, old, labels)
        step = LineageStep("Track", (work.lineage or {}, tracks.parents), tuple(range(len(old))), _probe_of(changes))
        work.lock(frozenset())
        self._write(work, changes)
        work.lock(locked)
        self._movies[work.key] = LabelledMovie.of(present(work.labels), tracks.parents, _pixel(work))
        self._note(work, step)

    def mend(self, work: ImageWork, change: TrackChange) -> None:
        """Do one correction."""
        labels = present(work.labels)
        changes = list(paint_tracks(labels, change))
        before = dict(work.lineage or {})
        after = {**before, **{child: mother for child, (_, mother) in change.parents.items()}}
        mothers = {child: mother for child, mother in after.items() if mother is not None}
        frames = tuple(np.unique(change.objects[:, 0]).tolist())
        step = LineageStep(change.title, (before, mothers), frames, _probe_of(changes), change)
        self._write(work, changes)
        self._note(work, step)

    def undo(self, work: ImageWork) -> None:
        """Take back the last correction that is not undone yet."""
        step = self._done[work.key][-1]
        if step.change is None:
            get_undo(self._session).undo(work)
            return
        self._done[work.key].pop()
        self._write(work, list(paint_tracks(present(work.labels), step.change.inverse)))
        self._set(work, step.mothers[0], step.frames)

    def _write(self, work: ImageWork, changes: Iterable[Change]) -> None:
        """Through the layer's own history, as one step; nothing becomes of locked objects."""
        layer = present(work.labels_layer)
        planes: set[Place] = set()
        self._writing = True
        try:
            with layer.block_history():
                for change in changes:
                    allowed = change.sparing(work.locked)
                    if len(allowed):
                        layer.data_setitem(work.geometry.layer_index(allowed.index), allowed.after, refresh=False)
                        planes |= allowed.planes
        finally:
            self._writing = False
        layer.refresh()
        if planes:
            get_trackers(self._session).of(work).note_edit(planes)

    def _note(self, work: ImageWork, step: LineageStep) -> None:
        done = self._done.setdefault(work.key, [])
        done.append(step)
        del done[:-_LIMIT]
        self._undone.pop(work.key, None)
        self._set(work, step.mothers[1], step.frames)

    def _set(self, work: ImageWork, mothers: Mapping[int, int], frames: Iterable[int]) -> None:
        movie = self._movies.get(work.key)
        if movie is not None and work.labels is not None:
            measured = movie.with_frames(work.labels, list(frames), _pixel(work))
            self._movies[work.key] = LabelledMovie(measured.frames, dict(mothers))
        work.lineage = dict(mothers)
        self.changed.emit(work)

    # -- following the labels -----------------------------------------------------------------------------------------

    def _on_history(self, work: ImageWork) -> None:
        """A stroke, undo or redo in the labels: mothers go along with the correction that this took back or brought."""
        if self._writing or work.lineage is None or work.labels is None or work.key not in self._movies:
            return
        done, undone = self._done.get(work.key, []), self._undone.setdefault(work.key, [])
        if done and _shows(work, done[-1], 1):
            undone.append(done.pop())
            self._set(work, undone[-1].mothers[0], undone[-1].frames)
        elif undone and _shows(work, undone[-1], 2):
            done.append(undone.pop())
            self._set(work, done[-1].mothers[1], done[-1].frames)
        else:  # it may be told of before it is written
            frame = work.plane_at(self._session.viewer.dims.point)[0]
            self._stale.setdefault(work.key, set()).add(frame)
            self._soon.ask()

    def _tell_painted(self) -> None:
        for work in self._session.works:
            if self._stale.get(work.key):
                self.changed.emit(work)

    def _on_field(self, work: ImageWork, field: str) -> None:
        """Labels or lineage came from elsewhere: segmented anew, or opened from a project."""
        if field == "seconds":  # segmented anew: ids are no tracks any more
            work.lineage = None
        if field in ("n_written", "seconds") or (field == "layers" and work.labels_layer is None):
            self._movies.pop(work.key, None)
        if field in ("n_written", "lineage", "layers"):
            self.changed.emit(work)

    def _measure(self, work: ImageWork) -> None:
        """Measure all frames in the background; `changed` tells when it is done."""
        if work.key in self._measuring:
            return
        self._measuring.add(work.key)
        labels, mothers, pixel = present(work.labels).copy(), dict(work.lineage or {}), _pixel(work)
        run_errand(lambda: LabelledMovie.of(labels, mothers, pixel), self._on_measured, work, labels)

    def _on_measured(self, movie: LabelledMovie | Failed, work: ImageWork, labels: Any) -> None:
        self._measuring.discard(work.key)
        if isinstance(movie, Failed) or work not in self._session.works or work.labels is None:
            return
        if np.array_equal(labels, work.labels):  # else they were painted, or restored, meanwhile: once more
            self._movies[work.key] = LabelledMovie(movie.frames, dict(work.lineage or {}))
        self.changed.emit(work)

    def _drop_gone(self) -> None:
        here = {work.key for work in self._session.works}
        for kept in (self._movies, self._done, self._undone, self._stale):
            for key in kept.keys() - here:
                del kept[key]


def _shows(work: ImageWork, step: LineageStep, value: int) -> bool:
    """Whether the labels are as before (1) or after (2) a correction, where it can be seen."""
    if step.probe is None:
        return False
    before_and_after = step.probe[1], step.probe[2]
    return bool(present(work.labels)[step.probe[0]] == before_and_after[value - 1])


def _probe_of(changes: list[Change]) -> tuple[Place, int, int] | None:
    if not changes or not len(changes[0]):
        return None
    first = changes[0]
    return tuple(int(axis[0]) for axis in first.index), int(first.before[0]), int(first.after[0])


def _tracks_of_locked(work: ImageWork, old: Any, tracked: Any) -> set[int]:
    """What locked objects are called from now on."""
    if not work.locked:
        return set()
    return set(np.unique(tracked[np.isin(old, list(work.locked))]).tolist()) - {0}


def _pixel(work: ImageWork) -> tuple[float, ...]:
    return work.grey.scale_of(work.axes[1:])


def get_lineages(session: Session) -> Lineages:
    """The tracks of `session`, made when first asked for."""
    return session.service(Lineages)
