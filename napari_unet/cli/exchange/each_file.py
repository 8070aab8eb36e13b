"""One file after another: a bad one does not keep the others from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari_unet.cli.terminal import Terminal
from napari_unet.errors import UserError, listed


def work_on_each(paths: Sequence[Path], work: Callable[[Path], dict[str, Any]], terminal: Terminal, done: str) -> None:
    """Do `work`, which says what came of a file: its `objects`, `output` and `differences` in sentences.

    Raises
    ------
    UserError
        In the end, if some of them could not be `done` ("exported").
    """
    files: list[dict[str, Any]] = []
    errors: list[dict[str, str]] = []
    terminal.answer |= {"files": files, "errors": errors}
    for path in paths:
        try:
            row = work(path)
        except UserError as error:
            errors.append({"input": str(path), "message": str(error)})
            continue
        files.append(row)
        terminal.say(f"{path}: {row['objects']} objects -> {row['output']}")
        for sentence in row["differences"]:
            terminal.say(f"  {sentence}")
    if errors:
        told = listed([f"{error['input']} ({error['message'].rstrip('.')})" for error in errors])
        count = len(paths)
        raise UserError(
            errors[0]["message"] if count == 1 else f"{len(errors)} of {count} could not be {done}: {told}."
        )
