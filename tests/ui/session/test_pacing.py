"""Work on the main thread: once after many calls, now if one asks for it, and in slices that leave the window alive."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from qtpy.compat import isalive
from qtpy.QtCore import QCoreApplication, QEvent, QObject, QTimer

from napari_unet.ui.session.running.pacing import Debounced, Slices, Throttled


def test_many_asks_are_one_call_and_it_knows_while_it_waits(qtbot: Any) -> None:
    owner, calls = QObject(), []
    later = Debounced(owner, lambda: calls.append(later.waiting), 5)
    for _ in range(3):
        later.ask()
    assert later.waiting
    assert not calls
    qtbot.waitUntil(lambda: bool(calls), timeout=20_000)
    assert calls == [False]


def test_what_waits_can_be_done_now_or_left(qtbot: Any) -> None:
    owner, calls = QObject(), []
    later = Debounced(owner, lambda: calls.append(1), 30_000)
    later.finish()
    assert not calls
    later.ask()
    later.finish()
    assert calls == [1]
    later.ask()
    later.cancel()
    assert not later.waiting
    later.finish()
    assert calls == [1]


def test_asked_without_pause_it_still_comes_to_its_turn(qtbot: Any) -> None:
    owner, calls = QObject(), []
    often = Throttled(owner, lambda: calls.append(1), 20)
    asking = QTimer(owner)
    asking.timeout.connect(often.ask)
    asking.start(1)
    qtbot.waitUntil(lambda: len(calls) > 2, timeout=20_000)
    asking.stop()


def test_slices_let_other_events_through_and_end_once(qtbot: Any) -> None:
    owner, log = QObject(), []
    slices = Slices(owner, lambda: log.append("end"), budget=0.0)

    def steps() -> Iterator[None]:
        for number in range(3):
            log.append(number)
            QTimer.singleShot(0, lambda: log.append("event"))
            yield

    slices.start(steps())
    assert slices.busy
    qtbot.waitUntil(lambda: "end" in log, timeout=20_000)
    assert not slices.busy
    assert [entry for entry in log if entry != "event"] == [0, 1, 2, "end"]
    assert log.index("event") < log.index(2)


def test_slices_can_be_finished_at_once_or_left(qtbot: Any) -> None:
    owner, log = QObject(), []
    slices = Slices(owner, lambda: log.append("end"))
    slices.start(log.append(number) for number in range(3))
    slices.finish()
    assert log == [0, 1, 2, "end"]
    slices.start(log.append(number) for number in range(3))
    slices.stop()
    slices.finish()
    assert log == [0, 1, 2, "end"]


@pytest.mark.parametrize("kind", [Debounced, Throttled])
def test_work_may_take_away_what_it_belongs_to(qtbot: Any, kind: Any) -> None:
    """As a question in the midst of it does, if the window is closed while it is open."""
    parent, done = QObject(), []

    def work() -> None:
        done.append(isalive(parent))
        parent.deleteLater()
        QCoreApplication.sendPostedEvents(parent, QEvent.Type.DeferredDelete)

    soon = kind(parent, work, 1)
    soon.ask()
    qtbot.waitUntil(lambda: not isalive(soon), timeout=20_000)
    assert done == [True]
