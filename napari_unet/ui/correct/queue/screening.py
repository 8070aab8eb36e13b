"""Keeps, for each image of a session, what is known of its objects: measured in the background, edits followed at once.

The background work gives way to what the user asks for: it stops when a job begins, and goes on where it was when the
job has ended.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.compat import isalive
from qtpy.QtCore import QObject, Signal

from napari_unet.events import Failed, Finished, StopFlag
from napari_unet.heads.registry import find_head
from napari_unet.review.queue import QueueOrder, ReviewQueue
from napari_unet.review.screening import ObjectScreening, ScreenedEdit
from napari_unet.ui.correct.queue.state import ScreeningState, basis_of, rows_of
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.running.pacing import Debounced, Throttled
from napari_unet.ui.session.running.threads import run_errand
from napari_unet.ui.session.trackers import get_trackers
from napari_unet.workflows.screening import PlaneScreened, screening_steps

if TYPE_CHECKING:
    from napari_unet.labels.stacks.sections import Sections
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

SETTLE_MS = 200  # several signals come with one change of the labels
SHOW_MS = 300  # between two refreshes of the list while planes come in
LARGE_EDIT = 2**19
"""Pixels around an edit from which they are measured in a thread: more would hold up the next stroke."""


class ScreeningKeeper(QObject):
    """Screenings of all images of a session.

    `changed` (work): more is known, or something was edited or reviewed. `progressed` (work, text, done, total): how
    far the background work is; `done` == `total` when there is nothing to do.
    """

    changed = Signal(object)
    progressed = Signal(object, str, int, int)

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._trackers = session, get_trackers(session)
        self._states: dict[str, ScreeningState] = {}
        self._stopped: set[str] = set()  # by the user: not begun again by itself
        self._running: ImageWork | None = None
        self._waits = False  # for work to end that nobody waits for
        self._undrawn: set[str] = set()
        self._settle = Debounced(self, self._begin, SETTLE_MS)
        self._show = Throttled(self, self._tell, SHOW_MS)
        self._trackers.changed.connect(self._on_tracker)
        for signal in (session.prediction_changed, session.labels_changed, session.image_changed):
            listen(self, signal, self._on_labels)
        listen(self, session.images_changed, self._on_images)
        listen(self, session.current_changed, self._on_images)
        listen(self, session.jobs.changed, self._on_jobs)
        listen(self, session.background.changed, self._settle_again)
        self._settle.ask()

    # -- what others ask ---------------------------------------------------------------------------------------------

    def screening(self, work: ImageWork | None) -> ObjectScreening | None:
        """What is known of an image; None while nothing is."""
        state = None if work is None else self._states.get(work.key)
        return state.screening if state is not None and state.measured and state.basis == basis_of(work) else None

    def queue(self, work: ImageWork, order: QueueOrder | None = None) -> ReviewQueue | None:
        """The objects of an image in an order, with what is reviewed of them now; None while nothing is known."""
        screening = self.screening(work)
        return None if screening is None else ReviewQueue(screening.table, screening.reviewed(work.reviewed), order)

    def problem(self, work: ImageWork) -> str | None:
        """Why the model could not look again at an image, None if it could."""
        state = self._states.get(work.key)
        return None if state is None else state.failed

    @property
    def busy(self) -> bool:
        return self._settle.waiting or self._waits or self._running is not None

    def stop(self) -> None:
        """Leave it at what is known, for the image that is being worked on."""
        if self._running is not None:
            self._stopped.add(self._running.key)
            self._session.background.stop()

    @property
    def _gone(self) -> bool:
        """Whether the panel or the window was closed while a thread was still at work."""
        return not isalive(self) or self._session.background.closed

    # -- when to work ------------------------------------------------------------------------------------------------

    def _on_labels(self, work: ImageWork) -> None:
        state = self._states.get(work.key)
        if state is not None and state.basis != basis_of(work):
            del self._states[work.key]
            self._stopped.discard(work.key)
            if self._running is work:
                self._session.background.stop()
            self.changed.emit(work)
        self._settle.ask()

    def _on_images(self) -> None:
        here = {work.key for work in self._session.works}
        for key in self._states.keys() - here:
            del self._states[key]
        if self._running is not None and self._running.key not in here:
            self._session.background.stop()
        self._settle.ask()

    def _on_jobs(self) -> None:
        if self._session.job is not None:
            self._session.background.stop()
        else:
            self._settle.ask()

    def _settle_again(self) -> None:
        if self._session.background.job is None:
            self._settle.ask()

    def _begin(self) -> None:
        """Begin with what is not known yet: the current image first."""
        session = self._session
        if session.background.closed or session.viewer is None:
            return  # the window is gone, and this timer was still running
        other = session.background.job
        self._waits = session.job is None and other is not None and other.spare
        if self._waits:
            session.background.stop()
        if session.job is not None or other is not None:
            return  # its end comes here again
        works = sorted(session.works, key=lambda work: work is not session.current)
        for work in works:
            if work.key not in self._stopped and self._start(work):
                return

    def _start(self, work: ImageWork) -> bool:
        labels = work.labels
        if labels is None or not work.head.draws_objects or (work.prediction is None and not labels.any()):
            return False  # of classes there are no objects
        state = self._states.get(work.key)
        if state is None or state.basis != basis_of(work):
            state = self._states[work.key] = ScreeningState(ObjectScreening(work.shape, work.axes), basis_of(work))
        remaining = state.remaining(work.plane_at(self._session.viewer.dims.point))
        entry = self._session.model_entry
        if entry is not None and not find_head(entry.record).draws_objects:
            return False  # labels are classes, not objects
        load = None if entry is None else self._session.model_loader()
        if not remaining[0] and (load is None or not remaining[1]):
            return False
        stop = StopFlag()
        events = screening_steps(labels, work.axes, work.seen, load, work.view, remaining, stop, self._session.engine)
        started = self._session.background.start(
            events,
            stop,
            lambda event: self._on_event(work, state, event),
            lambda outcome: self._on_finished(work, state, outcome),
            f"Looking for suspicious objects in {work.name}",
            "review",
            [work],
        )
        self._running = work if started else None
        if started:
            self.progressed.emit(work, "Measuring objects", 0, 0)
        return started

    def _on_event(self, work: ImageWork, state: ScreeningState, event: PlaneScreened | None) -> None:
        if self._gone:
            self._session.background.stop()
            return
        if event is None or self._states.get(work.key) is not state or work.labels is None:
            return
        state.screening.adopt(event.plane, event.sections)
        state.measured.add(event.plane)
        if event.missed is not None:
            state.screening.adopt_missed(work.labels, event.plane, event.missed)
            state.looked.add(event.plane)
        state.differences.pop(event.plane, None)  # edits since are followed again
        what = "Looking again" if event.missed is not None else "Measuring objects"
        text = f"{what}: {event.done} of {event.total}" if event.total > 1 else what
        self.progressed.emit(work, text, event.done, max(event.total, event.done + 1))
        self._undrawn.add(work.key)
        self._show.ask()

    def _on_finished(self, work: ImageWork, state: ScreeningState, outcome: Any) -> None:
        self._running = None
        if self._gone:
            return
        if isinstance(outcome, Failed):
            state.failed = outcome.message
        elif isinstance(outcome, Finished) and not outcome.stopped:
            state.looked.update(state.screening.planes)  # planes without objects, and models that do not look
        self._undrawn.add(work.key)
        self._tell()
        self.progressed.emit(work, "", 1, 1)

    def _tell(self) -> None:
        keys, self._undrawn = self._undrawn, set()
        for work in self._session.works:
            if work.key in keys:
                self._follow(work)
                self.changed.emit(work)

    # -- edits ------------------------------------------------------------------------------------------------------

    def _on_tracker(self, work: ImageWork) -> None:
        if self.screening(work) is not None:
            self._follow(work)
            self.changed.emit(work)

    def _follow(self, work: ImageWork) -> None:
        """Measure again what differs from the prediction in another way than it did."""
        state, tracker, labels = self._states.get(work.key), self._trackers.of(work), work.labels
        if state is None or labels is None or self.screening(work) is None:
            return
        for plane in {*tracker.changed_planes, *state.differences}:
            if plane not in state.measured or plane in state.in_thread:
                continue
            now = rows_of(tracker.difference(plane))
            edited = now ^ state.differences.get(plane, set())
            state.differences[plane] = now
            if edited:
                rows = np.array(sorted(edited))
                low, high = rows[:, 3:].min(axis=0), rows[:, 3:].max(axis=0)
                box = (int(low[0]), int(high[1]), int(low[2]), int(high[3]))
                edit = state.screening.plan_update(plane, rows[:, :2].ravel().tolist(), box)
                self._measure(work, state, edit, labels)

    def _measure(self, work: ImageWork, state: ScreeningState, edit: ScreenedEdit, labels: Any) -> None:
        if edit.n_pixels < LARGE_EDIT:
            state.screening.finish_update(labels, edit, state.screening.measure_again(labels, edit))
            return
        state.in_thread.add(edit.plane)
        run_errand(lambda: state.screening.measure_again(labels, edit), self._on_measured, work, state, edit)

    def _on_measured(
        self, found: Sections | Failed, work: ImageWork, state: ScreeningState, edit: ScreenedEdit
    ) -> None:
        state.in_thread.discard(edit.plane)
        if self._gone or self._states.get(work.key) is not state or self.screening(work) is None or work.labels is None:
            return
        if isinstance(found, Failed):  # the plane is measured anew
            state.measured.discard(edit.plane)
            self._settle.ask()
            return
        state.screening.finish_update(work.labels, edit, found)
        self._follow(work)  # what was edited meanwhile
        self.changed.emit(work)
