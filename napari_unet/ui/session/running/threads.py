"""The one place that makes threads: for a session's jobs, and for small errands that nobody waits for.

Threads never touch a widget or a layer. What they found comes back to the main thread as an event of its own.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from queue import SimpleQueue
from typing import Any, TypeVar
from weakref import WeakMethod

from napari.qt.threading import thread_worker
from qtpy.compat import isalive
from qtpy.QtCore import QCoreApplication, QObject, Qt, Signal

from napari_unet.errors import UserError
from napari_unet.events import Failed, Finished, guarded
from napari_unet.ui.session.napari_private import PooledWorker

T = TypeVar("T")
JobOutcome = Finished[Any] | Failed | None
AT_ONCE_PIXELS = 2**24
"""An image of so many pixels is looked through in a few milliseconds."""
_log = logging.getLogger(__name__)


class ClosingWorker(PooledWorker):
    """A worker of low priority, which is lowered before the first call to torch: its threads inherit it."""

    def work(self) -> Any:
        yield_to_window()
        return super().work()


def yield_to_window() -> None:
    """Run at low priority from here on: where other programs have work for all cores, next to nothing is done here."""
    from napari_unet.models.running.device import lower_thread_priority

    lower_thread_priority()


@thread_worker(worker_class=ClosingWorker)  # type: ignore[untyped-decorator]  # napari ships no types
def run_in_thread(events: Iterator[Any], queue: deque[Any]) -> Generator[None, None, JobOutcome]:
    """Put every event of `events` into `queue`; yield, so that quitting is noticed; return the outcome."""
    work = guarded(events)
    try:
        while True:
            queue.append(next(work))
            yield
    except StopIteration as end:
        return end.value
    finally:
        work.close()


class WorkerThread:
    """Runs one worker after another in a thread of its own, which the program does not wait for when it ends.

    Qt's pool waits for its threads without end: a drive that does not answer would keep a program that was closed.
    """

    def __init__(self) -> None:
        self._waiting: SimpleQueue[PooledWorker | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def start(self, worker: PooledWorker) -> None:
        """Run `worker` once those before it have ended."""
        if self._thread is None:
            self._thread = run_alone(_run_workers, self._waiting, name="jobs")
        self._waiting.put(worker)

    def end(self, seconds: float) -> bool:
        """Take no more workers, and wait for the one that runs; False if it takes longer: it is left behind."""
        if self._thread is None:
            return True
        self._waiting.put(None)
        self._thread.join(seconds)
        return not self._thread.is_alive()


def _run_workers(waiting: SimpleQueue[PooledWorker | None]) -> None:
    while (worker := waiting.get()) is not None:
        try:
            worker.run()
        except Exception:  # it is said by the worker; the next one has to run all the same
            _log.exception("A job failed")
        del worker


def run_alone(work: Callable[..., None], *arguments: Any, name: str) -> threading.Thread:
    """Call `work` in a thread that nobody hears of again, and which ends with the program at the latest."""
    thread = threading.Thread(target=work, args=arguments, daemon=True, name=name)
    thread.start()
    return thread


def run_errand(work: Callable[[], T], done: Callable[..., None], *context: Any) -> None:
    """Call `work` in a thread that ends with it, then `done(found, *context)` on the main thread.

    `done` is a method of a QObject; nothing is called once that is gone. `work` must not keep widgets alive. What goes
    wrong in it comes as `Failed`, and is logged unless it is a sentence for the user. For what takes less than a few
    seconds, and can be thrown away when the window closes: unlike a job it cannot be stopped, and shows nothing.
    """
    threading.Thread(target=_run_errand, args=(work, WeakMethod(done), context, _courier()), daemon=True).start()


def run_soon(n_pixels: int, work: Callable[[], T], done: Callable[..., None], *context: Any) -> None:
    """Call `work`, which looks at so many pixels, and then `done(found, *context)`: as an errand if they are many."""
    if n_pixels > AT_ONCE_PIXELS:
        run_errand(work, done, *context)
    else:
        done(work(), *context)


def _run_errand(work: Callable[[], T], done: WeakMethod[Any], context: tuple[Any, ...], courier: _Courier) -> None:
    try:
        found: Any = work()
    except UserError as error:
        found = Failed(str(error), error)
    except Exception as error:
        _log.exception("An errand failed")
        found = Failed(f"This should not have happened: {type(error).__name__}: {error}", error)

    def deliver() -> None:
        method = done()
        if method is not None and isalive(method.__self__):
            method(found, *context)

    # `work` and `context` go along, so that this thread is never the last to hold what they are made of.
    with _delivering, contextlib.suppress(RuntimeError):  # the application was deleted meanwhile
        if not _ended.is_set():
            courier.brought.emit((work, deliver))


class _Courier(QObject):
    """Lives on the main thread, and carries out there what threads hand to it."""

    brought = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.brought.connect(self._on_brought, Qt.ConnectionType.QueuedConnection)

    def _on_brought(self, errand: tuple[object, Callable[[], None]]) -> None:
        errand[1]()


_couriers: list[_Courier] = []
_delivering, _ended = threading.Lock(), threading.Event()


def _end() -> None:
    """The program ends: Qt's objects are deleted after this, and never while a thread hands something to them."""
    with _delivering:
        _ended.set()


def _courier() -> _Courier:
    """The courier of the running application, made when first asked for (on the main thread)."""
    if not _couriers or not isalive(_couriers[0]):
        application = QCoreApplication.instance()
        assert application is not None, "errands need a running application"
        _couriers[:] = [_Courier(application)]
        atexit.unregister(_end)
        atexit.register(_end)  # after Qt's own, and so called before it
    return _couriers[0]
