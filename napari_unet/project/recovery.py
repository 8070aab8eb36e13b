"""The recovery file: a project that nobody asked for, kept where there is none, and offered at the next start."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path
from uuid import uuid4

import platformdirs

from napari_unet.errors import UserError
from napari_unet.project.opening import create_project
from napari_unet.project.project import SUFFIX, Project
from napari_unet.project.storage.lock import ProjectLock, lock_path
from napari_unet.project.unfinished import remove_blocks

_KEPT = 5  # files; older ones are removed
_KEPT_SECONDS = 30 * 86400


def recovery_dir() -> Path:
    """Folder of recovery files, made if need be. Raises OSError."""
    chosen = os.environ.get("NAPARI_UNET_RECOVERY")
    folder = Path(chosen) if chosen else platformdirs.user_data_path("napari-unet") / "recovery"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def create_recovery() -> Project:
    """A new recovery file; raises `UserError` if none can be made."""
    try:
        folder = recovery_dir()
    except OSError as error:
        raise UserError(
            f"No recovery file can be kept: {error}. Make a project, so that your corrections are saved."
        ) from error
    return create_project(folder / f"{time.strftime('%Y-%m-%d %H.%M.%S')} {uuid4().hex[:6]}{SUFFIX}")


def find_recoveries() -> list[Path]:
    """Recovery files that no open window writes to, the newest first. Old ones are removed."""
    try:
        files = sorted(recovery_dir().glob(f"*{SUFFIX}"), key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return []
    free = [path for path in files if not _is_open(path)]
    kept = [path for path in free[:_KEPT] if path.stat().st_mtime > time.time() - _KEPT_SECONDS]
    for path in free:
        if path not in kept:
            remove_recovery(path)
    return kept


def copy_recovery(path: Path, project: Path) -> None:
    """Copy a recovery file that is to be removed: the copy is on the disk, and not only in the system's memory."""
    shutil.copyfile(path, project)
    with project.open("r+b") as file:
        os.fsync(file.fileno())


def remove_recovery(path: Path) -> None:
    """Delete a recovery file for good, unless a window writes to it: the offer of it may be older than that."""
    if _is_open(path):
        return
    for name in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm"), lock_path(path)):
        with contextlib.suppress(OSError):
            name.unlink()
    remove_blocks(path)


def _is_open(path: Path) -> bool:
    try:
        lock = ProjectLock.take(path)
    except OSError:
        return True
    if lock is None:
        return True
    lock.release()
    return False
