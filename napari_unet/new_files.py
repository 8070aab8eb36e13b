"""Files that are written whole or not at all: whatever ends the program, what was there before stays until then.

Below all rooms, as each of them writes files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

from napari_unet.errors import UserError


@contextmanager
def replacing(path: Path, ending: str = ".partial", sync: bool = False) -> Iterator[Path]:
    """A file to write that takes the place of `path` once it is complete; else it is removed.

    `ending` is of its name, for writers that go by that. `sync`: it is on the disk, and not only in the system's
    memory, before it takes that place. Raises OSError.
    """
    # A name of its own, so that no other thread or program writes to the same; short, as names may not be long.
    partial = path.with_name(f".{uuid4().hex[:12]}{ending}")
    try:
        yield partial
        if sync:
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        with suppress(OSError):  # where the folder is a file there is nothing to be removed, and its own words are told
            partial.unlink()


@contextmanager
def new_file(path: Path, ending: str = ".partial", sync: bool = False, folders: bool = True) -> Iterator[Path]:
    """As `replacing`, but raises `UserError` if it cannot be written. Unless told otherwise, `folders` are made."""
    try:
        if folders:
            path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, ending, sync) as partial:
            yield partial
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}. Choose another folder.") from error
