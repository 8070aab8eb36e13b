"""Whether a project file is sound: every tile, change, edit and reference is looked at."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np

from napari_unet.errors import UserError
from napari_unet.project.project import Project
from napari_unet.project.references import find_image, is_changed
from napari_unet.project.storage import rows
from napari_unet.project.storage.journal import Kind
from napari_unet.project.storage.tiles import TileKey, all_tiles, tile_of, unpack_change


def check_project(project: Project) -> list[str]:
    """What is wrong with a project, a sentence each; empty if nothing is."""
    found = list(_check_database(project.reader))
    if found:
        return found  # what a damaged database says of its rows means nothing
    try:
        return [*_check_arrays(project), *_check_references(project)]
    except (sqlite3.DatabaseError, ValueError, TypeError, KeyError, AttributeError, UserError) as error:
        return [f"The database cannot be read through: {str(error).rstrip('.')}."]


def _check_database(connection: sqlite3.Connection) -> Iterator[str]:
    try:
        for (line,) in connection.execute("PRAGMA integrity_check(20)"):
            if line != "ok":
                yield f"The database is damaged: {line}."
        for table, number, parent, _ in connection.execute("PRAGMA foreign_key_check"):
            yield f"Row {number} of {table} belongs to a {parent} that is not there."
    except (sqlite3.DatabaseError, ValueError) as error:
        yield f"The database is damaged: {error}."


def _check_arrays(project: Project) -> Iterator[str]:
    images = project.images()
    for row in rows.read_arrays(project.reader):
        if row.image not in images:
            yield f"The {row.role} belong to an image {row.image} that is not there."
            continue
        what = f"The {row.role} of {images[row.image].name}"
        problems = [*_check_tiles(project.reader, row), *_check_journal(project.reader, row)]
        yield from (f"{what}: {problem}." for problem in problems)
        if not problems:
            yield from (f"{what}: {problem}." for problem in _check_history(project, row))


def _check_tiles(connection: sqlite3.Connection, row: rows.ArrayRow) -> Iterator[str]:
    known = set(all_tiles(row.shape))
    for (*place,) in connection.execute("SELECT plane, row, col FROM tile WHERE array = ?", (row.id,)).fetchall():
        key = TileKey(*place)
        if key not in known:
            yield f"there is a tile outside the image, {tuple(key)}"
            continue
        try:
            rows.read_tile(connection, row, key)
        except ValueError as error:
            yield f"the tile {tuple(key)} cannot be read ({error})"


def _check_journal(connection: sqlite3.Connection, row: rows.ArrayRow) -> Iterator[str]:
    kinds = {kind.value for kind in Kind}
    known = set(all_tiles(row.shape))
    outline = np.broadcast_to(np.zeros((), row.dtype), row.shape)
    edits = connection.execute("SELECT seq, kind FROM edit WHERE array = ? ORDER BY seq", (row.id,)).fetchall()
    base = max((seq for seq, kind in edits if kind == Kind.BASE.value), default=0)
    for seq, kind in edits:
        if kind not in kinds:
            yield f"edit {seq} is of the unknown kind {kind}"
        if seq < base:
            continue  # of an earlier form of the array, perhaps of another size
        for *place, data in connection.execute("SELECT plane, row, col, data FROM change WHERE seq = ?", (seq,)):
            key = TileKey(*place)
            try:
                change = unpack_change(key, data, row.dtype)
            except ValueError as error:
                yield f"edit {seq} cannot be read ({error})"
                continue
            if key not in known or (change.places.size and int(change.places.max()) >= tile_of(outline, key).size):
                yield f"edit {seq} changes pixels outside the image"


def _check_history(project: Project, row: rows.ArrayRow) -> Iterator[str]:
    """Each edit since the tiles were folded must find the pixels as it says it found them."""
    tiles: dict[TileKey, np.ndarray] = {}
    for change in rows.read_changes(project.reader, row, row.folded):
        if change.key not in tiles:
            tiles[change.key] = rows.read_tile(project.reader, row, change.key)
        tile = tiles[change.key]
        at = np.divmod(change.places, tile.shape[1])
        if not np.array_equal(tile[at], change.before):
            yield f"the journal does not fit the pixels of tile {tuple(change.key)}"
            return
        tile[at] = change.after


def _check_references(project: Project) -> Iterator[str]:
    for reference in project.images().values():
        if reference.path is None:
            continue
        path = find_image(reference, project.path)
        if path is None:
            yield f"The image {reference.name} is not at {reference.path} any more: put it beside the project."
            continue
        try:
            if is_changed(reference, path):
                yield f"The image {path} is not the one that was worked on: its contents have changed."
        except OSError as error:
            yield f"The image {path} cannot be read: {error.strerror or error}."
