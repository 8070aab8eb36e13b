"""Errands run beside the main thread and report to it; nothing is called once the one who sent them is gone."""

from __future__ import annotations

import re
import threading
from collections import deque
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtCore import QObject, Signal
from superqt.utils._qthreading import WorkerBase

import napari_unet.ui
from napari_unet.errors import UserError
from napari_unet.events import Failed
from napari_unet.ui.session.running import threads
from napari_unet.ui.session.running.threads import run_errand, run_in_thread


class Sender(QObject):
    came = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Any] = []

    def take(self, found: Any, *context: Any) -> None:
        self.found.append((found, context, threading.current_thread()))


def test_an_errand_runs_in_another_thread_and_reports_on_the_main_one(qtbot: Any) -> None:
    sender = Sender()
    run_errand(threading.current_thread, sender.take, "of", 3)
    qtbot.waitUntil(lambda: bool(sender.found), timeout=20_000)
    found, context, thread = sender.found[0]
    assert found is not threading.main_thread()
    assert context == ("of", 3)
    assert thread is threading.main_thread()


def test_an_errand_that_fails_says_so(qtbot: Any, caplog: pytest.LogCaptureFixture) -> None:
    sender = Sender()

    def fail() -> None:
        raise MemoryError("no room")

    run_errand(fail, sender.take)
    qtbot.waitUntil(lambda: bool(sender.found), timeout=20_000)
    failed = sender.found[0][0]
    assert isinstance(failed, Failed)
    assert "no room" in failed.message
    assert "An errand failed" in caplog.text


def test_an_errand_that_has_something_to_say_to_the_user_is_no_fault_of_the_program(
    qtbot: Any, caplog: pytest.LogCaptureFixture
) -> None:
    sender = Sender()

    def refuse() -> None:
        raise UserError("Put the file there again.")

    run_errand(refuse, sender.take)
    qtbot.waitUntil(lambda: bool(sender.found), timeout=20_000)
    assert sender.found[0][0].message == "Put the file there again."
    assert not caplog.text


def test_nothing_is_handed_to_an_application_that_ends(qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Qt's objects are deleted when the program ends: a thread that is in the midst of one then crashes it."""
    sender, courier = Sender(), threads._courier()
    emitted: list[bool] = []
    courier.brought.connect(lambda _: emitted.append(True))
    monkeypatch.setattr(threads, "_ended", threading.Event())
    with threads._delivering:  # as in the midst of handing over: the end waits for it
        end = threading.Thread(target=threads._end)
        end.start()
        end.join(0.2)
        assert end.is_alive()
    end.join(20)
    go, before = threading.Event(), set(threading.enumerate())
    run_errand(lambda: go.wait(20), sender.take)
    (errand,) = set(threading.enumerate()) - before
    go.set()
    errand.join(20)
    qtbot.wait(50)
    assert not sender.found
    assert not emitted


def test_who_is_gone_hears_nothing(qtbot: Any) -> None:
    gone, other, go = Sender(), Sender(), threading.Event()
    heard = gone.found
    run_errand(lambda: go.wait(20), gone.take)
    del gone
    go.set()
    run_errand(lambda: None, other.take)
    qtbot.waitUntil(lambda: bool(other.found), timeout=20_000)
    assert not heard


def test_no_other_module_of_the_window_makes_threads_or_repeating_timers() -> None:
    folder = Path(napari_unet.ui.__file__).parent
    making, repeating = set(), set()
    for path in folder.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        name = path.relative_to(folder).as_posix()
        if re.search(r"threading\.Thread\(|@thread_worker|create_worker|ThreadPoolExecutor|import QThread\b", text):
            making.add(name)
        if "QTimer(" in text:
            repeating.add(name)
    assert making == {"session/running/threads.py"}
    # The pace of a job's events, and of work between the window's events; neither asks whether something has changed.
    assert repeating == {"session/jobs.py", "session/running/pacing.py"}


def test_a_worker_whose_window_is_gone_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that leaves a thread of Qt's ends the process."""
    worker = run_in_thread(iter(()), deque())

    def fail(sentence: str) -> Any:
        def run(self: Any) -> None:
            raise RuntimeError(sentence)

        return run

    monkeypatch.setattr(WorkerBase, "run", fail("wrapped C/C++ object of type Signals has been deleted"))
    worker.run()
    monkeypatch.setattr(WorkerBase, "run", fail("anything else"))
    with pytest.raises(RuntimeError, match="anything else"):
        worker.run()
