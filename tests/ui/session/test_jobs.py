"""The background runner: events in order on the main thread, failure as data, stopping, and closing."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, ClassVar

import pytest
from qtpy.compat import isalive
from qtpy.QtCore import QObject

from napari_unet.errors import UserError
from napari_unet.events import Failed, Finished, StopFlag
from napari_unet.ui.session.jobs import Job, JobRunner
from napari_unet.ui.session.running.threads import ClosingWorker
from napari_unet.ui.widgets.progress import ProgressLine


@pytest.fixture
def runner(qtbot: Any) -> Iterator[JobRunner]:
    runner = JobRunner()
    yield runner
    runner.shutdown()


def _run(runner: JobRunner, qtbot: Any, events: Iterator[Any], stop: StopFlag | None = None) -> tuple[list[Any], Any]:
    seen: list[Any] = []
    outcomes: list[Any] = []
    assert runner.start(events, stop or StopFlag(), seen.append, outcomes.append)
    qtbot.waitUntil(lambda: bool(outcomes), timeout=60_000)
    assert runner.job is None
    return seen, outcomes[0]


def test_events_arrive_in_order_on_the_main_thread_and_the_work_runs_in_another(runner: JobRunner, qtbot: Any) -> None:
    threads: list[int] = []

    def work() -> Iterator[Any]:
        for number in range(50):
            threads.append(threading.get_ident())
            yield number
        yield Finished("all")

    here: list[int] = []
    seen: list[int] = []
    done: list[Any] = []
    runner.start(work(), StopFlag(), lambda n: (seen.append(n), here.append(threading.get_ident())), done.append)
    qtbot.waitUntil(lambda: bool(done), timeout=60_000)
    assert seen == list(range(50))
    assert done[0].result == "all"
    assert set(here) == {threading.get_ident()}
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("error", [RuntimeError("deleted"), UserError("Mend this."), MemoryError(), ValueError("x")])
def test_an_exception_becomes_a_sentence(runner: JobRunner, qtbot: Any, error: Exception) -> None:
    def work() -> Iterator[int]:
        yield 1
        raise error

    seen, outcome = _run(runner, qtbot, work())
    assert seen == [1]
    assert isinstance(outcome, Failed)
    assert outcome.error is error
    assert outcome.message


def test_one_job_at_a_time_and_the_next_may_start_when_the_first_reports(runner: JobRunner, qtbot: Any) -> None:
    stop = StopFlag()
    done: list[Any] = []

    def wait() -> Iterator[Any]:
        while not stop.requested:
            time.sleep(0.01)
            yield None
        yield Finished("stopped", stopped=True)

    def on_finished(outcome: Any) -> None:
        done.append(outcome.result)
        if len(done) == 1:
            assert runner.start(iter([Finished("second")]), StopFlag(), None, on_finished)

    changes: list[bool] = []
    runner.changed.connect(lambda: changes.append(runner.job is not None))
    assert runner.start(wait(), stop, None, on_finished, "Waiting")
    assert runner.job.title == "Waiting"
    assert not runner.start(iter([]), StopFlag())
    runner.stop()
    assert runner.job.stopping
    qtbot.waitUntil(lambda: len(done) == 2 and runner.job is None, timeout=60_000)
    assert done == ["stopped", "second"]
    assert changes[-1] is False


def test_shutdown_ends_the_work_closes_its_generator_in_its_thread_and_calls_nobody(qtbot: Any) -> None:
    runner, calls = JobRunner(), []
    closed_in: list[int] = []

    def work() -> Iterator[int]:
        try:
            while True:
                time.sleep(0.005)
                yield 1
        finally:
            closed_in.append(threading.get_ident())

    runner.start(work(), StopFlag(), calls.append, calls.append)
    qtbot.waitUntil(lambda: len(calls) > 2, timeout=60_000)
    before = len(calls)
    runner.shutdown()
    assert len(closed_in) == 1
    assert closed_in[0] != threading.get_ident()
    qtbot.wait(250)
    assert len(calls) == before
    assert runner.job is None
    assert not runner.start(iter([]), StopFlag())


def test_a_flood_of_slow_events_leaves_the_event_loop_room(runner: JobRunner, qtbot: Any) -> None:
    happened: list[str] = []

    from qtpy.QtCore import QTimer

    def hear(_: Any) -> None:
        time.sleep(0.004)
        happened.append("event")

    timer = QTimer(interval=0)
    timer.timeout.connect(lambda: happened.append("loop"))
    timer.start()
    done: list[Any] = []
    flood: Callable[[], Iterator[Any]] = lambda: iter([*range(60), Finished(None)])  # noqa: E731
    runner.start(flood(), StopFlag(), hear, done.append)
    qtbot.waitUntil(lambda: bool(done), timeout=60_000)
    timer.stop()
    assert happened.count("event") == 60
    at_one_go = [len(list(run)) for what, run in itertools.groupby(happened) if what == "event"]
    assert max(at_one_go) < 20


def test_a_job_whose_owner_is_gone_ends_and_nobody_is_called(runner: JobRunner, qtbot: Any) -> None:
    class Owner(QObject):
        told: ClassVar[list[Any]] = []

        def tell(self, *values: Any) -> None:
            self.told.append(values)

    owner, stop = Owner(), StopFlag()

    def work() -> Iterator[int]:
        while not stop.requested:
            time.sleep(0.005)
            yield 1

    runner.start(work(), stop, owner.tell, partial(owner.tell, "outcome"))
    qtbot.waitUntil(lambda: bool(owner.told))
    owner.deleteLater()
    qtbot.waitUntil(lambda: not isalive(owner))
    known = len(owner.told)
    qtbot.waitUntil(lambda: runner.job is None)
    assert stop.requested
    assert len(owner.told) == known


def test_progress_is_shown_in_a_panel_that_was_opened_while_the_job_ran(qtbot: Any) -> None:
    line, stop = ProgressLine(), StopFlag()
    qtbot.addWidget(line)
    job = Job("Restoring cells", "restore", stop)
    line.follow(job, "segment")
    assert line.isHidden()
    line.follow(job, "restore")
    assert not line.isHidden()
    assert line.label.text() == "Restoring cells"
    line.advance(1, 4, "Learning", 3)
    line.follow(job, "restore")
    assert line.label.text() == "Learning, 3 s left", "it is not begun anew"
    stop.request()
    line.follow(job, "restore")
    assert line.label.text() == "Learning"
    assert not line.stop_button.isEnabled()
    line.follow(None, "restore")
    assert line.isHidden()


_STUCK = """
import threading
from qtpy.QtWidgets import QApplication
from napari_unet.events import StopFlag
from napari_unet.ui.session import jobs

application = QApplication([])
jobs.CLOSING_PATIENCE_SECONDS = 0.2
runner, begun = jobs.JobRunner(), threading.Event()

def work():
    begun.set()
    threading.Event().wait()  # a drive that does not answer
    yield

runner.start(work(), StopFlag())
begun.wait()
runner.shutdown()
print("closed", flush=True)
"""


def test_a_job_that_never_ends_does_not_keep_a_program_that_was_closed() -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", _STUCK]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert (ended.returncode, ended.stdout) == (0, "closed\n"), ended.stderr


def test_a_job_that_breaks_its_worker_does_not_end_the_thread_of_those_after_it(
    runner: JobRunner, qtbot: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = threading.Event()

    def fail(worker: Any) -> None:
        broken.set()
        raise RuntimeError("of Qt")

    with monkeypatch.context() as patch:
        patch.setattr(ClosingWorker, "run", fail)
        runner.start(iter(()), StopFlag())
        assert broken.wait(60)
    runner.job = None
    assert _run(runner, qtbot, iter([1, Finished("next")]))[0] == [1]
    assert "A job failed" in caplog.text
