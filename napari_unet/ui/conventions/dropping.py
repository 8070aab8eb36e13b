"""Files that are dropped on the dock: images, folders, projects and models each go where they belong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_unet.errors import UserError

PROJECT, MODEL = ".unetproj", ".safetensors"


def take_paths(panel: Any, paths: list[Path]) -> None:
    """Open each of these for what it is: projects first, images last.

    A folder of files becomes the list of images and masks that belong together, to be looked at; an OME-Zarr folder is
    an image.
    """
    for path in paths:
        if path.suffix == PROJECT:
            panel.project_bar.open_at(path)
    for path in paths:
        if path.suffix == MODEL:
            _take_model(panel, path)
    folders = [path for path in paths if path.is_dir() and path.suffix != ".zarr"]
    for folder in folders[:1]:
        panel.image_step.set_open(True)
        panel.image_step.pairs.show()
        panel.image_step.pairs.choose(folder)
    images = [path for path in paths if path not in folders and path.suffix not in (PROJECT, MODEL)]
    if images:
        panel.image_step.open_paths(images)


def would_take(event: Any) -> bool:
    """Whether what is dragged over the dock is files of this computer."""
    data = event.mimeData()
    return bool(data.hasUrls() and any(url.isLocalFile() for url in data.urls()))


def take_drop(panel: Any, event: Any) -> None:
    """Take the files that were dropped."""
    event.acceptProposedAction()
    take_paths(panel, [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()])


def _take_model(panel: Any, path: Path) -> None:
    """Have a model in the library, and in use."""
    from napari_unet.models.library_exchange import import_model

    step = panel.segment_step
    try:
        entry = import_model(path)
    except UserError as error:
        step.show_message(str(error), step.model_box)
    else:
        panel.session.use_model(entry.name)
        step.show_message(f"{entry.name} is in the list of models, and in use.", kind="info")
    step.set_open(True)
