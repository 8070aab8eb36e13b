"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from napari_unet.errors import UserError


def write_whole(path: Path, payload: bytes) -> None:
    """Write `payload` to `path` at once or not at all; raises `UserError` if that cannot be."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(payload)
        os.replace(partial, path)
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror}. Choose another place.") from error
    finally:
        with suppress(OSError):  # where the folder is a file there is nothing to be removed, and its own words are told
            partial.unlink()
