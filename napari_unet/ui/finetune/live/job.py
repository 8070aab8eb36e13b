"""Live mode in the window: what is corrected is handed over at once, and what comes of it is written into the view."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_unet.events import StopFlag
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.live.events import ViewRefreshed
from napari_unet.finetuning.live.feed import LiveFeed, LiveView, PlaneKey, PlaneNews
from napari_unet.labels.types import PlaneIndex
from napari_unet.ui.finetune.live.refreshing import write_refreshed
from napari_unet.ui.session.jobs import LIVE
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.present import present
from napari_unet.ui.session.running.pacing import Debounced
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.models.model import Model
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

_SPARE_IDS = 16  # above the id that is being painted with, which no object has perhaps
_VIEW_MS = 150
_RETRY_MS = 120


def live_in_background(
    load: Callable[[], Model], feed: LiveFeed, config: FinetuneConfig, stop: StopFlag
) -> Iterator[Any]:
    """The events of live mode, for the worker thread."""
    from napari_unet.finetuning.live.run import live_steps

    yield from live_steps(load(), feed, config, stop)


class LiveJob(QObject):
    """One live mode, from its start to its stop. `advanced` passes its events on; `ended` has the outcome."""

    advanced = Signal(object)
    refreshed = Signal(object)  # the event, once it is written
    ended = Signal(object)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.feed, self._stop = LiveFeed(), StopFlag()
        self._told: dict[PlaneKey, int] = {}
        self._late: ViewRefreshed | None = None
        self._active = False
        self._look = Debounced(self, self._show_view, _VIEW_MS)
        self._retry = Debounced(self, self._write_late, _RETRY_MS)
        self._connect()

    def _connect(self) -> None:
        session, viewer = self.session, self.session.viewer
        get_trackers(session).changed.connect(self._on_tracker)
        for signal in (
            session.current_changed,
            session.labels_changed,
            session.locks_changed,
            session.diameter_changed,
        ):
            listen(self, signal, self._on_view)
        camera = viewer.scene.camera.events
        for signal in (camera.center, camera.zoom, viewer.dims.events.current_step, viewer.dims.events.ndisplay):
            listen(self, signal, self._on_view)

    def start(self, config: FinetuneConfig) -> bool:
        """Begin, with all that was corrected so far; raises `UserError` without a model."""
        load = self.session.model_loader()
        events = live_in_background(load, self.feed, config, self._stop)
        started = self.session.jobs.start(events, self._stop, self._on_event, self._on_finished, "Learning live", LIVE)
        if started:
            self._active = True
            for work in self.session.works:
                self._tell_all(work)
            self._show_view()
        return started

    # -- what is handed over ----------------------------------------------------------------------------------------

    def _tell_all(self, work: ImageWork) -> None:
        reviewed = work.reviewed
        get_trackers(self.session).of(work).take_touched()
        if reviewed is not None:
            for plane in np.ndindex(*work.shape[:-2]):
                if reviewed[plane].any():
                    self._tell(work, plane)

    def _on_tracker(self, work: ImageWork) -> None:
        touched = get_trackers(self.session).of(work).take_touched()
        if self._active:
            for plane in sorted(touched):
                self._tell(work, plane)

    def _tell(self, work: ImageWork, plane: PlaneIndex) -> None:
        """Hand over a plane, unless what is reviewed of it is as it was."""
        if work.labels is None or work.reviewed is None:
            return
        labels, reviewed = work.labels[plane].copy(), work.reviewed[plane] != 0
        key = work.key, plane
        if key not in self._told and not reviewed.any():
            return
        signature = zlib.crc32(np.packbits(reviewed).data, zlib.crc32(np.where(reviewed, labels, 0).data))
        if self._told.get(key) == signature:
            return
        self._told[key] = signature
        prediction = None if work.prediction is None else work.prediction[plane].copy()
        self.feed.put(PlaneNews(work.key, plane, work.seen, work.view, labels, prediction, reviewed, work.name))
        self._show_view()

    def _on_view(self, *_: object) -> None:
        if self._active:
            self._look.ask()

    def _show_view(self) -> None:
        self.feed.show(self._view() if self._active else None)

    def _view(self) -> LiveView | None:
        """What is in view; None where nothing can be kept up to date: in 3D, without a prediction, or of tracks."""
        work, dims = self.session.current, self.session.viewer.dims
        if work is None or work.labels is None or work.prediction is None or work.lineage is not None:
            return None
        region = work.visible_region() if dims.ndisplay == 2 else None
        if region is None:
            return None
        highest = int(present(work.labels_layer).selected_label) + _SPARE_IDS
        arrays = work.labels, work.prediction, work.reviewed
        return LiveView(
            work.key, work.plane_at(dims.point), region, work.seen, work.view, *arrays, work.locked, highest
        )

    # -- events, on the main thread ---------------------------------------------------------------------------------

    def _on_event(self, event: Any) -> None:
        if not isalive(self):
            return  # the panel was closed: the job is about to end
        if isinstance(event, ViewRefreshed):
            self._late = event
            self._write_late()
        else:
            self.advanced.emit(event)

    def _write_late(self) -> None:
        """Write the newest refresh, once no stroke is being made."""
        event, self._late = self._late, None
        work = next((one for one in self.session.works if event is not None and one.key == event.view.key), None)
        if event is None or work is None or not self._active:
            return
        written = write_refreshed(self.session, work, event)
        if written is None:
            self._late = self._late or event
            self._retry.ask()
        elif written:
            self._show_view()
            self.refreshed.emit(event)

    def _on_finished(self, outcome: Any) -> None:
        self._active = False
        if not isalive(self):
            return
        self.feed.show(None)
        for work in self.session.works:
            if work.prediction is not None:
                work.note_written()  # whoever looks at all of the labels does it now
        self.ended.emit(outcome)
