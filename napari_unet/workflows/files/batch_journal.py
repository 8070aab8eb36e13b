"""What a batch has done, kept beside its outputs, so that a run that is killed goes on where it was.

A file of labels gets its name only after the journal has its line, and the line only after its pixels are on the disk:
whenever the power goes, a file is either done and in the journal, or not done at all.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from napari_unet.errors import UserError
from napari_unet.project.references import hash_file

JOURNAL = "napari-unet-batch.jsonl"


class BatchJournal:
    """Lines of JSON in the folder of each output: input, hash of its content, of the model and of the settings."""

    def __init__(self, model: str, settings: Mapping[str, Any]) -> None:
        text = json.dumps(settings, sort_keys=True, default=str)
        self._key = {"model": model, "settings": hashlib.sha256(text.encode()).hexdigest()[:16]}
        self._lines: dict[Path, dict[str, dict[str, Any]]] = {}

    def find_done(self, path: Path, target: Path) -> dict[str, Any] | None:
        """What was told of `path` when it was done with this model and settings; None: it is still to do.

        It is done again if its content has changed, or the output has gone; never if a person has corrected it.
        """
        line = self._read(target.parent).get(target.name)
        if line is not None and line.get("corrected") and target.exists():
            return dict(line["row"])
        if line is None or {key: line.get(key) for key in self._key} != self._key:
            return None
        if line.get("content") != hash_content(path):
            return None
        waiting = _waiting(target)
        if line.get("waiting") and waiting.exists():  # killed between the journal and the name
            os.replace(waiting, target)
        row: dict[str, Any] = line["row"]
        return row if target.exists() else None

    def knows(self, target: Path) -> bool:
        """Whether a batch has written this output, with any model: what nobody knows of may be a person's work."""
        return target.name in self._read(target.parent)

    def note_corrected(self, target: Path, objects: int) -> None:
        """From now on, leave this output as it is, whatever the model: a person has corrected it."""
        line = self._read(target.parent).get(target.name, {})
        row = {**line.get("row", {}), "output": str(target), "objects": objects, "corrected": True}
        self._append(target, {**line, "output": target.name, "corrected": True, "row": row, "waiting": False})

    def finish(self, path: Path, target: Path, row: dict[str, Any], write: Callable[[Path], object]) -> None:
        """Let `write` write the output, note `row`, and only then give the output its name."""
        waiting = _waiting(target)
        content = hash_content(path)
        try:
            write(waiting)
            with waiting.open("rb+") as file:
                os.fsync(file.fileno())
            self._append(target, {"output": target.name, "content": content, **self._key, "waiting": True, "row": row})
            os.replace(waiting, target)
        except OSError as error:
            raise UserError(f"{target} cannot be written: {error.strerror or error}. Choose another folder.") from error

    def _append(self, target: Path, line: dict[str, Any]) -> None:
        self._read(target.parent)[target.name] = line
        path = target.parent / JOURNAL
        with path.open("ab") as file:
            # a line that a kill cut short must not swallow this one
            start = b"\n" if file.tell() and not _ends_whole(path) else b""
            file.write(start + json.dumps(line, default=str).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _read(self, folder: Path) -> dict[str, dict[str, Any]]:
        """The last line of each output in `folder`, by name; lines that were cut short are left out."""
        if folder not in self._lines:
            found: dict[str, dict[str, Any]] = {}
            path = folder / JOURNAL
            text = path.read_bytes() if path.exists() else b""
            for raw in text.splitlines():
                try:
                    line = json.loads(raw)
                    found[line["output"]] = line
                except (ValueError, KeyError, TypeError):
                    continue
            self._lines[folder] = found
        return self._lines[folder]


def hash_content(path: Path) -> str:
    """A hash of what is in the image at `path`, a file or a folder."""
    try:
        return hash_file(path)[0]
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from error


def _waiting(target: Path) -> Path:
    """Where the output is until the journal knows of it."""
    return target.with_name(f".{target.stem}.waiting{target.suffix}")


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"
