"""One writer a project: a lock that the operating system takes back when its process ends, however it ends."""

from __future__ import annotations

import contextlib
import errno
import getpass
import os
import socket
import sys
from pathlib import Path
from typing import IO

SUFFIX = "-lock"


class ProjectLock:
    """The right to write to the project at a path, held by an open file beside it until `release`."""

    def __init__(self, path: Path, file: IO[bytes]) -> None:
        self._path, self._file = path, file

    @classmethod
    def take(cls, project: Path) -> ProjectLock | None:
        """The lock of `project`, or None while another process, or this one, has it. Raises OSError (read-only folder).

        A lock file that a dead process left behind is no lock.
        """
        path = lock_path(project)
        while True:
            file = path.open("a+b")
            if not _try_lock(file):
                file.close()
                return None
            # Who had it may have removed the file between our opening and locking it: then it locks nothing.
            if _same_file(file, path):
                break
            file.close()
        file.truncate(0)
        file.write(_signature())
        file.flush()
        return cls(path, file)

    def release(self) -> None:
        """Give the lock back, and take its file away."""
        if self._file.closed:
            return
        if sys.platform != "win32":  # there an open file cannot be removed
            with contextlib.suppress(OSError):
                self._path.unlink()
        self._file.close()
        if sys.platform == "win32":
            with contextlib.suppress(OSError):
                self._path.unlink()


def lock_path(project: Path) -> Path:
    return project.with_name(project.name + SUFFIX)


def lock_holder(project: Path) -> str:
    """Who holds the lock, for a sentence: "anna on desk-3 (process 4711)"; "another window" if it does not say."""
    try:
        text = lock_path(project).read_bytes().decode("utf-8", "replace").strip()
    except OSError:
        text = ""
    return text or "another window"


def _signature() -> bytes:
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "somebody"
    return f"{user} on {socket.gethostname()} (process {os.getpid()})".encode()


def _same_file(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _try_lock(file: IO[bytes]) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(1 << 20)  # beyond what is written, or nobody could read it
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # Some network drives know no locks at all: there, nobody can be kept out, and nobody is.
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True
