"""What is handed over while the model learns: nothing is lost, and only what is newest of a plane counts."""

from __future__ import annotations

import threading

import numpy as np

from napari_unet.finetuning.live.feed import LiveFeed, LiveView, PlaneNews
from napari_unet.images.image import Image
from napari_unet.images.view import View

IMAGE = Image(np.zeros((4, 4), np.float32), "YX")


def news(key: str, value: int) -> PlaneNews:
    labels = np.full((4, 4), value, np.int32)
    return PlaneNews(key, (), IMAGE, View(), labels, None, labels > 0)


def test_the_newest_of_each_plane_is_taken_once() -> None:
    feed = LiveFeed()
    for key, value in (("a", 1), ("b", 2), ("a", 3)):
        feed.put(news(key, value))
    assert feed.waiting
    taken, since = feed.take()
    assert [(one.key, int(one.labels.max())) for one in taken] == [("b", 2), ("a", 3)]
    assert since > 0
    assert not feed.waiting
    assert feed.take()[0] == []


def test_who_waits_is_woken_by_news() -> None:
    feed = LiveFeed()
    threading.Timer(0.05, lambda: feed.put(news("a", 1))).start()
    feed.wait(60)
    assert feed.waiting
    feed.wait(60)  # there is something already


def test_a_view_is_told_from_another_one_by_its_place() -> None:
    def view(region: tuple[slice, slice], **more: object) -> LiveView:
        return LiveView("a", (), region, IMAGE, View(), None, None, **more)  # type: ignore[arg-type]

    whole, part = (slice(0, 4), slice(0, 4)), (slice(0, 2), slice(0, 4))
    assert view(whole).place == view(whole, highest=7).place
    assert view(whole).place != view(part).place
