"""Restoring files: a network is taught on them, or taken as it is, and put to work on each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.images.files.reading import read_image
from napari_unet.images.files.writing import write_image
from napari_unet.images.image import Image
from napari_unet.models.model import Model
from napari_unet.models.running.engine import Engine
from napari_unet.restoration.applying import Unsure, grey_of, has_opinions, restore_steps
from napari_unet.restoration.config import RestoreConfig
from napari_unet.restoration.material import gather
from napari_unet.restoration.tasks import UNSURE, RestorationTask, task_of
from napari_unet.restoration.teaching import Taught, teach_steps


@dataclass(frozen=True)
class FileRestored:
    """One file is written, and maybe one that says where it is not to be trusted."""

    done: int
    total: int
    source: Path
    output: Path
    unsure: Path | None = None


@dataclass(frozen=True, eq=False)
class RestoredFiles:
    """The model, what is known of its quality (None: it was not taught here), and sentences for the user."""

    model: Model
    taught: Taught | None
    notes: tuple[str, ...]


def restore_files_steps(
    files: Sequence[tuple[Path, Path]],
    task: RestorationTask,
    config: RestoreConfig,
    clean: Sequence[Path] | None = None,
    model: Model | None = None,
    axes: str | None = None,
    channel: int | None = None,
    stop: StopFlag | None = None,
) -> Iterator[Any]:
    """Restore the first of each of `files`, and write it to the second.

    Parameters
    ----------
    clean : sequence of Path, optional
        What each is to become, as far as the network learns; None: it learns from the images by themselves.
    model : Model, optional
        One that was taught before: nothing is learned.
    """
    flag = stop or StopFlag()
    images = [read_image(path, axes).select_channel(channel) for path, _ in files]
    taught: Taught | None = None
    notes: tuple[str, ...] = ()
    if model is None:
        wanted = None if clean is None else [read_image(path, axes).select_channel() for path in clean]
        material = gather(images, wanted, task, config.structure, config.voxel_ratio)
        names = tuple(path.name for path, _ in files)
        for event in teach_steps(material, config, f"{images[0].name} {task.name}", names, flag):
            if isinstance(event, Finished):
                taught = event.result
            else:
                yield event
        if taught is None:
            raise RuntimeError("teaching ended without a result")
        model, notes = taught.model, material.notes
    ending = StopFlag() if taught is not None else flag
    # Who stopped the learning before the second network has one opinion.
    unsure = config.uncertainty and (taught is None or has_opinions(model))
    yield from _write(files, images, model, config.engine, ending, unsure)
    advice = (task_of(grey_of(model)).advice, *((UNSURE,) if unsure else ()))
    yield Finished(RestoredFiles(model, taught, (*notes, *advice)), flag.requested)


def unsure_path(output: Path) -> Path:
    """The file beside a restored one that says where it is not to be trusted."""
    name = output.name
    for ending in (".ome.tif", ".ome.tiff", ".tif", ".tiff"):
        if name.lower().endswith(ending):
            return output.with_name(f"{name[: -len(ending)]}_unsure{name[-len(ending) :]}")
    return output.with_name(f"{name}_unsure.tif")


def _write(
    files: Sequence[tuple[Path, Path]],
    images: Sequence[Image],
    model: Model,
    engine: Engine,
    stop: StopFlag,
    unsure: bool,
) -> Iterator[Any]:
    for number, ((source, output), image) in enumerate(zip(files, images, strict=True), start=1):
        doubts: Path | None = None
        for event in restore_steps(image, model, engine, stop, unsure):
            if isinstance(event, Unsure):
                doubts = write_image(unsure_path(output), event.image)
            elif not isinstance(event, Finished):
                yield event
            elif event.result is None:
                raise UserError("Stopped before the image was restored: nothing was written.")
            else:
                yield FileRestored(number, len(files), source, write_image(output, event.result), doubts)
