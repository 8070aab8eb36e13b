"""A model file with other names in it: a new header before the same weights."""

from __future__ import annotations

import json
import shutil
import struct
from pathlib import Path
from typing import Any

from napari_unet.models.model_file import METADATA_KEY, read_record

_ALIGNMENT = 8  # bytes; where safetensors wants the weights to begin


def write_renamed(source: Path, target: Path, name: str) -> None:
    """As `write_with`, with the display name `name`."""
    write_with(source, target, {"name": name})


def write_with(source: Path, target: Path, update: dict[str, Any]) -> None:
    """Write the model file `source` to `target` with `update` in its record, its weights bit for bit.

    Raises `UserError` if `source` is no model file, `OSError` if `target` cannot be written.
    """
    record = read_record(source).model_copy(update=update)
    with source.open("rb") as old, target.open("wb") as new:
        (length,) = struct.unpack("<Q", old.read(8))
        header = json.loads(old.read(length))
        header["__metadata__"][METADATA_KEY] = record.model_dump_json()
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        text += b" " * (-len(text) % _ALIGNMENT)
        new.write(struct.pack("<Q", len(text)) + text)
        shutil.copyfileobj(old, new)
