"""What a project file holds, read: arrays and their history, models, trainings and the window's state."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.errors import UserError
from napari_unet.labels.types import Array
from napari_unet.project.references import ImageReference
from napari_unet.project.storage import rows
from napari_unet.project.storage.journal import History, Kind, order_steps

_AGAIN_SECONDS = 0.05


class ProjectReader:
    """Reads a project through a connection of its own, from any thread."""

    def __init__(self, path: Path, reader: sqlite3.Connection) -> None:
        self.path = path
        """Of the project's file."""
        self.reader = reader
        self._one_reader = threading.Lock()

    def close_reader(self) -> None:
        """End what is being read with an error, and close the connection once nobody uses it.

        SQLite's memory would be gone under a thread that is in the middle of a read: that ends the whole program.
        """
        while True:
            self.reader.interrupt()  # again and again: it ends a statement that runs, and not one that begins after it
            if self._one_reader.acquire(timeout=_AGAIN_SECONDS):
                break
        try:
            self.reader.close()
        finally:
            self._one_reader.release()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[None]:
        """One thread at a time; what is damaged is a `UserError`. That the project was closed meanwhile, and faults of
        the disk, stay what they are: they say nothing of the file.
        """
        with self._one_reader:
            try:
                yield
            except sqlite3.Error as error:
                if getattr(error, "sqlite_errorname", "") not in ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR"):
                    raise
                raise self._damaged(error) from error
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> UserError:
        return UserError(
            f"{self.path.name} is damaged, a part of it cannot be read ({error}): use a copy of it, or see what is "
            f"left with napari-unet project check {self.path.name}."
        )

    def images(self) -> dict[int, ImageReference]:
        """The images by their numbers."""
        with self._reading():
            return rows.read_image_rows(self.reader)

    def read_array(
        self, image: int, role: str, planes: Collection[int] | None = None, make: rows.MakeArray = np.zeros
    ) -> Array | None:
        """An array as it was saved last; None if there is none. Raises `UserError` if it is damaged.

        Of `planes` only (numbers over all axes before YX, in C order; None: all of them), zeros elsewhere. `make` gives
        an array of zeros, elsewhere than in memory where it is too large for that.
        """
        with self._reading():
            found = rows.find_array(self.reader, image, role)
            try:
                return None if found is None else rows.read_array(self.reader, found, planes, make)
            except (ValueError, sqlite3.DatabaseError) as error:
                if _tells_closed(error):
                    raise
                raise UserError(f"The {role} of image {image} in {self.path.name} are damaged: {error}.") from error

    def read_array_at(self, image: int, role: str, moment: float) -> Array | None:
        """An array as it was at `moment` (seconds since 1970): later edits are taken back. None if there is none now.

        Raises `UserError` if all of it was replaced since and no model had been taught with it: then it is not kept.
        """
        with self._reading():
            found = rows.find_array(self.reader, image, role)
            if found is None:
                return None
            array = rows.read_array_at(self.reader, found, moment)
            if array is None:
                name = rows.read_image_rows(self.reader)[image].name
                raise UserError(f"The {role} of {name} were replaced since, and the project has only the new ones.")
        return array

    def list_edits(self) -> list[tuple[float, int, str, Kind]]:
        """All edits in their order: time (seconds since 1970), image, role of the array, kind."""
        with self._reading():
            found = self.reader.execute(
                "SELECT time, image, role, kind FROM edit JOIN array ON array.id = edit.array ORDER BY seq"
            )
            return [(row[0], row[1], row[2], Kind(row[3])) for row in found]

    def read_history(self, image: int, role: str) -> History:
        """What can be undone and redone of an array."""
        with self._reading():
            found = rows.find_array(self.reader, image, role)
            return History() if found is None else rows.read_history(self.reader, found)

    def read_step_order(self, image: int) -> tuple[list[str], list[str]]:
        """The roles of the arrays of an image in which a step can be undone, and redone, in their order."""
        with self._reading():
            found = self.reader.execute(
                "SELECT role, kind FROM edit JOIN array ON array.id = edit.array WHERE image = ? ORDER BY seq", (image,)
            )
            return order_steps((role, Kind(kind)) for role, kind in found)

    def get_property(self, name: str) -> Any:
        """What `set_property` had saved; None if there is nothing."""
        with self._reading():
            row = self.reader.execute("SELECT value FROM property WHERE name = ?", (name,)).fetchone()
        return None if row is None or name == "id" else json.loads(row[0])

    def models(self) -> list[dict[str, Any]]:
        """The models that were used or trained here, the oldest first."""
        with self._reading():
            found = self.reader.execute("SELECT hash, name, parent, path, record, time FROM model ORDER BY time")
            names = ("hash", "name", "parent", "path", "record", "time")
            return [dict(zip(names, row, strict=True)) | {"record": json.loads(row[4])} for row in found]

    def trainings(self) -> list[dict[str, Any]]:
        """The trainings, the oldest first."""
        with self._reading():
            found = self.reader.execute("SELECT time, model, record FROM training ORDER BY id")
            return [{"time": row[0], "model": row[1], "record": json.loads(row[2])} for row in found]

    def count_edits(self) -> int:
        """Steps of all journals but the bases: strokes, tools, undo and redo."""
        with self._reading():
            return int(
                self.reader.execute("SELECT count(*) FROM edit WHERE kind NOT IN ('base', 'write')").fetchone()[0]
            )


def _tells_closed(error: Exception) -> bool:
    """Whether a read failed since the project was closed before it, or in the middle of it."""
    interrupted = getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT"
    return interrupted or isinstance(error, sqlite3.ProgrammingError)
