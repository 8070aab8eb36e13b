"""The one place that runs long work: one job at a time a session, in one background thread of its own.

Work is a generator of small events (see `napari_unet.events`). The thread puts them in a queue; a timer on the main
thread takes them out, ten times a second and never for longer than a few milliseconds, so that the window stays alive
however fast they come. The timer runs only while a job does, and does not ask what has changed: it sets the pace. Were
each event a signal of its own, thousands of tiles would reach the window one by one, in the midst of a stroke.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from psygnal import Signal
from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer

from napari_unet.events import Failed, StopFlag
from napari_unet.ui.session.running.threads import ClosingWorker, JobOutcome, WorkerThread, run_in_thread

SEGMENT, FINETUNE, LIVE = "segment", "finetune", "live"
"""Owners of jobs: the step that began one."""
# Work polls its stop flag at each tile or step: this is reached where a drive does not answer.
CLOSING_PATIENCE_SECONDS = 10.0
INTERVAL_MS, BACKLOG_MS = 100, 20
# Main-thread time given to events at each tick; the rest waits for the next one.
BUDGET_SECONDS = 0.012
# While a job runs the main thread gets Python's lock back after this, a tenth of the usual time: the longest wait that
# `benchmarks/responsiveness.py` prints was a little shorter with it.
SWITCH_SECONDS = 0.0005


@dataclass(eq=False)
class Job:
    """What is running: its title in plain words, the step it belongs to, and its stop flag."""

    title: str
    owner: str
    stop: StopFlag
    about: tuple[Any, ...] = ()  # the `ImageWork`s it works on: it ends with their layers
    spare: bool = False  # nobody waits for it: it may be stopped for anything else, and begins anew by itself
    started: float = field(default_factory=time.monotonic)

    @property
    def stopping(self) -> bool:
        return self.stop.requested


class JobRunner(QObject):
    """Runs one job at a time. `changed` tells that `job` is another one, was stopped, or is None again."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.job: Job | None = None
        self.closed = False
        # One thread that stays: a priority once lowered cannot be raised, so napari's own pool is left alone.
        self._thread = WorkerThread()
        self._queue: deque[Any] = deque()
        self._worker: ClosingWorker | None = None
        self._outcome: JobOutcome = None
        self._done = False
        self._on_event: Callable[[Any], None] = _ignore
        self._on_finished: Callable[[JobOutcome], None] = _ignore
        self._timer = QTimer(self, interval=INTERVAL_MS)
        self._timer.timeout.connect(self._on_tick)

    def start(
        self,
        events: Iterator[Any],
        stop: StopFlag,
        on_event: Callable[[Any], None] | None = None,
        on_finished: Callable[[JobOutcome], None] | None = None,
        title: str = "Working",
        owner: str = "",
        about: Iterable[Any] = (),
        spare: bool = False,
    ) -> bool:
        """Run `events` in the background; False (and nothing happens) while another job runs.

        `on_event` gets each event and `on_finished` the outcome, on the main thread, in order. The outcome is
        `Finished`, `Failed`, or None for a generator that ended without either. `job` is None again by then. `about`
        are the images (`ImageWork`) whose layers the job needs: it is stopped once one of these is removed. What is
        `spare` may be stopped for anything else.
        """
        if self.job is not None or self.closed:
            return False
        self._on_event, self._on_finished = on_event or _ignore, on_finished or _ignore
        self._queue, self._outcome, self._done = deque(), None, False
        self._worker = run_in_thread(events, self._queue)
        self._worker.pool = self._thread
        self._worker.returned.connect(self._on_returned)
        self._worker.errored.connect(self._on_errored)
        self._worker.finished.connect(self._on_worker_finished)
        self.job = Job(title, owner, stop, tuple(about), spare)
        _hurry(self, True)
        self._worker.start()
        self._timer.start()
        self.changed.emit()
        return True

    def stop(self, owner: str | None = None) -> None:
        """Ask the job to stop at its next step and keep what is done; with `owner` only if it is that step's."""
        if self.job is not None and owner in (None, self.job.owner) and not self.job.stop.requested:
            self.job.stop.request()
            self.changed.emit()

    def stop_about(self, work: Any) -> None:
        """Stop the job if it works on this image: a layer that it needs is gone."""
        if self.job is not None and any(work is about for about in self.job.about):
            self.stop()

    def shutdown(self) -> None:
        """Stop for good, because the window closes: no callback is called any more, and the thread has ended.

        One that is still in the midst of a step after some seconds is left behind, and ends with the program.
        """
        if self.closed:
            return
        self.closed = True
        self._timer.stop()
        self._on_event = self._on_finished = _ignore
        _hurry(self, False)
        if self.job is not None and self._worker is not None:
            self.job.stop.request()
            self._worker.quit()
        self._thread.end(CLOSING_PATIENCE_SECONDS)
        self.job = self._worker = None

    def _on_returned(self, outcome: JobOutcome) -> None:
        self._outcome = outcome

    def _on_errored(self, error: BaseException) -> None:
        self._outcome = Failed(f"This should not have happened: {type(error).__name__}: {error}", error)

    def _on_worker_finished(self) -> None:
        self._done = True

    def _on_tick(self) -> None:
        until = time.perf_counter() + BUDGET_SECONDS
        while self._queue and time.perf_counter() < until:
            self._tell(self._on_event, self._queue.popleft())
        # What is left over is done soon, not at the usual pace: events of a large image come faster than that.
        self._timer.setInterval(BACKLOG_MS if self._queue else INTERVAL_MS)
        if self._done and not self._queue and self.job is not None:
            self._finish()

    def _finish(self) -> None:
        # The job is over before its owner hears of it: the owner may start the next one from there.
        self._timer.stop()
        _hurry(self, False)
        self.job = self._worker = None
        self._on_finished, on_finished = _ignore, self._on_finished
        outcome, self._outcome = self._outcome, None
        self._tell(on_finished, outcome)
        self.changed.emit()

    def _tell(self, callback: Callable[[Any], None], value: Any) -> None:
        """Call a method of the job's owner, unless Qt has it no more (its panel was closed): then the job ends."""
        bound = callback.func if isinstance(callback, partial) else callback
        owner = getattr(bound, "__self__", None)
        if not isinstance(owner, QObject) or isalive(owner):
            callback(value)
        elif self.job is not None:
            self.job.stop.request()


_hurried: set[int] = set()
_usual_switch = sys.getswitchinterval()


def _hurry(runner: JobRunner, running: bool) -> None:
    """Switch threads quickly for as long as any runner has a job."""
    global _usual_switch
    if running and not _hurried:
        _usual_switch = sys.getswitchinterval()
    (_hurried.add if running else _hurried.discard)(id(runner))
    sys.setswitchinterval(SWITCH_SECONDS if _hurried else _usual_switch)


def _ignore(_: Any) -> None:
    """Take an event that nobody asked for."""
