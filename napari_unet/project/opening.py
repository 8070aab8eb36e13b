"""Making and opening project files: whose they are meanwhile, and what is said if they cannot be written or read."""

from __future__ import annotations

import sqlite3
import tempfile
from pathlib import Path

from napari_unet.errors import UserError
from napari_unet.project.project import Project
from napari_unet.project.storage.connection import connect_to_read, explain_failure, open_connection, unreadable
from napari_unet.project.storage.lock import ProjectLock, lock_holder
from napari_unet.project.storage.schema import VERSION, check_header, create_tables, migrate, version_of


def create_project(path: Path | str) -> Project:
    """Make a new, empty project file; raises `UserError` if it cannot be made, or there is a file already."""
    path = Path(path).expanduser().absolute()
    try:
        lock = ProjectLock.take(path)
        if lock is None:
            raise UserError(f"{path.name} is open in another window ({lock_holder(path)}): choose another name.")
        try:
            with path.open("xb"):
                pass
            connection = open_connection(path)
            create_tables(connection)
            # From the first moment the file itself says whose it is, without the log beside it.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return Project(path, connection, lock)
        except FileExistsError:
            lock.release()
            raise
        except BaseException:
            path.unlink(missing_ok=True)  # ours, and empty
            lock.release()
            raise
    except FileExistsError:
        raise UserError(f"{path} exists already: open it, or choose another name.") from None
    except (OSError, sqlite3.Error) as error:
        sentence = explain_failure(error, path).removeprefix("Not saved: ").split(". ")[0]
        raise UserError(f"The project cannot be made: {sentence}. Choose another folder.") from error


def open_project(path: Path | str, write: bool = True) -> Project:
    """Open a project; read-only, with a sentence in its `state`, if another window has it or it may not be written.

    An older file is brought to the present version first, and kept beside it as it was. Raises `UserError`.
    """
    path = Path(path).expanduser().absolute()
    try:
        if not path.is_file():
            raise FileNotFoundError(path)
        if not write:
            return _open_to_read(path, "opened to be looked at")
        try:
            lock = ProjectLock.take(path)
            if lock is None:
                return _open_to_read(
                    path,
                    f"{path.name} is open in another window ({lock_holder(path)}): what you change here is not saved. "
                    "Close it there and open it again.",
                )
        except OSError:
            return _open_to_read(path, _not_writable(path))
        return _open_to_write(path, lock)
    except (OSError, sqlite3.Error, UserError, ValueError, TypeError, KeyError) as error:  # of damaged files, any
        raise unreadable(path, error) from error


def _open_to_write(path: Path, lock: ProjectLock) -> Project:
    try:
        try:
            check_header(path)
            connection = open_connection(path)
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if not str(getattr(error, "sqlite_errorname", "")).startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN")):
                raise
            lock.release()
            return _open_to_read(path, _not_writable(path))
        try:
            _upgrade(path, connection)
            return Project(path, connection, lock)
        except BaseException:
            connection.close()
            raise
    except BaseException:
        lock.release()
        raise


def _not_writable(path: Path) -> str:
    return (
        f"{path.name} or its folder may not be written to: what you change here is not saved. "
        "Copy the project to a folder of your own and open it there."
    )


def _open_to_read(path: Path, why: str) -> Project:
    scratch = tempfile.TemporaryDirectory(prefix="napari-unet-project-")
    try:
        connection = connect_to_read(path, Path(scratch.name))
        if version_of(connection) < 1:
            raise UserError("it is empty")
        project = Project(path, connection, None, why)
    except BaseException:
        scratch.cleanup()
        raise
    project._scratch = scratch
    return project


def _upgrade(path: Path, connection: sqlite3.Connection) -> None:
    """Bring an older file to the present version; it is kept as it was under another name."""
    found = version_of(connection)
    if found < 1:
        raise UserError("it is empty")
    if found < VERSION:
        copy = path.with_name(f"{path.name}.version-{found}")
        if not copy.exists():
            with sqlite3.connect(copy) as target:
                connection.backup(target)
            target.close()
        migrate(connection)
