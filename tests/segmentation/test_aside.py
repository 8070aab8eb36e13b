"""Who stops does not wait for what cannot be interrupted: a look at the image, a tile, the forming of objects."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from napari_unet.events import Finished, StopFlag
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.models.running.aside import Aside, Stopped
from napari_unet.segmentation import second_look as second_look_module
from napari_unet.segmentation import segment as segment_module
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import TileDone
from napari_unet.segmentation.second_look import look_again
from napari_unet.segmentation.segment import segment_steps
from napari_unet.segmentation.tiles.queue import TileQueue

CONFIG = SegmentConfig(
    diameter=18, tile=64, device="cpu", precision="float32", foreground_threshold=0.48, min_diameter=0.05
)
IMAGE = Image.from_array(np.random.default_rng(0).integers(0, 200, (200, 200)).astype(np.uint8), "YX")


@pytest.fixture
def stop() -> StopFlag:
    return StopFlag()


@pytest.fixture
def stuck(stop: StopFlag) -> Any:
    """Work during which *Stop* is clicked, and which does not end before the test does."""
    release = threading.Event()

    def work(*_: Any, **__: Any) -> None:
        stop.request()
        assert release.wait(60)

    yield work
    release.set()


def test_what_is_done_aside_is_given_back_and_so_are_errors(stop: StopFlag) -> None:
    with Aside(stop) as aside:
        assert aside.do(threading.get_ident) == aside.do(threading.get_ident) != threading.get_ident()
        with pytest.raises(ZeroDivisionError):
            aside.do(lambda: 1 // 0)
        assert aside.do(lambda: 3) == 3


def test_a_stop_leaves_the_work_at_hand_and_begins_no_other(stop: StopFlag, stuck: Any) -> None:
    begun: list[int] = []
    with Aside(stop) as aside:
        with pytest.raises(Stopped):
            aside.do(stuck)
        with pytest.raises(Stopped):
            aside.do(lambda: begun.append(1))
    assert not begun


def test_where_nobody_waits_work_is_done_to_its_end_by_who_asked_for_it(stop: StopFlag) -> None:
    stop.request()
    with Aside(stop, used=False) as aside:
        assert aside.do(threading.get_ident) == threading.get_ident()


@pytest.fixture
def run(stop: StopFlag, monkeypatch: Any, tiny_model: Any) -> Any:
    """Segment a plane that counts as large, and be stopped: the events, and the last one."""
    monkeypatch.setattr(segment_module, "_QUICKLY_FORMED", 100)

    def segment() -> tuple[list[Any], Finished[Any]]:
        *events, last = segment_steps(IMAGE, tiny_model, CONFIG, stop=stop, provisional=True)
        assert isinstance(last, Finished)
        assert last.stopped
        return events, last

    return segment


def test_stopped_during_the_first_look_nothing_is_there(run: Any, stuck: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(segment_module, "begin_segmenting", stuck)
    events, last = run()
    assert not events
    assert last.result.labels.shape == (200, 200)
    assert not last.result.done.any()


def test_stopped_during_a_tile_those_before_it_stay(run: Any, stuck: Any, monkeypatch: Any) -> None:
    answer, given = TileQueue.answer, []

    def third_is_stuck(queue: TileQueue) -> Any:
        given.append(1)
        return answer(queue) if len(given) < 3 else stuck()

    monkeypatch.setattr(TileQueue, "answer", third_is_stuck)
    events, last = run()
    tiles = [event for event in events if isinstance(event, TileDone)]
    assert len(tiles) == 2
    assert last.result.done.all()
    for event in tiles:
        np.testing.assert_array_equal(last.result.labels[event.region], event.labels)


def test_stopped_during_the_first_tile_nothing_is_there(run: Any, stuck: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(TileQueue, "answer", stuck)
    _, last = run()
    assert not last.result.done.any()


def test_stopped_while_a_large_plane_is_formed_the_labels_of_its_tiles_stay(
    run: Any, stuck: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(segment_module, "form", stuck)
    events, last = run()
    tiles = [event for event in events if isinstance(event, TileDone)]
    assert len(tiles) == tiles[0].total
    shown = np.zeros((200, 200), np.int32)
    for event in tiles:
        shown[event.region] = event.labels
    assert shown.any()
    np.testing.assert_array_equal(last.result.labels, shown)


def test_the_second_look_does_not_wait_for_a_tile(
    stop: StopFlag, stuck: Any, monkeypatch: Any, tiny_model: Any
) -> None:
    monkeypatch.setattr(second_look_module.TileQueue, "answer", stuck)
    (last,) = look_again(IMAGE, tiny_model, View(20), [()], CONFIG, stop)
    assert isinstance(last, Finished)
    assert last.stopped
