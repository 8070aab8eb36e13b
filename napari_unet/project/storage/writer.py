"""The thread that writes: painting hands it commands and never waits for the disk.

Commands are taken together, written in one transaction, and committed: what came in while one commit ran is the next.
If a commit fails nothing of it is in the file, and nothing is lost: the commands stay in memory, in order, and are
tried again until they succeed. Whoever asks for the `state` meanwhile is told, and also if the disk only takes long.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from napari_unet.project.storage.connection import connect_to_read, explain_delay, explain_failure, open_connection
from napari_unet.project.storage.schema import project_id
from napari_unet.project.storage.state import PENDING, SAVED, StoreState, failure, late

Command = Callable[[sqlite3.Connection], None]
"""Writes one thing within a transaction. It may be called again if that transaction fails."""

COMMIT_SECONDS = 0.25
"""Commands are collected for so long, so that a fast brush does not keep the disk busy."""

RETRY_SECONDS = 2.0

LATE_SECONDS = 1.5
"""What has waited for so long is told: a write or a sync that hangs, as on a network drive, raises nothing."""

_IDLE_SECONDS = 3600.0
_log = logging.getLogger(__name__)


class Writer:
    """Writes commands to the project at `path`, in a thread of its own, until `close`.

    `n_given` commands were handed over, of which `n_saved` are on the disk; `n_failures` commits failed, and were or
    will be tried again. `on_commit(connection)` is called in the thread after each commit, and may write more; it
    failed `n_untidied` times, which puts nothing at risk.
    """

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        on_commit: Command | None = None,
        commit_seconds: float = COMMIT_SECONDS,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self.path = path
        self.on_state: Callable[[], None] = _tell_nobody
        """Called, from any thread, when `state` may be another one; but time passes without a call (`LATE_SECONDS`)."""
        self.n_given = self.n_saved = self.n_failures = self.n_untidied = 0
        self._connection: sqlite3.Connection | None = connection
        self._on_commit = on_commit
        self._commit_seconds, self._retry_seconds = commit_seconds, retry_seconds
        self._waiting: deque[tuple[float, Command]] = deque()  # since when each of them waits
        self._failure: StoreState | None = None
        self._inode, self._project = _inode(path), project_id(connection)
        self._condition = threading.Condition()
        self._closing = self._hurry = False
        self._thread = threading.Thread(target=self._run, name="project writer", daemon=True)
        self._thread.start()

    @property
    def state(self) -> StoreState:
        """How it stands, at any time and from any thread."""
        with self._condition:
            if self._failure is not None:
                return self._failure
            if self._waiting and time.monotonic() - self._waiting[0][0] > LATE_SECONDS:
                return late(explain_delay(self.path))
            return SAVED if self.n_saved == self.n_given else PENDING

    def put(self, command: Command) -> int:
        """Hand over a command; returns its number: it is on the disk once `n_saved` has reached it."""
        with self._condition:
            first = self.n_saved == self.n_given
            self._waiting.append((time.monotonic(), command))
            self.n_given += 1
            number = self.n_given
            self._condition.notify_all()
        if first:
            self.on_state()
        return number

    def flush(self, seconds: float = 10.0) -> bool:
        """Have everything written now, and wait for it; False if it failed or took longer."""
        with self._condition:
            self._hurry = True
            self._condition.notify_all()
            until = time.monotonic() + seconds
            target = self.n_given
            failed = self._failure
            while self.n_saved < target and (left := until - time.monotonic()) > 0:
                self._condition.wait(left)
                if self._failure is not None and self._failure is not failed:
                    break
            self._hurry = False
            return self.n_saved >= target

    def close(self, seconds: float = 10.0) -> bool:
        """Write what is left and end the thread; False if something could not be written.

        A thread that the disk does not answer stays behind (see `ended`), and ends with the program.
        """
        saved = self.flush(seconds)
        with self._condition:
            self._closing = True
            self._condition.notify_all()
        self._thread.join(seconds)
        return saved

    @property
    def ended(self) -> bool:
        """Whether the thread has ended: only then may somebody else use the `connection`."""
        return not self._thread.is_alive()

    @property
    def connection(self) -> sqlite3.Connection | None:
        """The connection, for who closes the project once the thread has ended."""
        return self._connection

    # -- the thread -----------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._waiting and not self._closing:
                    self._condition.wait(_IDLE_SECONDS)
                if not self._closing and not self._hurry:
                    self._condition.wait_for(lambda: self._closing or self._hurry, self._commit_seconds)
                batch = [command for _, command in self._waiting]
                last = self._closing
            if batch and not self._write(batch):
                if last:
                    return
                with self._condition:
                    self._condition.wait_for(lambda: self._closing or self._hurry, self._retry_seconds)
                continue
            if last and not batch:
                return

    def _write(self, batch: list[Command]) -> bool:
        try:
            connection = self._usable_connection()
            connection.execute("BEGIN IMMEDIATE")
            for command in batch:
                command(connection)
            connection.execute("COMMIT")
        except Exception as error:  # of any kind: if this thread ended, nothing would be saved and nobody told
            if self._failure is None:  # and not again every two seconds
                _log.warning("A commit to %s failed, and will be tried again: %r", self.path, error)
            self._give_up(error)
            return False
        with self._condition:
            for _ in batch:
                self._waiting.popleft()
            self.n_saved += len(batch)
            self._failure = None
            self._condition.notify_all()
        self.on_state()
        self._after(connection)
        return True

    def _usable_connection(self) -> sqlite3.Connection:
        """The connection, made anew after a failure; raises if the file is not there any more, or another one.

        SQLite would go on writing to a file that was deleted, and all of it would vanish with the last handle.
        """
        if _inode(self.path) != self._inode:
            self._drop_connection()
            if not self.path.exists():
                raise FileNotFoundError(2, "the project file has gone", str(self.path))
        if self._connection is None:
            # Without the log beside it: SQLite would take ours for that of any file of this name.
            with contextlib.closing(connect_to_read(self.path, alone=True)) as found:
                if project_id(found) != self._project:
                    raise OSError(f"another file has taken the place of {self.path}")
            self._connection = open_connection(self.path)
            self._inode = _inode(self.path)
        return self._connection

    def _give_up(self, error: BaseException) -> None:
        state = failure(explain_failure(error, self.path))
        if self._connection is not None and self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                self._drop_connection()
        if not isinstance(error, sqlite3.OperationalError) or "FULL" not in str(getattr(error, "sqlite_errorname", "")):
            self._drop_connection()
        with self._condition:
            self._failure = state
            self.n_failures += 1
            self._condition.notify_all()
        self.on_state()

    def _drop_connection(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _after(self, connection: sqlite3.Connection) -> None:
        """Housekeeping: if it fails nothing is lost, and it is tried again after a later commit."""
        if self._on_commit is None:
            return
        try:
            self._on_commit(connection)
        except Exception as error:
            self.n_untidied += 1
            _log.warning("Tidying %s failed, and will be tried again: %r", self.path, error)
            if connection.in_transaction:
                try:
                    connection.execute("ROLLBACK")
                except sqlite3.Error:
                    self._drop_connection()


def _tell_nobody() -> None: ...


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
