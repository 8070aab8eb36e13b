"""The tables of a project file, their version, and how an older one becomes the present one.

An array (labels, prediction, reviewed region) is kept as `tile` rows, which hold its pixels as of edit `folded`, and as
`change` rows, which hold what every edit changed. Tiles of nothing but zeros have no row. Edits are only ever added:
undo is an edit too, which says so.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from napari_unet.errors import UserError

VERSION = 1
APPLICATION_ID = 0x554E4554  # "UNET": `file` and other programs know the format by it

_TABLES = """
CREATE TABLE property (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE image (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    path TEXT,            -- absolute, as it was when last seen; NULL: it came from no file
    relative_path TEXT,   -- from the project's folder, with /
    hash TEXT,            -- of the file: see references.hash_file
    bytes INTEGER,        -- size of the file
    axes TEXT NOT NULL,   -- of the image as it is, out of TCZYXS
    shape TEXT NOT NULL,  -- JSON, as everything below that is a list or a mapping
    scale TEXT NOT NULL,
    units TEXT NOT NULL,
    details TEXT NOT NULL -- channel, diameter, model: what the window knows of it
);
CREATE TABLE array (
    id INTEGER PRIMARY KEY,
    image INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE,
    role TEXT NOT NULL,   -- labels, prediction, reviewed
    dtype TEXT NOT NULL,
    shape TEXT NOT NULL,
    folded INTEGER NOT NULL,
    UNIQUE (image, role)
);
CREATE TABLE tile (
    array INTEGER NOT NULL REFERENCES array (id) ON DELETE CASCADE,
    plane INTEGER NOT NULL, row INTEGER NOT NULL, col INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (array, plane, row, col)
);
CREATE TABLE edit (
    seq INTEGER PRIMARY KEY,
    array INTEGER NOT NULL REFERENCES array (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,   -- edit, undo, redo, write, base: see journal.Kind
    time REAL NOT NULL    -- seconds since 1970
);
CREATE TABLE change (
    seq INTEGER NOT NULL REFERENCES edit (seq) ON DELETE CASCADE,
    plane INTEGER NOT NULL, row INTEGER NOT NULL, col INTEGER NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (seq, plane, row, col)
) WITHOUT ROWID;
CREATE TABLE locked (
    image INTEGER NOT NULL REFERENCES image (id) ON DELETE CASCADE,
    object INTEGER NOT NULL,
    PRIMARY KEY (image, object)
) WITHOUT ROWID;
CREATE TABLE model (
    hash TEXT PRIMARY KEY, name TEXT NOT NULL, parent TEXT, path TEXT, record TEXT NOT NULL, time REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE training (id INTEGER PRIMARY KEY, time REAL NOT NULL, model TEXT, record TEXT NOT NULL);
CREATE INDEX edit_of_array ON edit (array, seq);
"""

_SQLITE, _HEADER_BYTES = b"SQLite format 3\0", 100  # https://sqlite.org/fileformat.html

MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {}
"""By version: what turns a file of it into one of the next, within one transaction."""


def create_tables(connection: sqlite3.Connection) -> None:
    """Make an empty project in an empty file, in one transaction."""
    connection.executescript(
        f"BEGIN IMMEDIATE; {_TABLES} INSERT INTO property VALUES ('id', '{uuid4().hex}');"
        f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT;"
    )


def project_id(connection: sqlite3.Connection) -> str | None:
    """What tells this project from any other, wherever its file is; None if the file is no project."""
    row = connection.execute("SELECT value FROM property WHERE name = 'id'").fetchone()
    return None if row is None else str(row[0])


def version_of(connection: sqlite3.Connection) -> int:
    """The schema version of a project; raises `UserError` if the file is no project, or too new."""
    known = int(connection.execute("PRAGMA application_id").fetchone()[0])
    return _checked(known, int(connection.execute("PRAGMA user_version").fetchone()[0]))


def check_header(path: Path) -> None:
    """Raise `UserError` if a database is no project, or too new: before SQLite is asked, which would change the file.

    The file alone is read, and of it what never changes: with the log that belongs to it not taken in, no more of it
    is sure.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if not header:
        raise UserError("it is empty: choose a file that was made with New project")
    if header.startswith(_SQLITE) and len(header) == _HEADER_BYTES:
        version, known = (int.from_bytes(header[at : at + 4], "big", signed=True) for at in (60, 68))
        _checked(known, version)


def _checked(known: int, version: int) -> int:
    if known != APPLICATION_ID:
        raise UserError("it is a database, but not a project: choose a file that was made with New project")
    if version > VERSION:
        raise UserError(
            f"it was made by a newer version of this program (format {version}, this one reads {VERSION}): "
            "update napari-unet-finetune"
        )
    return version


def migrate(connection: sqlite3.Connection) -> int:
    """Bring an older file to the present version, each step wholly or not at all; returns the version that it had."""
    found = version_of(connection)
    for version in range(found, VERSION):
        connection.execute("BEGIN IMMEDIATE")
        try:
            MIGRATIONS[version](connection)
            connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    return found
