"""A project: the one file of a user's work, open to be read, and to be written to as they work.

All writing goes to a thread (see `writer`), so that no call here waits for the disk, but for `create`, `open`, `flush`
and `close`. What a call hands over belongs to the project from then on: arrays must not be changed any more.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import tempfile
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from napari_unet.labels.types import Array
from napari_unet.project.reader import ProjectReader
from napari_unet.project.references import ImageReference
from napari_unet.project.storage import rows
from napari_unet.project.storage.connection import connect_to_read
from napari_unet.project.storage.journal import Edit
from napari_unet.project.storage.lock import ProjectLock
from napari_unet.project.storage.state import StoreState, read_only
from napari_unet.project.storage.tiles import TileKey
from napari_unet.project.storage.writer import Command, Writer

SUFFIX = ".unetproj"
LABELS, PREDICTION, REVIEWED = "labels", "prediction", "reviewed"

_FOLD_AFTER = 64  # edits of an array: as many as opening has to play at most, and a few more

_log = logging.getLogger(__name__)


class Project(ProjectReader):
    """An open project. Made by `opening.create_project` or `opening.open_project`; `close` it."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: ProjectLock | None, why: str = "") -> None:
        self._lock = lock
        self._why_read_only = why
        self._scratch: tempfile.TemporaryDirectory[str] | None = None
        self._seq = rows.last_seq(connection)
        self._next_image = max(rows.read_image_rows(connection), default=0) + 1
        self._locked = {number: self._read_locked(connection, number) for number in rows.read_image_rows(connection)}
        super().__init__(path, connection if lock is None else connect_to_read(path))
        self._writer = None if lock is None else Writer(path, connection, lambda found: rows.fold(found, _FOLD_AFTER))
        self.closed = False
        self.in_one_file = True
        """After `close`: whether all is in the file itself, and nothing in a log beside it."""

    @property
    def writable(self) -> bool:
        return self._writer is not None

    @property
    def state(self) -> StoreState:
        """What of the work is on the disk."""
        return self._writer.state if self._writer is not None else read_only(self._why_read_only)

    def listen(self, on_state: Callable[[], None]) -> None:
        """Have `on_state` called, from any thread, when `state` may be another one; see `Writer.on_state`."""
        if self._writer is not None:
            self._writer.on_state = on_state

    @property
    def n_given(self) -> int:
        """How many things were handed over to be written."""
        return self._writer.n_given if self._writer is not None else 0

    @property
    def n_saved(self) -> int:
        """How many of these, from the first on, are on the disk for good."""
        return self._writer.n_saved if self._writer is not None else 0

    @property
    def n_failures(self) -> int:
        """How often a commit failed; what was in it stays in memory and is tried again."""
        return self._writer.n_failures if self._writer is not None else 0

    @property
    def n_untidied(self) -> int:
        """How often what is done between commits failed: nothing is at risk, and it is tried again later."""
        return self._writer.n_untidied if self._writer is not None else 0

    def flush(self, seconds: float = 10.0) -> bool:
        """Have everything written now, and wait for it; False if it failed or took longer."""
        return self._writer is None or self._writer.flush(seconds)

    def close(self, seconds: float = 10.0) -> bool:
        """Write what is left and close the file; False if something is not saved. See `in_one_file`."""
        if self.closed:
            return True
        self.closed = True
        self.close_reader()
        saved = True
        if self._writer is not None:
            saved = self._writer.close(seconds)
            self.in_one_file = self._writer.ended and _tidy(self._writer.connection)
        if self._lock is not None and (self._writer is None or self._writer.ended):
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
        self._put(lambda connection: rows.write_image_row(connection, image, reference))

    def set_array(self, image: int, role: str, array: Array | None) -> int:
        """Replace all pixels of an array (axes before YX, then YX; None: there is none any more).

        Returns the number of what was handed over: see `n_saved`. Its cost is that of the whole image.
        """
        if array is None:
            return self._put(lambda connection: rows.drop_array(connection, image, role))
        self._seq = seq = self._seq + 1
        form = (array.dtype.str, array.shape)
        packed: list[tuple[TileKey, bytes]] = []
        now = time.time()

        def write(connection: sqlite3.Connection) -> None:
            if not packed:  # compressed in the writer's thread, and once only
                packed.extend(rows.pack_array(array))
            rows.write_base(connection, seq, image, role, form, packed, now)

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

    # -- locks ----------------------------------------------------------------------------------------------------

    def locked(self, image: int) -> frozenset[int]:
        """Ids of the locked objects of an image."""
        return self._locked.get(image, frozenset())

    @staticmethod
    def _read_locked(connection: sqlite3.Connection, image: int) -> frozenset[int]:
        found = connection.execute("SELECT object FROM locked WHERE image = ?", (image,))
        return frozenset(int(row[0]) for row in found)


def _tidy(connection: sqlite3.Connection | None) -> bool:
    """Take the tiles up to date and the write-ahead log into the file: then it is one file, to be copied or mailed.

    False if that failed: then all of it is in the log, which the next opening takes in.
    """
    if connection is None:
        return False
    with contextlib.closing(connection):
        try:
            rows.fold(connection, 1)
            connection.execute("PRAGMA journal_mode = DELETE")
        except (sqlite3.Error, OSError) as error:
            _log.warning("The log beside a project could not be taken into it: %r", error)
            return False
    return True


def _write_property(connection: sqlite3.Connection, name: str, text: str) -> None:
    connection.execute("INSERT OR REPLACE INTO property VALUES (?, ?)", (name, text))


def _run(connection: sqlite3.Connection, statement: str, values: tuple[Any, ...]) -> None:
    connection.execute(statement, values)
