"""Opening the SQLite file of a project, and what its errors mean to a person."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from pathlib import Path
from urllib.parse import quote

from napari_unet.errors import UserError

_BUSY_SECONDS = 5.0
_IN_MEMORY = "Painting goes on in memory, and nothing saved earlier is harmed"


def open_connection(path: Path) -> sqlite3.Connection:
    """A connection that writes. A commit has reached the disk when it returns (`synchronous=FULL`): not only a kill
    but a power cut leaves it there.
    """
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path, scratch: Path | None = None, alone: bool = False) -> sqlite3.Connection:
    """A connection that only reads, also while another process writes.

    A project that its writer left behind in a folder where nothing may be written is copied to `scratch` first:
    SQLite needs to write there to take in what was committed last. `alone`: only what is in the file itself.
    """
    if alone:
        return _open_uri(path, "mode=ro&immutable=1")
    wal = path.with_name(path.name + "-wal")
    try:
        return _open_uri(path, "mode=ro")
    except sqlite3.OperationalError:
        if scratch is None:
            raise
    if not (wal.exists() and wal.stat().st_size):
        return _open_uri(path, "mode=ro&immutable=1")
    copy = scratch / path.name
    for source in (path, wal):
        shutil.copyfile(source, copy.with_name(source.name))
    return open_connection(copy)


def _open_uri(path: Path, options: str) -> sqlite3.Connection:
    uri = f"file:{quote(os.path.abspath(path).replace(os.sep, '/'))}?{options}"
    connection = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def explain_failure(error: BaseException, path: Path) -> str:
    """Why nothing can be written to `path` just now, and what helps, as one or two sentences."""
    code = getattr(error, "sqlite_errorname", "") or ""
    number = getattr(error, "errno", None)
    if code == "SQLITE_FULL" or number in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"Not saved: the disk is full. {_IN_MEMORY}; free some space on the disk of {path.parent}."
    if code.startswith("SQLITE_READONLY") or number in (errno.EROFS, errno.EACCES, errno.EPERM):
        return f"Not saved: {path} may not be written. {_IN_MEMORY}; allow writing there, or save a copy elsewhere."
    if number == errno.ENOENT or code == "SQLITE_CANTOPEN":
        return (
            f"Not saved: {path} cannot be reached any more. {_IN_MEMORY}; connect its drive, or save a copy elsewhere."
        )
    if code.startswith("SQLITE_IOERR") or number == errno.EIO:
        return f"Not saved: {path.parent} gives errors when written to. {_IN_MEMORY}; check the drive or the network."
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return f"Not saved: another program has {path.name} open and holds it. {_IN_MEMORY}; close that program."
    return f"Not saved: {error}. {_IN_MEMORY}; save a copy of the project elsewhere."


def explain_delay(path: Path) -> str:
    """What to say while the disk of `path` takes long to answer: a network drive may be about to go."""
    return (
        f"Saving takes long: the last seconds of work are not on the disk of {path.parent} yet. {_IN_MEMORY}; "
        "if this does not end, check the drive or the network."
    )


def unreadable(path: Path, error: BaseException) -> UserError:
    """What to say of a project that cannot be opened."""
    if isinstance(error, UserError):
        return UserError(f"{path.name} cannot be opened: {error}.")
    if isinstance(error, FileNotFoundError):
        return UserError(f"There is no project {path}: check its name and folder.")
    if getattr(error, "sqlite_errorname", "") in ("SQLITE_NOTADB", "SQLITE_CORRUPT") or isinstance(
        error, (ValueError, TypeError, KeyError)
    ):
        return UserError(f"{path.name} is no project file, or it is damaged: choose another one, or a copy of it.")
    return UserError(f"{path.name} cannot be opened: {str(error).rstrip('.')}. Check the file and its folder.")
