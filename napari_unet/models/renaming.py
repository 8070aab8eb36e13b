"""A model file with other names in it: a new header before the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_unet.models.model_file import METADATA_KEY, read_record
from napari_unet.models.recorded.shared import METADATA, join_file, read_all_weights, split_file


def write_renamed(source: Path, target: Path, name: str) -> None:
    """As `write_with`, with the display name `name`."""
    write_with(source, target, {"name": name})


def write_with(source: Path, target: Path, update: dict[str, Any]) -> None:
    """Write the model file `source` to `target` with `update` in its record, its weights bit for bit.

    Raises `UserError` if `source` is no model file, `OSError` if `target` cannot be written.
    """
    record = read_record(source).model_copy(update=update)
    header, data = split_file(read_all_weights(source))
    header[METADATA][METADATA_KEY] = record.model_dump_json()
    target.write_bytes(join_file(header, data))
