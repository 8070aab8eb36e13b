"""Measuring the objects of many files into one table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.images.files.label_files import open_labels, whole_numbers
from napari_unet.images.files.reading import read_image
from napari_unet.images.image import Image
from napari_unet.images.lazy import is_lazy
from napari_unet.labels.places import check_single_objects, tell_scattered
from napari_unet.results.measurements.config import MeasureConfig
from napari_unet.results.measurements.measure import measure_steps
from napari_unet.workflows.files.progress import FileProgress


@dataclass(frozen=True)
class MeasuredFile:
    """An image and the label images that belong to it."""

    image: Path
    labels: Path
    parents: Path | None = None
    classes: Path | None = None


@dataclass(frozen=True, eq=False)
class MeasuredFiles:
    """The objects of all files, with the columns `image` and `folder` first; `errors` by file."""

    table: pd.DataFrame
    errors: dict[Path, str]


def measure_files_steps(
    files: Sequence[MeasuredFile],
    config: MeasureConfig | None = None,
    axes: str | None = None,
    stop: StopFlag | None = None,
) -> Iterator[FileProgress | Finished[MeasuredFiles]]:
    """Measure one file after another; a bad one does not keep the others from it. Stopping keeps what is done."""
    flag = stop or StopFlag()
    tables: list[pd.DataFrame] = []
    errors: dict[Path, str] = {}
    for number, file in enumerate(files, start=1):
        if flag.requested:
            break
        try:
            finished, problem = _measure_file(file, config or MeasureConfig(), axes, flag)
        except UserError as error:
            errors[file.image] = str(error)
            yield FileProgress(number, len(files), file.image, error=str(error))
            continue
        if finished.stopped:  # half of an image would be taken for all of it
            break
        tables.append(finished.result)
        yield FileProgress(number, len(files), file.image, len(finished.result), problem=problem)
    yield Finished(MeasuredFiles(_join(tables), errors), flag.requested)


def _measure_file(
    file: MeasuredFile, config: MeasureConfig, axes: str | None, stop: StopFlag
) -> tuple[Finished[pd.DataFrame], str]:
    image = read_image(file.image, axes)
    grey = image.select_channel()
    others: dict[str, Image | None] = {
        name: None if path is None else open_labels(path, grey)
        for name, path in (("parents", file.parents), ("classes", file.classes))
    }
    labels = open_labels(file.labels, grey)
    problem = _check(labels)
    steps = measure_steps(labels, image, config, stop=stop, **others)
    [finished] = [step for step in steps if isinstance(step, Finished)]
    finished.result.insert(0, "image", file.image.name)
    finished.result.insert(1, "folder", file.image.resolve().parent.name)
    return finished, problem


def _check(labels: Image) -> str:
    """A sentence on ids in many places; raises `UserError` for a mask of all objects alike, or classes.

    In a stack one object may well lie in several places of a plane: there nothing is refused. Labels that are read
    lazily are not looked at.
    """
    if is_lazy(labels.data):
        return ""
    name = labels.name if labels.path is None else labels.path.name
    values = whole_numbers(np.asarray(labels.data), f"The labels {name}")
    if "Z" in labels.axes:
        return ""
    return tell_scattered(name, check_single_objects(values.reshape(-1, *values.shape[-2:]), name))


def _join(tables: list[pd.DataFrame]) -> pd.DataFrame:
    if not tables:
        return pd.DataFrame()
    joined = pd.concat(tables, ignore_index=True)
    units: dict[str, set[str]] = {}
    for table in tables:
        for name, unit in table.attrs.get("units", {}).items():
            units.setdefault(name, set()).add(unit)
    joined.attrs["units"] = {name: " or ".join(sorted(found)) for name, found in units.items()}
    return joined
