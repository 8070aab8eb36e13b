"""How many torch threads a step takes, found by trial.

All threads are quickest on a computer with nothing else to do. On a busy one they can be ten times slower than one
thread: a step has hundreds of short parallel parts, and at the end of each all wait for the thread that runs last.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from napari_unet.learning.clock.decisions import Decisions

_MUCH = 3.0
"""A step that takes this many times longer than when the choice was made is a reason to choose again."""


class ThreadChoice:
    """Times steps on one thread and on all, and goes on with what was quicker; chooses again if steps become slow.

    Outside of `step()` the number of threads is as it was.
    """

    def __init__(
        self, enabled: bool = True, clock: Callable[[], float] = time.perf_counter, decisions: Decisions | None = None
    ) -> None:
        self._decisions = decisions or Decisions()
        self._all = self._decisions.take("all threads", torch.get_num_threads)
        self._clock = clock
        self._enabled = enabled and self._all > 1
        self._restart()

    @property
    def threads(self) -> int:
        """Of the next step."""
        if not self._enabled:
            return self._all
        return self._plan[0] if self._plan else self._chosen

    @contextmanager
    def as_chosen(self, what: str = "scores") -> Iterator[None]:
        """Do other work on the number of threads that was chosen so far; `what` it is, among the decisions."""
        if self._enabled:
            torch.set_num_threads(self._decided(f"threads of {what}", min(self.threads, self._chosen)))
        try:
            yield
        finally:
            torch.set_num_threads(self._all)

    @contextmanager
    def step(self) -> Iterator[None]:
        """Do one step on the number of threads that is due, and time it."""
        if not self._enabled:
            yield
            return
        torch.set_num_threads(self._decided("threads of steps", self.threads))
        start = self._clock()
        try:
            yield
        finally:
            torch.set_num_threads(self._all)
        self._note(self._clock() - start)

    def _decided(self, what: str, number: int) -> int:
        return self._decisions.take(what, lambda: number)

    def _restart(self) -> None:
        # Twice each: the first step on another number of threads also prepares what torch keeps for the next ones.
        self._plan = [1, 1, self._all, self._all]
        self._seconds: dict[int, float] = {}
        self._chosen = self._all
        self._slow = 0

    def _note(self, seconds: float) -> None:
        if not self._plan:
            slow = seconds > _MUCH * self._seconds[self._chosen]
            self._slow = self._slow + 1 if slow else 0
            if self._slow > 2:
                self._restart()
            return
        tried = self._plan.pop(0)
        self._seconds[tried] = min(seconds, self._seconds.get(tried, seconds))
        hopeless = tried > 1 and seconds > _MUCH * self._seconds[1]
        if hopeless or not self._plan:
            self._plan = []
            self._chosen = min(self._seconds, key=lambda number: self._seconds[number])
