"""The projects that were open last, in a small file of the user's."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import platformdirs

_KEPT = 8


def _file() -> Path:
    return platformdirs.user_data_path("napari-unet") / "recent_projects.json"


def recent_projects() -> list[Path]:
    """Projects that were open before and still exist, the last one first."""
    try:
        known = json.loads(_file().read_text(encoding="utf-8"))
        return [path for path in map(Path, known) if path.is_file()]
    except (OSError, ValueError, TypeError):
        return []


def note_recent(project: Path) -> None:
    """Put a project first in the list."""
    paths = [project, *(path for path in recent_projects() if path != project)][:_KEPT]
    with contextlib.suppress(OSError):  # a list that cannot be kept is no reason to stop
        _file().parent.mkdir(parents=True, exist_ok=True)
        _file().write_text(json.dumps([str(path) for path in paths]), encoding="utf-8")
