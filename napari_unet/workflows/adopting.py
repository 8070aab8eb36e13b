"""Images that come with masks: which belong together, which fit, and what a project keeps of them as ground truth."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.images.image import Image
from napari_unet.labels.places import check_single_objects
from napari_unet.project.references import ImageReference, refer_to, with_hash
from napari_unet.workflows.base_names import is_label_name
from napari_unet.workflows.pairing import Pair, Pairing, match_files

_LABEL_FOLDERS = ("masks", "labels", "mask", "label", "annotations", "gt", "ground_truth", "truth")
_IMAGE_FOLDERS = ("images", "image", "img", "raw", "tissue images")


@dataclass(frozen=True)
class CheckedPair:
    """A pair, and why it does not fit together; an empty `problem`: it does."""

    pair: Pair
    problem: str = ""


@dataclass(frozen=True)
class CheckedFolder:
    """What was found in two folders (or in one): pairs, looked at, and what has no partner."""

    images: Path
    labels: Path
    pairing: Pairing
    checked: tuple[CheckedPair, ...]

    @property
    def usable(self) -> tuple[Pair, ...]:
        """The pairs that fit."""
        return tuple(one.pair for one in self.checked if not one.problem)


@dataclass(frozen=True, eq=False)
class PairRead:
    """An image with its labels and where they count (both with axes out of "TZYX"), for a project to keep."""

    done: int
    total: int
    reference: ImageReference
    labels: npt.NDArray[np.int32]
    reviewed: npt.NDArray[np.uint8]


@dataclass(frozen=True)
class PairRefused:
    """A pair that turned out not to be usable, and why."""

    done: int
    total: int
    sentence: str


def find_folders(folder: Path) -> tuple[Path, Path]:
    """Where in `folder` images and their masks are: in two folders by usual names, or side by side in itself."""
    inside = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_dir()}
    images = next((inside[name] for name in _IMAGE_FOLDERS if name in inside), None)
    labels = next((inside[name] for name in _LABEL_FOLDERS if name in inside), None)
    if images is not None and labels is not None:
        return images, labels
    if labels is not None:
        return folder, labels
    beside = {path.name.lower(): path for path in sorted(folder.parent.iterdir()) if path.is_dir() and path != folder}
    labels = next((beside[name] for name in _LABEL_FOLDERS if name in beside), None)
    if folder.name.lower() in _IMAGE_FOLDERS and labels is not None and not _has_labels(folder):
        return folder, labels
    return folder, folder


def check_folder(images: Path, labels: Path) -> CheckedFolder:
    """Pair the files of two folders by their names, as the command line does, and look whether shapes agree.

    Raises `UserError` if a folder cannot be read, or names are not clear.
    """
    images, labels = (Path(os.path.abspath(folder)) for folder in (images, labels))
    pairing = match_files(images, labels)
    return CheckedFolder(images, labels, pairing, tuple(CheckedPair(pair, _problem(pair)) for pair in pairing.pairs))


def read_pairs(
    pairs: Sequence[Pair], project: Path, objects: bool, stop: StopFlag
) -> Iterator[PairRead | PairRefused | Finished[int]]:
    """Read each pair as ground truth, fully reviewed, for the project file `project`; ends with how many were read.

    With `objects` the labels are objects, and what can only be classes is refused.
    """
    n = 0
    for done, pair in enumerate(pairs, start=1):
        if stop.requested:
            break
        try:
            reference, labels, reviewed = _read(pair, project, objects)
        except UserError as error:
            yield PairRefused(done, len(pairs), f"{pair.image.name} is left out: {error}")
            continue
        n += 1
        yield PairRead(done, len(pairs), reference, labels, reviewed)
    yield Finished(n, stop.requested)


def _has_labels(folder: Path) -> bool:
    return any(is_label_name(path.stem) for path in folder.iterdir())


def _open(pair: Pair) -> tuple[Image, Image]:
    """The image as the window shows it, and its grey version, to which labels have to fit."""
    from napari_unet.images.files.reading import read_image

    image = read_image(pair.image).with_channels_first()
    return image, image.select_channel()


def _problem(pair: Pair) -> str:
    from napari_unet.images.files.label_files import open_labels

    try:
        _, grey = _open(pair)
        labels = open_labels(pair.labels, grey)
    except UserError as error:
        return str(error)
    if labels.shape == grey.shape:
        return ""
    return (
        f"{pair.labels.name} is {_size(labels)} and {pair.image.name} {_size(grey)}: crop or export one of them anew."
    )


def _size(image: Image) -> str:
    return " x ".join(map(str, image.shape))


def _read(
    pair: Pair, project: Path, objects: bool
) -> tuple[ImageReference, npt.NDArray[np.int32], npt.NDArray[np.uint8]]:
    from napari_unet.images.files.label_files import read_labels

    image, grey = _open(pair)
    labels = read_labels(pair.labels, grey)
    reviewed = np.ones(labels.shape, np.uint8)
    if pair.reviewed is not None:
        reviewed = (read_labels(pair.reviewed, grey) != 0).astype(np.uint8)
    if objects:
        check_single_objects(labels.reshape(-1, *labels.shape[-2:]), pair.labels.name)
    channel = 0 if "C" in image.axes else None
    details: dict[str, Any] = {"channel": channel, "layer": image.name, "task": "instances", "class_names": []}
    return with_hash(refer_to(image, project, **details)), labels, reviewed
