"""Segmentations of large images in the project: of labels that took an hour nothing may be lost."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from napari_unet.errors import UserError
from napari_unet.project.unfinished import blocks_target, remove_if_empty
from napari_unet.ui.session.keeping.keeper import get_keeper

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


def place_of_blocks(session: Session, work: ImageWork) -> Path | None:
    """Where a large image is segmented block by block, so that this goes on after a kill; None: nothing is kept.

    The project takes the image in, or else a recovery file. Blocks of pixels that came from no file could not be told
    from those of others.
    """
    keeper = get_keeper(session)
    try:
        number = keeper.keep_image(work)
    except UserError:
        return None
    project = keeper.project
    if project is None or not project.writable or work.image.path is None:
        return None
    return blocks_target(project.path, number)


def tidy_blocks(session: Session) -> None:
    """A segmentation has ended: if all of it is done, nothing lies beside the project any more."""
    project = get_keeper(session).project
    if project is not None:
        remove_if_empty(project.path)
