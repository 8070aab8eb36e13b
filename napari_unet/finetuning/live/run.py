"""Live mode: learns a little after every correction, and says what the view looks like then. A generator of events.

It learns from everything that was reviewed; so nothing is left to be scored on, and nothing of it is kept but what it
showed. Who stops it fine-tunes on the same corrections, some of which are held out then: that gives a child, and a
verdict on it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.live.events import Learned, LeftOut, LiveResult, ViewRefreshed, Waiting
from napari_unet.finetuning.live.feed import LiveFeed, PlaneNews
from napari_unet.finetuning.live.learner import LiveLearner
from napari_unet.models.model import Model

LiveEvent = Learned | LeftOut | ViewRefreshed | Waiting | Finished[LiveResult]

FIRST_SECONDS = 0.8
"""Of steps after a correction, until the view is refreshed."""
MOST_STEPS = 40
"""After a correction; then it rests until there is more to learn."""
_LEAST_STEPS = 2  # after a correction, however slow they are
_REFRESH_SECONDS = 4.0  # between two refreshes while it goes on learning from the same
_BEGIN = 0.1  # where on the way of the learning rate the steps after a correction begin; at 1 they have come to rest
_PAUSE = 0.2  # seconds between two looks at whether to stop, while there is nothing to do


def live_steps(
    model: Model, feed: LiveFeed, config: FinetuneConfig | None = None, stop: StopFlag | None = None
) -> Iterator[LiveEvent]:
    """Learn from whatever comes through `feed`, as it comes, until `stop`.

    Yields `Learned` and `ViewRefreshed` after each correction, `Waiting` while there is nothing to do, and `Finished`
    at the end. What `model` is made of does not change.
    """
    config, stop = config or FinetuneConfig(), stop or StopFlag()
    run = _Live(model, feed, config)
    while not stop.requested:
        if feed.waiting:
            yield from run.take()
        if run.has_steps:
            yield from run.advance()
        else:
            yield from run.rest()
    yield Finished(LiveResult(run.steps, run.n_objects, run.n_refreshed), stopped=True)


class _Live:
    """One live mode, from the first correction to the last."""

    def __init__(self, model: Model, feed: LiveFeed, config: FinetuneConfig) -> None:
        # planes come one by one
        self.parent, self.feed, self.config = model, feed, config.model_copy(update={"dimensions": "2"})
        if model.record.architecture.ndim != 2:
            raise UserError(f"{model.name} is a 3D model; choose a 2D one, to have it learn live.")
        self.learner: LiveLearner | None = None
        self.n_refreshed = 0
        self._since = 0.0  # when the newest correction was handed over
        self._left = 0  # steps until it rests
        self._refresh_at = np.inf  # time.monotonic
        self._shown: tuple[object, int] | None = None  # place and steps of the last refresh

    @property
    def steps(self) -> int:
        return 0 if self.learner is None else self.learner.trainer.steps

    @property
    def n_objects(self) -> int:
        return 0 if self.learner is None else self.learner.planes.n_objects

    @property
    def has_steps(self) -> bool:
        return self._left > 0

    def take(self) -> Iterator[LiveEvent]:
        """Make ready what is new, and learn first of it."""
        news, self._since = self.feed.take()
        for one in news:
            try:
                self._learn_from(one)
            except UserError as error:
                yield LeftOut(str(error))
        if self.learner is not None and self.learner.has_material:
            self._left = MOST_STEPS
            self._refresh_at = time.monotonic() + FIRST_SECONDS

    def _learn_from(self, news: PlaneNews) -> None:
        if self.learner is None:
            if not news.reviewed.any():
                return
            self.learner = LiveLearner(self.parent, news, self.config)
        self.learner.take(news, hurried=self.feed.waiting)

    def advance(self) -> Iterator[LiveEvent]:
        """One step, and the view when it is due."""
        assert self.learner is not None
        done = MOST_STEPS - self._left
        loss = self.learner.step(_BEGIN + (1 - _BEGIN) * done / MOST_STEPS)
        self._left -= 1
        if done == 0:
            yield Learned(self.n_objects, self.steps, loss, time.monotonic() - self._since)
        due = time.monotonic() >= self._refresh_at and done + 1 >= _LEAST_STEPS
        if due or self._left == 0:
            yield from self.refresh()

    def rest(self) -> Iterator[LiveEvent]:
        """Nothing to learn: keep the view up to date, if it is another one."""
        view = self.feed.view
        if self.learner is not None and self.steps and view is not None and (view.place, self.steps) != self._shown:
            yield from self.refresh()
        yield Waiting(self.n_objects, self.steps)
        self.feed.wait(_PAUSE)

    def refresh(self) -> Iterator[LiveEvent]:
        """What the view looks like by now."""
        self._refresh_at = time.monotonic() + _REFRESH_SECONDS
        view = self.feed.view
        if view is None or self.learner is None:
            return
        self._shown = view.place, self.steps
        found = self.learner.look(view)
        if found is not None:
            self.n_refreshed += 1
            yield ViewRefreshed(view, *found, self.steps, time.monotonic() - self._since)
