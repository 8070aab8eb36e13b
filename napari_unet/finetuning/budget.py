"""How the time is spent: all of it is bounded, and most of it goes into steps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from napari_unet.learning.clock.decisions import Decisions

SCORING_SHARE = 0.15
"""Share of the time that may go into scoring, the first and the last score included."""
_MOST_SCORES = 8
_ENOUGH_STEPS = 300
_LEAST_WITH_REPLAY = 2
_LONGER = 1.3  # than when it was measured may it take
_SPARE = 0.03  # of the time, for what nobody measured
_MOST_RESERVED = 1 / 3  # of the time, for what comes after the last step
_FIRST_SCORE = 0.1
"""Share of the training after which the first score comes at the latest: a gain is to be seen soon after the click."""
_FINE = 10_000  # parts of the training that progress is told in, where the clock tells it


class Budget:
    """The clock of one run, started when it is made.

    With `max_steps` all that happens depends on the number of steps, so that a run can be repeated exactly; the time is
    then only an upper bound. What the clock decides is kept in `decisions`, or taken from them.
    """

    def __init__(
        self, seconds: float, max_steps: int | None = None, clock: Callable[[], float] = time.perf_counter,
        decisions: Decisions | None = None,
    ) -> None:  # fmt: skip
        self.seconds = seconds
        self.decisions = decisions or Decisions()
        self.max_steps = max_steps
        self._clock = clock
        self._start = clock()
        self._training_start = 0.0
        self._reserve = 0.0
        self._score_seconds = 0.0
        self._step_seconds = 0.0
        self._marks: list[float] = []

    @property
    def elapsed(self) -> float:
        return self._clock() - self._start

    @property
    def left(self) -> float:
        return self.seconds - self.elapsed

    def plan(self, score_seconds: float, last_seconds: float = 0.0, optional_seconds: float = 0.0) -> None:
        """Start of training: plan the scores, each of which takes `score_seconds` (0: nothing is held out).

        `last_seconds` is what else is to be done after the last step, `optional_seconds` what can be left out.
        """
        self._training_start = self.elapsed
        self._score_seconds = score_seconds
        self.expect(score_seconds, last_seconds, optional_seconds)
        count = _MOST_SCORES
        if self.max_steps is None and score_seconds > 0:
            count = int(min(SCORING_SHARE * self.seconds / score_seconds - 1, _MOST_SCORES))
        count = max(1, min(_MOST_SCORES, count)) if score_seconds > 0 else 0
        if self.max_steps is not None:
            count = min(count, self.max_steps)
        marks = [(i + 1) / count for i in range(count)][:-1]  # the last score comes after the last step
        self._marks = [min(mark, _FIRST_SCORE) if i == 0 else mark for i, mark in enumerate(marks)]

    def expect(self, score_seconds: float, last_seconds: float, optional_seconds: float = 0.0) -> None:
        """Keep time for what is to be done after the last step, as it is known by now; as in `plan`.

        Where all of it would take much of the time, none is kept for what can be left out.
        """
        needed, spare = _LONGER * (score_seconds + last_seconds), _SPARE * self.seconds
        everything = needed + _LONGER * optional_seconds + spare
        self._reserve = everything if everything <= _MOST_RESERVED * self.seconds else needed + spare

    def took_longer_than(self, share: float, what: str) -> Callable[[], bool]:
        """Whether more than `share` of the time has gone from now; never with `max_steps`, so that runs repeat.

        `what` is done until then: what the question is called among the decisions.
        """
        start = self.elapsed
        most = math.inf if self.max_steps is not None else share * self.seconds
        return lambda: bool(self.decisions.take(f"enough {what}", lambda: self.elapsed - start > most))

    def took_seconds(self, seconds: float, what: str) -> Callable[[], bool]:
        """As `took_longer_than`, of so many seconds."""
        return self.took_longer_than(seconds / self.seconds, what)

    def can_spare(self, seconds: float, what: str) -> bool:
        """Whether there is time for something that can be left out; with `max_steps` always, so that runs repeat."""
        return bool(
            self.decisions.take(f"time for {what}", lambda: self.max_steps is not None or self.left > 1.2 * seconds)
        )

    def pace(self, step: int) -> float:
        """The `progress` that a step is made by: it decides how fast is learned."""
        if self.max_steps is not None:
            return self.progress(step)
        return self.decisions.take("progress", lambda: round(_FINE * self.progress(step))) / _FINE

    def progress(self, step: int) -> float:
        """Share of the training that is done, 0 to 1."""
        span = self.seconds - self._reserve - self._training_start
        share = (self.elapsed - self._training_start) / max(span, 1e-6)
        if self.max_steps is not None:
            share = step / self.max_steps if share < 1.0 else 1.0
        return min(1.0, share)

    def note_step(self, seconds: float) -> None:
        """A step took `seconds`."""
        self._step_seconds = seconds

    def steps_left(self) -> float:
        """How many more steps like the last one there is time for."""
        return max(0.0, self.left - self._reserve) / max(self._step_seconds, 1e-6)

    def has_time(self, step: int) -> bool:
        """Whether another step can be taken, and scored, before the time is over."""
        return self.progress(step) < 1.0 and self.left > self._reserve + 0.7 * self._step_seconds

    def seconds_left(self, step: int) -> float:
        """Until the end of the run, as far as can be told now."""
        if self.max_steps is None or step == 0:
            return max(0.0, self.left)
        spent = self.elapsed - self._training_start
        return max(0.0, min(self.left, spent / step * (self.max_steps - step) + self._score_seconds))

    def is_score_due(self, step: int) -> bool:
        """Whether a planned score is due; each is due once."""
        return bool(self.decisions.take("score", lambda: self._is_mark_passed(step)))

    def _is_mark_passed(self, step: int) -> bool:
        if not self._marks or self.progress(step) < self._marks[0]:
            return False
        while self._marks and self.progress(step) >= self._marks[0]:
            self._marks.pop(0)
        return True


def affordable_patches(patches: int, steps_left: float, with_replay: bool) -> int:
    """Patches a step, `patches` or fewer, if there is time for only `steps_left` more steps of so many.

    Learning moves on by steps: of the same number of patches, 180 steps of one taught far more than 30 of six (mean AP
    of cells in phase contrast .295 against .191, of chloroplasts .358 against .295, of brightfield .555 against .527:
    docs/benchmarks.md). Replay needs room beside what is new.
    """
    least = _LEAST_WITH_REPLAY if with_replay else 1
    return min(patches, max(least, round(patches * steps_left / _ENOUGH_STEPS)))


class Ticker:
    """Says yes at most once every `seconds`."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds = seconds
        self._clock = clock
        self._last = float("-inf")

    def __call__(self) -> bool:
        now = self._clock()
        if now - self._last < self.seconds:
            return False
        self._last = now
        return True

    def restart(self, seconds: float) -> None:
        """Count `seconds` from now."""
        self.seconds = seconds
        self._last = self._clock()
