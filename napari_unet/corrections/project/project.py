"""A project: the one file of a user's work, open to be read, and to be written to as they work.

All writing goes to a thread (see `writer`), so that no call here waits for the disk, but for `create`, `open`, `flush`
and `close`. What a call hands over belongs to the project from then on: arrays must not be changed any more.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import tempfile
import threading
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy.typing as npt

from napari_unet.corrections.project import rows
from napari_unet.corrections.project.connection import connect, connect_to_read, explain_failure, unreadable
from napari_unet.corrections.project.journal import Edit, History
from napari_unet.corrections.project.lock import ProjectLock, lock_holder
from napari_unet.corrections.project.references import ImageReference
from napari_unet.corrections.project.schema import VERSION, create_tables, migrate, version_of
from napari_unet.corrections.project.state import StoreState, read_only
from napari_unet.corrections.project.tiles import TileKey
from napari_unet.corrections.project.writer import Command, Writer
from napari_unet.errors import UserError

SUFFIX = ".unetproj"
LABELS, PREDICTION, REVIEWED = "labels", "prediction", "reviewed"

_FOLD_AFTER = 64  # edits of an array: as many as opening has to play at most, and a few more

Array = npt.NDArray[Any]


class Project:
    """An open project. Made by `create_project` or `open_project`; `close` it."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: ProjectLock | None, why: str = "") -> None:
        self.path = path
        """Of the project's file."""
        self._lock = lock
        self._why_read_only = why
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._seq = rows.last_seq(connection)
        self._next_image = max(rows.read_images(connection), default=0) + 1
        self._locked = {number: self._read_locked(connection, number) for number in rows.read_images(connection)}
        self.reader = connection if lock is None else connect_to_read(path)
        self._reading = threading.Lock()
        self._writer = None if lock is None else Writer(path, connection, lambda found: rows.fold(found, _FOLD_AFTER))
        self.closed = False

    @property
    def writable(self) -> bool:
        return self._writer is not None

    @property
    def state(self) -> StoreState:
        """What of the work is on the disk."""
        return self._writer.state if self._writer is not None else read_only(self._why_read_only)

    @property
    def n_given(self) -> int:
        """How many things were handed over to be written."""
        return self._writer.n_given if self._writer is not None else 0

    @property
    def n_saved(self) -> int:
        """How many of these, from the first on, are on the disk for good."""
        return self._writer.n_saved if self._writer is not None else 0

    def flush(self, seconds: float = 10.0) -> bool:
        """Have everything written now, and wait for it; False if it failed or took longer."""
        return self._writer is None or self._writer.flush(seconds)

    def close(self, seconds: float = 30.0) -> bool:
        """Write what is left and close the file, which then is one file again; False if something is not saved."""
        if self.closed:
            return True
        self.closed = True
        self.reader.close()
        saved = True
        if self._writer is not None:
            saved = self._writer.close(seconds)
            _tidy(self._writer.connection)
        if self._lock is not None:
            self._lock.release()
        if self._scratch is not None:
            self._scratch.cleanup()
        return saved

    # -- writing --------------------------------------------------------------------------------------------------

    def add_image(self, reference: ImageReference) -> int:
        """Take an image into the project; returns its number."""
        number, self._next_image = self._next_image, self._next_image + 1
        self._locked[number] = frozenset()
        self.update_image(number, reference)
        return number

    def update_image(self, image: int, reference: ImageReference) -> None:
        """Replace what is known of an image."""
        self._put(lambda connection: rows.write_image(connection, image, reference))

    def set_array(self, image: int, role: str, array: Array | None) -> int:
        """Replace all pixels of an array (axes before YX, then YX; None: there is none any more).

        Returns the number of what was handed over: see `n_saved`. Its cost is that of the whole image.
        """
        if array is None:
            return self._put(lambda connection: rows.drop_array(connection, image, role))
        self._seq = seq = self._seq + 1
        form = (array.dtype.str, array.shape)
        packed: list[tuple[TileKey, bytes]] = []

        def write(connection: sqlite3.Connection) -> None:
            if not packed:  # compressed in the writer's thread, and once only
                packed.extend(rows.pack_array(array))
            rows.write_base(connection, seq, image, role, form, packed)

        return self._put(write)

    def add_edit(self, image: int, role: str, edit: Edit) -> int:
        """Add to the journal of an array what a stroke, tool, undo or redo changed; returns its number."""
        self._seq = seq = self._seq + 1
        now = time.time()
        return self._put(lambda connection: rows.write_edit(connection, seq, image, role, edit, now))

    def set_locked(self, image: int, objects: Collection[int]) -> None:
        """Say which objects (ids) of an image are locked."""
        new = frozenset(int(number) for number in objects)
        old, self._locked[image] = self._locked.get(image, frozenset()), new
        if new != old:
            gone, come = [(image, number) for number in old - new], [(image, number) for number in new - old]

            def write(connection: sqlite3.Connection) -> None:
                connection.executemany("DELETE FROM locked WHERE image = ? AND object = ?", gone)
                connection.executemany("INSERT OR IGNORE INTO locked VALUES (?, ?)", come)

            self._put(write)

    def set_property(self, name: str, value: Any) -> None:
        """Remember something of the project as a whole, such as the window's state: anything that JSON can hold."""
        text = json.dumps(value)
        self._put(lambda connection: _write_property(connection, name, text))

    def add_model(self, model_hash: str, name: str, parent: str | None, path: str, record: Mapping[str, Any]) -> None:
        """Note a model that was used or trained here (hashes as in the library), so that its lineage is known."""
        row = (model_hash, name, parent, path, json.dumps(dict(record), default=str), time.time())
        self._put(lambda connection: _run(connection, "INSERT OR REPLACE INTO model VALUES (?, ?, ?, ?, ?, ?)", row))

    def add_training(self, model_hash: str | None, record: Mapping[str, Any]) -> None:
        """Note a training: what came out (None: nothing), and from what, how and with which scores."""
        row = (time.time(), model_hash, json.dumps(dict(record), default=str))
        self._put(lambda found: _run(found, "INSERT INTO training (time, model, record) VALUES (?, ?, ?)", row))

    def _put(self, command: Command) -> int:
        if self._writer is None:
            return 0  # read-only: the state says so, and nothing is expected to be kept
        return self._writer.put(command)

    # -- reading --------------------------------------------------------------------------------------------------

    def images(self) -> dict[int, ImageReference]:
        """The images by their numbers."""
        with self._reading:
            return rows.read_images(self.reader)

    def read_array(self, image: int, role: str) -> Array | None:
        """An array as it was saved last; None if there is none. Raises `UserError` if it is damaged."""
        with self._reading:
            found = rows.find_array(self.reader, image, role)
            try:
                return None if found is None else rows.read_array(self.reader, found)
            except (ValueError, sqlite3.DatabaseError) as error:
                raise UserError(f"The {role} of image {image} in {self.path.name} are damaged: {error}.") from error

    def read_history(self, image: int, role: str) -> History:
        """What can be undone and redone of an array."""
        with self._reading:
            found = rows.find_array(self.reader, image, role)
            return History() if found is None else rows.read_history(self.reader, found)

    def locked(self, image: int) -> frozenset[int]:
        """Ids of the locked objects of an image."""
        return self._locked.get(image, frozenset())

    def get_property(self, name: str) -> Any:
        """What `set_property` had saved; None if there is nothing."""
        with self._reading:
            row = self.reader.execute("SELECT value FROM property WHERE name = ?", (name,)).fetchone()
        return None if row is None or name == "id" else json.loads(row[0])

    def models(self) -> list[dict[str, Any]]:
        """The models that were used or trained here, the oldest first."""
        with self._reading:
            found = self.reader.execute("SELECT hash, name, parent, path, record, time FROM model ORDER BY time")
            names = ("hash", "name", "parent", "path", "record", "time")
            return [dict(zip(names, row, strict=True)) | {"record": json.loads(row[4])} for row in found]

    def trainings(self) -> list[dict[str, Any]]:
        """The trainings, the oldest first."""
        with self._reading:
            found = self.reader.execute("SELECT time, model, record FROM training ORDER BY id")
            return [{"time": row[0], "model": row[1], "record": json.loads(row[2])} for row in found]

    def count_edits(self) -> int:
        """Steps of all journals but the bases: strokes, tools, undo and redo."""
        with self._reading:
            return int(
                self.reader.execute("SELECT count(*) FROM edit WHERE kind NOT IN ('base', 'write')").fetchone()[0]
            )

    @staticmethod
    def _read_locked(connection: sqlite3.Connection, image: int) -> frozenset[int]:
        found = connection.execute("SELECT object FROM locked WHERE image = ?", (image,))
        return frozenset(int(row[0]) for row in found)


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
            connection = connect(path)
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
    except (OSError, sqlite3.Error, UserError) as error:
        raise unreadable(path, error) from error


def _open_to_write(path: Path, lock: ProjectLock) -> Project:
    try:
        try:
            connection = connect(path)
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
    if found < VERSION:
        copy = path.with_name(f"{path.name}.version-{found}")
        if not copy.exists():
            with sqlite3.connect(copy) as target:
                connection.backup(target)
            target.close()
        migrate(connection)


def _tidy(connection: sqlite3.Connection | None) -> None:
    """Take the tiles up to date and the write-ahead log into the file: then it is one file, to be copied or mailed."""
    if connection is None:
        return
    # If it fails: all of it is in the log, which the next opening takes in.
    with contextlib.closing(connection), contextlib.suppress(sqlite3.Error, OSError):
        rows.fold(connection, 1)
        connection.execute("PRAGMA journal_mode = DELETE")


def _write_property(connection: sqlite3.Connection, name: str, text: str) -> None:
    connection.execute("INSERT OR REPLACE INTO property VALUES (?, ?)", (name, text))


def _run(connection: sqlite3.Connection, statement: str, values: tuple[Any, ...]) -> None:
    connection.execute(statement, values)
