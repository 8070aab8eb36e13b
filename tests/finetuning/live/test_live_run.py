"""Live mode without a window: what is corrected is learned and shown, and nothing that a person did is overwritten."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
from discs import draw_discs

from napari_unet.events import Finished, StopFlag
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.live.events import Learned, LiveResult, ViewRefreshed, Waiting
from napari_unet.finetuning.live.feed import LiveFeed, LiveView, PlaneNews
from napari_unet.finetuning.live.run import MOST_STEPS, live_steps
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.learning.augmentation import augmentation_for
from napari_unet.learning.sampler import BatchSampler
from napari_unet.models.model import Model

QUICK = FinetuneConfig(learning_rate=1e-2, patch=64, batch_size=2, device="cpu")
LOOK = View(18.0)


class Desk:
    """An image of discs of which the model found nothing, with what a person drew in the upper part."""

    def __init__(self, rows: int = 96) -> None:
        pixels, self.truth = draw_discs()
        self.image = Image(pixels, "YX", name="discs")
        self.labels, self.prediction = np.zeros_like(self.truth), np.zeros_like(self.truth)
        self.reviewed = np.zeros(self.truth.shape, bool)
        self.reviewed[:rows] = True
        drawn = [key for key in np.unique(self.truth[:rows]) if key and not (self.truth[rows:] == key).any()]
        self.labels[np.isin(self.truth, drawn)] = self.truth[np.isin(self.truth, drawn)]
        self.reviewed[(self.truth > 0) & (self.labels == 0)] = False
        self.feed = LiveFeed()

    def tell(self, key: str = "discs") -> None:
        parts = self.labels.copy(), self.prediction.copy(), self.reviewed.copy()
        self.feed.put(PlaneNews(key, (), self.image, LOOK, *parts))

    def show(self, **options: Any) -> None:
        region = (slice(0, self.labels.shape[0]), slice(0, self.labels.shape[1]))
        arrays = self.labels, self.prediction, self.reviewed
        self.feed.show(LiveView("discs", (), region, self.image, LOOK, *arrays, **options))

    def write(self, event: ViewRefreshed) -> None:
        """What the window does with it."""
        assert (self.labels[event.rows, event.columns] == event.before).all()
        self.labels[event.rows, event.columns] = self.prediction[event.rows, event.columns] = event.after


def until(events: Iterator[Any], kind: type, desk: Desk, most: int = 3000) -> Any:
    """The first event of `kind`; what is to be shown meanwhile is written."""
    for event in itertools.islice(events, most):
        if isinstance(event, ViewRefreshed):
            desk.write(event)
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__} came")


def test_what_is_drawn_is_learned_and_the_rest_of_the_view_follows(tiny_model: Model, monkeypatch) -> None:
    desk, stop, varied, make = Desk(), StopFlag(), [], BatchSampler.__init__
    monkeypatch.setattr(BatchSampler, "__init__", lambda *args: varied.append(args[-1]) or make(*args))
    drawn = desk.labels.copy()
    desk.show()
    events = live_steps(tiny_model, desk.feed, QUICK, stop)
    assert isinstance(next(events), Waiting)  # nothing is there yet
    desk.tell()
    learned = until(events, Learned, desk)
    assert learned.n_objects == len(np.unique(drawn)) - 1
    for _ in range(3):
        until(events, Waiting, desk)
        desk.tell()
    found = desk.labels[~desk.reviewed] > 0
    truth = desk.truth[~desk.reviewed] > 0
    assert (found & truth).sum() > 0.7 * (found | truth).sum()
    np.testing.assert_array_equal(desk.labels[desk.reviewed], drawn[desk.reviewed])
    stop.request()
    end = next(event for event in events if isinstance(event, Finished))
    assert isinstance(end.result, LiveResult)
    assert end.result.steps >= MOST_STEPS
    assert end.result.n_refreshed > 0
    assert varied == [augmentation_for(untrained=False)]
