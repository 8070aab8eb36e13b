"""One writer a project, and what a person is told when its file cannot be written or read."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from napari_unet.errors import UserError
from napari_unet.project.storage import lock as locking
from napari_unet.project.storage.connection import (
    connect_to_read,
    explain_delay,
    explain_failure,
    open_connection,
    unreadable,
)
from napari_unet.project.storage.lock import ProjectLock, lock_holder, lock_path


def sqlite_error(name: str) -> sqlite3.Error:
    error = sqlite3.OperationalError("something of SQLite")
    error.sqlite_errorname = name
    return error


def test_a_lock_is_held_once_says_whose_it_is_and_goes_when_it_is_given_back(tmp_path: Path) -> None:
    project = tmp_path / "zelle ß.unetproj"
    assert lock_holder(project) == "another window"
    first = ProjectLock.take(project)
    assert first is not None
    assert ProjectLock.take(project) is None
    assert lock_holder(project).endswith(f"(process {os.getpid()})")
    assert lock_path(project).name == "zelle ß.unetproj-lock"
    first.release()
    first.release()  # twice is once
    assert not lock_path(project).exists()
    second = ProjectLock.take(project)
    assert second is not None
    second.release()


def test_a_file_that_a_dead_process_left_behind_is_no_lock(tmp_path: Path) -> None:
    project = tmp_path / "a.unetproj"
    lock_path(project).write_bytes(b"anna on desk-3 (process 4711), whose signature was longer than any other is")
    assert lock_holder(project).startswith("anna on desk-3")
    taken = ProjectLock.take(project)
    assert taken is not None
    assert lock_holder(project).endswith(f"(process {os.getpid()})"), "nothing of the old one is left"
    taken.release()
    lock_path(project).write_bytes(b"")
    assert lock_holder(project) == "another window"


def test_another_process_keeps_it_until_it_ends(tmp_path: Path) -> None:
    project = tmp_path / "a.unetproj"
    text = (
        "import sys; from pathlib import Path; from napari_unet.project.storage.lock import ProjectLock\n"
        "lock = ProjectLock.take(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", text, str(project)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        assert ProjectLock.take(project) is None
        assert f"(process {holder.pid})" in lock_holder(project)
        holder.kill()
    after = ProjectLock.take(project)
    assert after is not None
    after.release()


def test_a_file_that_was_taken_away_meanwhile_locks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project, calls, real = tmp_path / "a.unetproj", [], locking._try_lock

    def lock_late(file: object) -> bool:
        calls.append(file)
        if len(calls) == 1:
            lock_path(project).unlink()  # as who had it gives it back
        return real(file)

    monkeypatch.setattr(locking, "_try_lock", lock_late)
    taken = ProjectLock.take(project)
    assert taken is not None
    assert len(calls) == 2
    monkeypatch.undo()
    assert ProjectLock.take(project) is None
    taken.release()


@pytest.mark.parametrize(("number", "free"), [(errno.EAGAIN, False), (errno.EACCES, False), (errno.ENOLCK, True)])
def test_a_drive_that_knows_no_locks_keeps_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, free: bool
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    taken = ProjectLock.take(tmp_path / "a.unetproj")
    assert (taken is not None) == free
    if taken is not None:
        taken.release()


def test_a_user_without_a_name_is_somebody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr("getpass.getuser", nobody)
    taken = ProjectLock.take(tmp_path / "a.unetproj")
    assert taken is not None
    assert lock_holder(tmp_path / "a.unetproj").startswith("somebody on ")
    taken.release()


@pytest.mark.parametrize(
    ("error", "why", "what_helps"),
    [
        (sqlite_error("SQLITE_FULL"), "the disk is full", "free some space on the disk of"),
        (OSError(errno.ENOSPC, ""), "the disk is full", "free some space"),
        (OSError(errno.EDQUOT, ""), "the disk is full", "free some space"),
        (sqlite_error("SQLITE_READONLY_DBMOVED"), "may not be written", "allow writing there, or save a copy"),
        (OSError(errno.EROFS, ""), "may not be written", "allow writing there"),
        (PermissionError(errno.EACCES, ""), "may not be written", "allow writing there"),
        (sqlite_error("SQLITE_CANTOPEN"), "cannot be reached any more", "connect its drive"),
        (FileNotFoundError(errno.ENOENT, ""), "cannot be reached any more", "connect its drive"),
        (sqlite_error("SQLITE_IOERR_WRITE"), "gives errors when written to", "check the drive or the network"),
        (OSError(errno.EIO, ""), "gives errors when written to", "check the drive"),
        (sqlite_error("SQLITE_BUSY"), "another program has a.unetproj open", "close that program"),
        (sqlite_error("SQLITE_LOCKED"), "another program has a.unetproj open", "close that program"),
        (ValueError("odd"), "Not saved: odd.", "save a copy of the project elsewhere"),
    ],
)
def test_why_nothing_is_saved_and_what_helps(error: Exception, why: str, what_helps: str) -> None:
    sentence = explain_failure(error, Path("folder") / "a.unetproj")
    assert sentence.startswith("Not saved: ")
    assert why in sentence
    assert what_helps in sentence
    assert "Painting goes on in memory, and nothing saved earlier is harmed" in sentence


def test_a_slow_disk_is_told_with_its_folder() -> None:
    assert "not on the disk of folder yet" in explain_delay(Path("folder") / "a.unetproj")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (UserError("it is empty"), "a.unetproj cannot be opened: it is empty."),
        (FileNotFoundError(), "There is no project a.unetproj: check its name and folder."),
        (sqlite_error("SQLITE_NOTADB"),
         "a.unetproj is no project file, or it is damaged: choose another one, or a copy"),
        (sqlite_error("SQLITE_CORRUPT"), "a.unetproj is no project file, or it is damaged"),
        (KeyError("axes"), "a.unetproj is no project file, or it is damaged"),
        (PermissionError(13, "Permission denied."), "a.unetproj cannot be opened: [Errno 13] Permission denied. Check"),
    ],
)  # fmt: skip
def test_why_a_project_cannot_be_opened(error: Exception, sentence: str) -> None:
    assert str(unreadable(Path("a.unetproj"), error)).startswith(sentence)


def left_behind(folder: Path) -> Path:
    """A file whose last commit is in the log beside it, as a process that was killed leaves it."""
    folder.mkdir()
    path = folder / "a b%20?.unetproj"
    writer = open_connection(path)
    writer.execute("CREATE TABLE t (n)")
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    writer.execute("INSERT INTO t VALUES (7)")
    copies = {one.name: one.read_bytes() for one in folder.iterdir() if not one.name.endswith("-shm")}
    writer.close()
    for one in folder.iterdir():
        one.unlink()
    for name, content in copies.items():
        (folder / name).write_bytes(content)
    return path


def test_the_last_commit_of_who_was_killed_is_read_unless_the_file_alone_is_asked_for(tmp_path: Path) -> None:
    path = left_behind(tmp_path / "left")
    for alone, rows in ((True, []), (False, [(7,)])):
        reader = connect_to_read(path, alone=alone)
        assert reader.execute("SELECT n FROM t").fetchall() == rows
        with pytest.raises(sqlite3.OperationalError):
            reader.execute("INSERT INTO t VALUES (8)")
        reader.close()


def test_where_nothing_may_be_written_a_copy_takes_in_what_was_committed_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from napari_unet.project.storage import connection as module

    path, real = left_behind(tmp_path / "left"), module._open_uri
    (tmp_path / "scratch").mkdir()

    def refuse(where: Path, options: str) -> sqlite3.Connection:
        if options == "mode=ro":
            raise sqlite_error("SQLITE_CANTOPEN")
        return real(where, options)

    monkeypatch.setattr(module, "_open_uri", refuse)
    reader = connect_to_read(path, tmp_path / "scratch")
    assert reader.execute("SELECT n FROM t").fetchall() == [(7,)]
    reader.close()
    with pytest.raises(sqlite3.OperationalError):
        connect_to_read(path)
    path.with_name(path.name + "-wal").unlink()
    reader = connect_to_read(path, tmp_path / "scratch")
    assert reader.execute("SELECT n FROM t").fetchall() == []
    reader.close()


def test_a_commit_is_on_the_disk_when_it_returns_and_rows_keep_their_parents(tmp_path: Path) -> None:
    connection = open_connection(tmp_path / "a.unetproj")
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    connection.close()
    (tmp_path / "b.unetproj").write_bytes(b"no database, but long enough to be looked at" * 40)
    for opened in (open_connection, connect_to_read):
        with pytest.raises(sqlite3.DatabaseError):
            opened(tmp_path / "b.unetproj")
