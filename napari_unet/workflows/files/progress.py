"""How far work on many files is, one failing alone."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FileProgress:
    """The objects of one file (`done` of `total`) were seen to, or it failed with the sentence `error`.

    `problem` is what is odd about its labels.
    """

    done: int
    total: int
    path: Path
    objects: int = 0
    error: str | None = None
    problem: str = ""
