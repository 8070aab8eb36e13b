"""Between the rows of a project file and what they stand for: reading them, and writing them within a transaction."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_unet.images.written import written_rows
from napari_unet.labels.types import Array
from napari_unet.project.references import ImageReference
from napari_unet.project.storage.journal import LIMIT, Edit, History, Kind, UndoSteps
from napari_unet.project.storage.tiles import (
    TileChange,
    TileKey,
    all_tiles,
    apply_changes,
    find_changes,
    pack_change,
    pack_tile,
    tile_of,
    tile_slices,
    unpack_change,
    unpack_tile,
)

_MOST_KEPT = 2**28  # pixels of an array that is replaced: comparing more would keep the writer's thread for seconds
_IMAGE_COLUMNS = "name, path, relative_path, hash, bytes, axes, shape, scale, units, details"


MakeArray = Callable[[tuple[int, ...], np.dtype[Any]], Array]


@dataclass(frozen=True)
class ArrayRow:
    """One array of an image. Its tiles hold the pixels as of edit number `folded`."""

    id: int
    image: int
    role: str
    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    folded: int


# -- images ------------------------------------------------------------------------------------------------------------


def write_image_row(connection: sqlite3.Connection, number: int, reference: ImageReference) -> None:
    """Add an image, or replace what is known of it."""
    values = (
        reference.name, reference.path, reference.relative_path, reference.hash, reference.n_bytes, reference.axes,
        json.dumps(reference.shape), json.dumps(dict(reference.scale)), json.dumps(dict(reference.units)),
        json.dumps(dict(reference.details)),
    )  # fmt: skip
    names = _IMAGE_COLUMNS.split(", ")
    connection.execute(
        f"INSERT INTO image (id, {_IMAGE_COLUMNS}) VALUES ({', '.join('?' * (len(names) + 1))}) "
        f"ON CONFLICT (id) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in names)}",
        (number, *values),
    )


def read_image_rows(connection: sqlite3.Connection) -> dict[int, ImageReference]:
    """The images by their numbers."""
    found = {}
    for number, *row in connection.execute(f"SELECT id, {_IMAGE_COLUMNS} FROM image ORDER BY id"):
        name, path, relative, digest, n_bytes, axes, shape, scale, units, details = row
        found[number] = ImageReference(
            name, axes, tuple(json.loads(shape)), json.loads(scale), json.loads(units), path, relative, digest,
            n_bytes, json.loads(details),
        )  # fmt: skip
    return found


# -- arrays ------------------------------------------------------------------------------------------------------------


def read_arrays(connection: sqlite3.Connection, image: int | None = None) -> list[ArrayRow]:
    """The arrays of one image, or of all."""
    rows = connection.execute(
        "SELECT id, image, role, dtype, shape, folded FROM array WHERE ?1 IS NULL OR image = ?1 ORDER BY id", (image,)
    )
    return [ArrayRow(row[0], row[1], row[2], np.dtype(row[3]), tuple(json.loads(row[4])), row[5]) for row in rows]


def find_array(connection: sqlite3.Connection, image: int, role: str) -> ArrayRow | None:
    return next((row for row in read_arrays(connection, image) if row.role == role), None)


def write_base(
    connection: sqlite3.Connection, seq: int, image: int, role: str, form: tuple[str, tuple[int, ...]],
    tiles: list[tuple[TileKey, bytes]], time_: float,
) -> None:  # fmt: skip
    """Replace all pixels of an array (`form`: dtype and shape) by packed tiles, as edit `seq`.

    If a model was taught since all of them were new, what is replaced stays in the journal, for the training to be
    done again.
    """
    dtype, shape = form
    replaced = _taught(connection, image, role, form)
    connection.execute(
        "INSERT INTO array (image, role, dtype, shape, folded) VALUES (?, ?, ?, ?, ?) ON CONFLICT (image, role) "
        "DO UPDATE SET dtype = excluded.dtype, shape = excluded.shape, folded = excluded.folded",
        (image, role, dtype, json.dumps(shape), seq),
    )
    (array,) = connection.execute("SELECT id FROM array WHERE image = ? AND role = ?", (image, role)).fetchone()
    connection.execute("DELETE FROM tile WHERE array = ?", (array,))
    connection.executemany("INSERT INTO tile VALUES (?, ?, ?, ?, ?)", ((array, *key, data) for key, data in tiles))
    connection.execute("INSERT INTO edit VALUES (?, ?, ?, ?)", (seq, array, Kind.BASE.value, time_))
    connection.executemany("INSERT INTO change VALUES (?, ?, ?, ?, ?)", ((seq, *change) for change in replaced))


def _taught(
    connection: sqlite3.Connection, image: int, role: str, form: tuple[str, tuple[int, ...]]
) -> list[tuple[int, int, int, bytes]]:
    """An array about to be replaced, as packed changes from it to zeros; none if no model was taught with it."""
    row = find_array(connection, image, role)
    if row is not None and (row.dtype.str, row.shape) != form:  # what was kept cannot be read as one of the new form
        connection.execute("DELETE FROM change WHERE seq IN (SELECT seq FROM edit WHERE array = ?)", (row.id,))
        return []
    if row is None or np.prod(row.shape, dtype=np.int64) > _MOST_KEPT:
        return []
    (taught,) = connection.execute(
        "SELECT count(*) FROM training WHERE time > "
        "(SELECT max(time) FROM edit WHERE array = ? AND kind = ?)", (row.id, Kind.BASE.value),
    ).fetchone()  # fmt: skip
    if not taught:
        return []
    nothing = np.broadcast_to(np.zeros((), row.dtype), row.shape)
    changes = find_changes(read_array(connection, row), nothing, all_tiles(row.shape))
    if not changes:  # the mark of an array of zeros
        none = np.zeros(0, row.dtype)
        changes = [TileChange(TileKey(0, 0, 0), np.zeros(0, np.uint16), none, none)]
    return [(*change.key, pack_change(change)) for change in changes]


def pack_array(array: Array) -> list[tuple[TileKey, bytes]]:
    """All tiles of `array` but those of zeros, compressed."""
    held = written_rows(array).reshape(-1, array.shape[-2])
    keys = (key for key in all_tiles(array.shape) if held[key.plane, tile_slices(key)[0]].any())
    tiles = ((key, tile_of(array, key)) for key in keys)
    return [(key, pack_tile(tile)) for key, tile in tiles if tile.any()]


def drop_array(connection: sqlite3.Connection, image: int, role: str) -> None:
    """Forget an array with all its edits."""
    connection.execute("DELETE FROM array WHERE image = ? AND role = ?", (image, role))


def read_tile(connection: sqlite3.Connection, row: ArrayRow, key: TileKey) -> Array:
    """One tile as of `row.folded`, writable. Raises ValueError if it is damaged."""
    empty = tile_of(np.broadcast_to(np.zeros((), row.dtype), row.shape), key)
    found = connection.execute(
        "SELECT data FROM tile WHERE array = ? AND plane = ? AND row = ? AND col = ?", (row.id, *key)
    ).fetchone()
    return np.array(unpack_tile(found[0], row.dtype, empty.shape) if found else empty)


def read_array(
    connection: sqlite3.Connection, row: ArrayRow, planes: Collection[int] | None = None, make: MakeArray = np.zeros
) -> Array:
    """The array as it is now: its tiles, and the edits since. Raises ValueError if something is damaged.

    Of `planes` only (numbers as in a `TileKey`; None: all of them), zeros elsewhere, which take no memory. `make` gives
    an array of zeros of a shape and dtype.
    """
    array = make(row.shape, row.dtype)
    wanted = json.dumps(None if planes is None else sorted(planes))
    for plane, r, column, data in connection.execute(
        "SELECT plane, row, col, data FROM tile WHERE array = ?1 "
        "AND (?2 = 'null' OR plane IN (SELECT value FROM json_each(?2)))",
        (row.id, wanted),
    ):
        tile = tile_of(array, TileKey(plane, r, column))
        tile[...] = unpack_tile(data, row.dtype, tile.shape)
    changes = read_changes(connection, row, row.folded)
    apply_changes(array, (change for change in changes if planes is None or change.key.plane in planes))
    return array


# -- edits -------------------------------------------------------------------------------------------------------------


def write_edit(connection: sqlite3.Connection, seq: int, image: int, role: str, edit: Edit, time_: float) -> None:
    """Add an edit to the journal of an array that has a base. An edit of an array that is gone is none."""
    row = connection.execute("SELECT id FROM array WHERE image = ? AND role = ?", (image, role)).fetchone()
    if row is None:
        return
    connection.execute("INSERT INTO edit VALUES (?, ?, ?, ?)", (seq, row[0], edit.kind.value, time_))
    connection.executemany(
        "INSERT INTO change VALUES (?, ?, ?, ?, ?)",
        ((seq, *change.key, pack_change(change)) for change in edit.changes),
    )


def last_seq(connection: sqlite3.Connection) -> int:
    """The number of the last edit of all; 0 if there is none."""
    return int(connection.execute("SELECT coalesce(max(seq), 0) FROM edit").fetchone()[0])


def read_changes(connection: sqlite3.Connection, row: ArrayRow, after: int) -> list[TileChange]:
    """All changes of an array by edits later than `after`, in order."""
    rows = connection.execute(
        "SELECT plane, row, col, data FROM edit JOIN change USING (seq) WHERE array = ? AND seq > ? ORDER BY seq",
        (row.id, after),
    )
    return [unpack_change(TileKey(*key), data, row.dtype) for *key, data in rows]


def read_array_at(connection: sqlite3.Connection, row: ArrayRow, moment: float) -> Array | None:
    """An array as it was at `moment` (seconds since 1970); None if all pixels were replaced since, and are not kept."""
    where = "FROM edit {join} WHERE array = ? AND time > ? AND {seq} ORDER BY seq"
    replaced = connection.execute(
        f"SELECT seq {where.format(join='', seq='kind = ?')}", (row.id, moment, Kind.BASE.value)
    )
    first = replaced.fetchone()
    if first is None:
        array, until = read_array(connection, row), "1"
    else:
        kept = _read_edit(connection, row, first[0])
        if not kept.changes:
            return None
        array, until = np.zeros(row.shape, row.dtype), f"seq < {int(first[0])}"
        apply_changes(array, kept.reversed())
    later = connection.execute(
        f"SELECT plane, row, col, data {where.format(join='JOIN change USING (seq)', seq=until)}", (row.id, moment)
    )
    changes = [unpack_change(TileKey(*key), data, row.dtype) for *key, data in later]
    apply_changes(array, (change.reversed() for change in reversed(changes)))
    return array


def read_history(connection: sqlite3.Connection, row: ArrayRow, limit: int = LIMIT) -> History:
    """What can be undone and redone of an array; only the edits that count for it are read."""
    steps: UndoSteps[int] = UndoSteps(limit)
    for seq, kind in connection.execute("SELECT seq, kind FROM edit WHERE array = ? ORDER BY seq", (row.id,)):
        steps.add(Kind(kind), seq)
    history = History(limit)
    history.done.extend(_read_edit(connection, row, seq) for seq in steps.done)
    history.undone.extend(_read_edit(connection, row, seq) for seq in steps.undone)
    return history


def _read_edit(connection: sqlite3.Connection, row: ArrayRow, seq: int) -> Edit:
    rows = connection.execute("SELECT plane, row, col, data FROM change WHERE seq = ?", (seq,))
    return Edit(Kind.EDIT, tuple(unpack_change(TileKey(*key), data, row.dtype) for *key, data in rows))


def fold(connection: sqlite3.Connection, least: int) -> None:
    """Bring the tiles of arrays with at least `least` later edits up to date, so that opening has little to play."""
    for row in read_arrays(connection):
        (waiting, last) = connection.execute(
            "SELECT count(*), max(seq) FROM edit WHERE array = ? AND seq > ?", (row.id, row.folded)
        ).fetchone()
        if waiting < max(1, least):
            continue
        tiles: dict[TileKey, Array] = {}
        for change in read_changes(connection, row, row.folded):
            tile = tiles.get(change.key)
            if tile is None:
                tile = tiles[change.key] = read_tile(connection, row, change.key)
            tile[np.divmod(change.places, tile.shape[1])] = change.after
        packed = [(row.id, *key, pack_tile(tile)) for key, tile in tiles.items()]
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT OR REPLACE INTO tile VALUES (?, ?, ?, ?, ?)", packed)
        connection.execute("UPDATE array SET folded = ? WHERE id = ?", (last, row.id))
        connection.execute("COMMIT")
