"""When the main thread works: a moment after the last call, or in slices of a few milliseconds between its events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from qtpy.QtCore import QObject, QTimer
from superqt.utils import QSignalDebouncer, QSignalThrottler

from napari_unet.ui.session.napari_private import Perishable

# Of the event loop, at one go; and the pause that it gets in return.
BUDGET_SECONDS = 0.004
PAUSE_MS = 4


class Debounced(Perishable, QSignalDebouncer):
    """Calls `work` once `quiet_ms` have passed since the last `ask`; 0: after the event that is being handled.

    superqt's debouncer, which can also tell whether it is `waiting`.
    """

    def __init__(self, parent: QObject, work: Callable[[], object], quiet_ms: int) -> None:
        super().__init__(parent=parent)
        self.setTimeout(quiet_ms)
        self.waiting = False
        self._work = work
        self.triggered.connect(self._on_triggered)

    def ask(self) -> None:
        self.waiting = True
        self.throttle()

    def cancel(self) -> None:
        """Leave it."""
        self.waiting = False
        super().cancel()

    def finish(self) -> None:
        """Do it now, if it was asked for."""
        if self.waiting:
            self.cancel()
            self._work()

    def _on_triggered(self) -> None:
        self.waiting = False
        self._work()


class Throttled(Perishable, QSignalThrottler):
    """Calls `work` at most once in `ms`, and always once more after the last `ask`: superqt's throttler."""

    def __init__(self, parent: QObject, work: Callable[[], object], ms: int) -> None:
        super().__init__(QSignalThrottler.EmissionPolicy.Trailing, parent)
        self.setTimeout(ms)
        self.triggered.connect(work)

    def ask(self) -> None:
        self.throttle()


class Slices(QObject):
    """Carries out steps (an iterator) between the events of the window, then calls `on_end`.

    Each slice takes as many steps as fit into `budget` seconds, at least one; the window has `PAUSE_MS` for itself
    after it. So a step should not take longer than a person may wait for a stroke to appear.
    """

    def __init__(self, parent: QObject, on_end: Callable[[], object], budget: float = BUDGET_SECONDS) -> None:
        super().__init__(parent)
        self._on_end, self._budget = on_end, budget
        self._steps: Iterator[object] | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._work_on)

    @property
    def busy(self) -> bool:
        return self._steps is not None

    def start(self, steps: Iterator[object]) -> None:
        """Begin with `steps`, in place of those that are not finished."""
        self._steps = steps
        self._timer.start()

    def stop(self) -> None:
        """Leave what is not done; `on_end` is not called."""
        self._timer.stop()
        self._steps = None

    def finish(self) -> None:
        """Do at once what is left."""
        if self._steps is not None:
            for _ in self._steps:
                pass
            self._end()

    def _work_on(self) -> None:
        until = time.perf_counter() + self._budget
        for _ in self._steps or ():
            if time.perf_counter() > until:
                return
        self._end()

    def _end(self) -> None:
        self.stop()
        self._on_end()
