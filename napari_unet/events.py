"""What long work says while it runs: it is a generator of small frozen events, stopped by a flag.

A generator of this package yields its own progress events and, last, one `Finished`. Who runs it in a thread wraps it
in `guarded`, so that failure is data too (an exception that leaves a Qt generator worker can vanish silently).
"""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from napari_unet.errors import UserError

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Finished(Generic[T]):
    """The last event of every generator: its result, and whether the user stopped it early."""

    result: T
    stopped: bool = False


@dataclass(frozen=True, eq=False)
class Failed:
    """What `guarded` returns instead of raising: a sentence for the user and the exception behind it."""

    message: str
    error: BaseException


class StopFlag:
    """Asks long work to stop at its next step and keep what is done. Safe across threads."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def request(self) -> None:
        self._event.set()

    @property
    def requested(self) -> bool:
        return self._event.is_set()


def guarded(events: Iterator[Any]) -> Generator[Any, None, Finished[Any] | Failed | None]:
    """Pass `events` on; return the `Finished` event, or `Failed` in place of any exception."""
    finished: Finished[Any] | None = None
    try:
        for event in events:
            if isinstance(event, Finished):
                finished = event
            else:
                yield event
    except UserError as error:
        return Failed(str(error), error)
    except MemoryError as error:
        return Failed("The computer ran out of memory. Close other programs or work on a smaller region.", error)
    except Exception as error:  # failure is data: the window shows it, nothing is swallowed
        return Failed(f"This should not have happened: {type(error).__name__}: {error}", error)
    return finished


def drain(events: Iterator[Any | Finished[T]]) -> T:
    """Run `events` to its end and return the result, for callers who need no progress."""
    for event in events:
        if isinstance(event, Finished):
            return event.result
    raise RuntimeError("the generator ended without a Finished event")
