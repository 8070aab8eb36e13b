"""Writing tracks for other programs, away from the window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_unet.events import Finished, StopFlag
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.images.image import Image
    from napari_unet.tracking.labelled import LabelledMovie
    from napari_unet.ui.session.image_work import ImageWork

WritingSteps = Iterator[Finished[list[Path]]]


def write_in_background(
    work: ImageWork, movie: LabelledMovie, form: str, folder: Path
) -> tuple[WritingSteps, StopFlag]:
    """The events of writing a copy of the labels and their lineage, and the flag to stop them by."""
    labels = replace(work.grey, data=present(work.labels).copy())
    return _write(labels, movie, form, folder), StopFlag()


def _write(labels: Image, movie: LabelledMovie, form: str, folder: Path) -> WritingSteps:
    from napari_unet.workflows.tracking import labelled_movie, movie_name, write_movie

    name = labels.name if labels.path is None else movie_name(labels.path)
    yield Finished(write_movie(labelled_movie(labels, movie), labels, name, folder, form))
