"""Classes of whole images as a project keeps them: which images are listed, and what each was given."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from napari_unet.classification.marked import MarkedObjects

PROPERTY = "image classes"
Listed = tuple[MarkedObjects, list[Path], dict[Path, int]]


def written(
    marked: MarkedObjects, images: Sequence[Path], given: Mapping[Path, int], project: Path | None
) -> dict[str, Any]:
    """As JSON can hold it; with the folder of the `project`, if there is one, so that both can move together."""
    return {
        "names": list(marked.names), "colors": list(marked.colors),
        "folder": None if project is None else os.path.abspath(project.parent),
        "images": [[str(Path(os.path.abspath(path))), given.get(path)] for path in images],
    }  # fmt: skip


def read_back(kept: Mapping[str, Any], project: Path) -> Listed:
    """Classes, images and what these were given; images that moved along with the `project` are found beside it."""
    marked = MarkedObjects(tuple(kept["names"]), tuple(kept["colors"]))
    images: list[Path] = []
    given: dict[Path, int] = {}
    for name, own in kept["images"]:
        path = _found(Path(name), kept.get("folder"), project)
        images.append(path)
        if own is not None:
            given[path] = int(own)
    return marked, images, given


def _found(path: Path, was_at: str | None, project: Path) -> Path:
    if path.exists() or was_at is None:
        return path
    try:
        beside = Path(os.path.normpath(project.parent / os.path.relpath(path, was_at)))
    except ValueError:  # another drive
        return path
    return beside if beside.exists() else path
