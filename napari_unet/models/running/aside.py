"""Work in a thread of its own, so that whoever stops need not wait until it is done."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, TypeVar
from weakref import WeakSet

from napari_unet.events import StopFlag

T = TypeVar("T")
_ASK_SECONDS = 0.05  # how often the flag is asked while work is done aside
_EXIT_SECONDS = 10.0
_threads: WeakSet[threading.Thread] = WeakSet()


class Stopped(Exception):  # noqa: N818  (nothing went wrong)
    """The flag was set before the work was done. What `Aside` does goes on to its end, and nobody takes the result."""


class Aside:
    """Does one piece of work after another, in one thread, and leaves it as soon as `stop` is requested.

    A tile takes a network seconds on a busy computer, and a plane of 10,000 pixels a side takes minutes to be cut into
    objects, in calls that nothing can interrupt. So a piece of work must change nothing that its caller reads, but
    return what it found. If it is not `used`, work is done in the caller's thread, and to its end.
    """

    def __init__(self, stop: StopFlag, used: bool = True) -> None:
        self._stop, self._used = stop, used
        self._work: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._found: SimpleQueue[tuple[bool, Any]] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Aside:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._work.put(None)

    def do(self, work: Callable[[], T]) -> T:
        """What `work` returns or raises; raises `Stopped` if that is not known when the flag is set."""
        if not self._used:
            return work()
        if self._stop.requested:
            raise Stopped
        if self._thread is None:
            # A daemon: a program that ends does not wait for minutes for what nobody takes.
            self._thread = threading.Thread(target=_serve, args=(self._work, self._found), daemon=True)
            _threads.add(self._thread)
            self._thread.start()
        self._work.put(work)
        done, found = self._wait()
        if not done:
            raise found
        return found  # type: ignore[no-any-return]

    def _wait(self) -> tuple[bool, Any]:
        while True:
            try:
                return self._found.get(timeout=_ASK_SECONDS)
            except Empty:
                if self._stop.requested:
                    raise Stopped from None


def _serve(waiting: SimpleQueue[Callable[[], Any] | None], found: SimpleQueue[tuple[bool, Any]]) -> None:
    while (work := waiting.get()) is not None:
        try:
            found.put((True, work()))
        except BaseException as error:  # it is raised where the work was asked for
            found.put((False, error))
        del work


@atexit.register
def _settle() -> None:
    """Wait a little for work that was left: torch ends the program with an error if its thread is cut off in it."""
    until = time.monotonic() + _EXIT_SECONDS
    for thread in list(_threads):
        thread.join(max(0.0, until - time.monotonic()))
