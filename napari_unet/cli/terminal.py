"""What the command line shows: answers on stdout, progress and complaints on stderr."""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from napari_unet.errors import UserError
from napari_unet.events import Failed, Finished, StopFlag, guarded

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.table import Table


class Terminal:
    """Where a command writes. With `json`, stdout gets one object, `answer`, when the command ends."""

    def __init__(self, command: str, json: bool = False, quiet: bool = False) -> None:
        self.json = json
        self.quiet = quiet
        self.answer: dict[str, Any] = {"command": command}

    def say(self, text: str) -> None:
        """Report something done; -q leaves it out."""
        if not self.quiet and not self.json:
            print(text, flush=True)

    def show(self, text: str | Table) -> None:
        """Give the answer that was asked for."""
        if self.json:
            return
        if isinstance(text, str):
            print(text, flush=True)
        else:
            from rich.console import Console

            console = Console()
            console.print(text, width=None if console.is_terminal else 200)

    def warn(self, sentence: str) -> None:
        """Say, on stderr, what the user ought to know; with --json in the object. Nothing if it is empty."""
        if sentence:
            print(f"napari-unet: {sentence}", file=sys.stderr, flush=True)
            self.answer.setdefault("warnings", []).append(sentence)

    def fail(self, sentence: str) -> None:
        """Say, on stderr, what is wrong and what to do; with --json in the object too."""
        sentence = " ".join(sentence.split())
        sentence += "" if sentence.endswith((".", "!", "?")) else "."
        print(f"napari-unet: {sentence}", file=sys.stderr, flush=True)
        self.answer["error"] = sentence
        self.close()

    def close(self) -> None:
        if self.json:
            print(json.dumps(self.answer, default=str, allow_nan=False), flush=True)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """A progress bar on stderr; nothing moves where nobody watches (-q, or stderr in a file)."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn

        console = Console(stderr=True)
        hidden = self.quiet or not console.is_terminal
        columns = (
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TextColumn("{task.fields[detail]}", markup=False),
        )
        # on a terminal rich prints what is said above the bar; into a file it must go straight
        direct = not sys.stdout.isatty()
        with Progress(*columns, console=console, disable=hidden, transient=True, redirect_stdout=not direct) as bar:
            yield bar


@contextmanager
def stop_on_interrupt() -> Iterator[StopFlag]:
    """The first Ctrl-C asks the work to stop and keep what it has; a second one breaks off."""
    flag = StopFlag()
    if threading.current_thread() is not threading.main_thread():
        yield flag
        return

    def request(signum: int, frame: object) -> None:
        if flag.requested:
            raise KeyboardInterrupt
        flag.request()
        print("\nStopping; what is done is kept (Ctrl-C again to break off) ...", file=sys.stderr, flush=True)

    before = signal.signal(signal.SIGINT, request)
    try:
        yield flag
    finally:
        signal.signal(signal.SIGINT, before)


def follow(events: Iterator[Any], show: Callable[[Any], None]) -> Finished[Any]:
    """Run `events` to their end, showing each; raises `UserError` with the sentence of whatever failed."""
    steps = guarded(events)
    while True:
        try:
            event = next(steps)
        except StopIteration as end:
            outcome = end.value
            break
        show(event)
    if isinstance(outcome, Finished):
        return outcome
    if isinstance(outcome, Failed):
        raise UserError(outcome.message) from outcome.error
    raise RuntimeError("the work ended without a result")


def seconds_text(seconds: float | None) -> str:
    """ "about 12 s left", "3 min left", or nothing when unknown."""
    if seconds is None:
        return ""
    return f"{seconds:.0f} s left" if seconds < 100 else f"{seconds / 60:.0f} min left"
