"""Segmentations of large images that were cut short: what is done of them lies in a folder beside the project.

The next run with the same image, model and settings goes on with it (see `segmentation.blocks`).
"""

from __future__ import annotations

import shutil
from pathlib import Path


def blocks_folder(project: Path) -> Path:
    """The folder beside the project file at `project`; it is there only while something is unfinished."""
    return project.with_name(f"{project.name}-blocks")


def blocks_target(project: Path, image: int) -> Path:
    """Where a segmentation of the image with this number goes, block by block, before it comes into the project."""
    return blocks_folder(project) / f"{image}.ome.zarr"


def count_unfinished(project: Path, image: int) -> int:
    """How many blocks there are of a segmentation of this image that was cut short."""
    if not blocks_folder(project).is_dir():
        return 0
    from napari_unet.segmentation.blocks.store import count_kept

    return count_kept(blocks_target(project, image))


def remove_if_empty(project: Path) -> None:
    """Remove the folder if nothing in it is unfinished."""
    folder = blocks_folder(project)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def remove_blocks(project: Path) -> None:
    """Remove all that is unfinished, with a project that is removed itself."""
    shutil.rmtree(blocks_folder(project), ignore_errors=True)


def move_blocks(old: Path, new: Path) -> None:
    """Take along what is unfinished to a project that takes the place of an older one. Raises OSError."""
    if blocks_folder(old).is_dir():
        shutil.move(blocks_folder(old), blocks_folder(new))
