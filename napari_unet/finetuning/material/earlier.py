"""Corrections made earlier, in images of a project that are not open now: found, counted, and read to be learned from.

Everything here takes as long as reading files does: it is for a thread. The project may be closed meanwhile, and then
what was asked for is a `UserError`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.errors import UserError
from napari_unet.heads.registry import find_head, head_named
from napari_unet.images.channels import count_channels
from napari_unet.images.files.reading import read_image
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.labels.types import Array
from napari_unet.models.record import ModelRecord
from napari_unet.project.project import LABELS, PREDICTION, REVIEWED
from napari_unet.project.references import ImageReference, find_image, is_changed


@dataclass(frozen=True)
class EarlierImage:
    """What was reviewed of an image that is not open now. `problem` says why it is left out; empty if it is not.

    Where labels are no objects (`has_objects`), nothing is counted. Labels of which no model ever said anything else
    (not `predicted`) are ground truth that was given.
    """

    number: int
    name: str
    n_corrected: int = 0
    n_confirmed: int = 0
    has_objects: bool = True
    predicted: bool = True
    problem: str = ""

    @property
    def n_objects(self) -> int:
        return self.n_corrected + self.n_confirmed


class ReadableProject(Protocol):
    """What is read of a project: as it is now, or as it was."""

    @property
    def path(self) -> Path: ...

    def images(self) -> dict[int, ImageReference]: ...

    def read_array(self, image: int, role: str, planes: Collection[int] | None = None) -> Array | None: ...


class EarlierImages:
    """The images of one project, read without opening them in the window.

    `pixels` has those that came from no file, by their numbers, as far as they are still in memory.
    """

    def __init__(self, project: ReadableProject, pixels: Mapping[int, Image] | None = None) -> None:
        self.project = project
        self._pixels = pixels if pixels is not None else {}
        self._unchanged: dict[int, tuple[Path, int, int]] = {}  # files that were compared: place, time and size

    def closed(self, open_numbers: Collection[int]) -> dict[int, ImageReference]:
        """The images that are not open, the last ones first."""
        try:
            references = self.project.images()
        except sqlite3.Error:
            return {}  # the project was closed
        return {number: references[number] for number in sorted(references, reverse=True) if number not in open_numbers}

    def count(self, number: int, reference: ImageReference) -> EarlierImage | None:
        """How much was reviewed of an image; None if nothing was."""
        has_objects = head_named(labelling_task(reference, class_names_in(reference))).draws_objects
        try:
            reviewed = self._read(number, REVIEWED)
            if reviewed is None or not reviewed.any() or self._read(number, LABELS, ()) is None:
                return None
            found = self._correct(number, reference, reviewed, self._open(number, reference).select_channel(None))
        except UserError as error:
            return EarlierImage(number, reference.name, has_objects=has_objects, problem=str(error))
        if not has_objects:
            return EarlierImage(number, reference.name, has_objects=False)
        predicted = found.prediction is not None
        return EarlierImage(number, reference.name, found.counts.total, found.n_confirmed, predicted=predicted)

    def read(
        self, numbers: Iterable[int], record: ModelRecord, channels: str, open_images: Sequence[CorrectedImage] = (),
        enough: Callable[[], bool] = lambda: False,
    ) -> tuple[list[CorrectedImage], list[str]]:  # fmt: skip
        """What the model of `record` can learn from of these images, and sentences on what is left out.

        Reading ends when `enough()`. `channels` as in `FinetuneConfig`; all images must have as many as the open ones.
        """
        found: list[CorrectedImage] = []
        left_out: list[str] = []
        late: list[str] = []
        references = self.closed(())
        for number in numbers:
            reference = references.get(number)
            if reference is None:
                continue
            if enough():
                late.append(reference.name)
                continue
            try:
                found += self._read_one(number, reference, record, channels, [*open_images, *found])
            except UserError as error:
                left_out.append(str(error))
        if late:
            left_out.append(
                f"There was no time to read {', '.join(f'“{name}”' for name in late)}: choose a longer time to learn "
                "from that too."
            )
        return found, left_out

    def _read_one(
        self, number: int, reference: ImageReference, record: ModelRecord, channels: str,
        others: Sequence[CorrectedImage],
    ) -> list[CorrectedImage]:  # fmt: skip
        from napari_unet.finetuning.material.widening import training_input  # with torch, which counting does without

        reviewed = self._read(number, REVIEWED)
        if reviewed is None or not reviewed.any():
            return []
        check_task(reference, record)
        image = self._open(number, reference)
        seen = training_input(image, record, channels, reference.details.get("channel"))
        if others and count_channels(seen) != count_channels(others[0].image):
            raise UserError(
                f"“{reference.name}” is left out: it has {count_channels(seen)} channels and the others "
                f"{count_channels(others[0].image)}. Learn from one channel to use it too."
            )
        return [self._correct(number, reference, reviewed, seen)]

    def _correct(self, number: int, reference: ImageReference, reviewed: npt.NDArray[Any], seen: Any) -> CorrectedImage:
        """Labels are read of those planes alone in which something is reviewed."""
        planes = set(np.flatnonzero(reviewed.reshape(-1, *reviewed.shape[-2:]).any(axis=(1, 2))).tolist())
        labels, prediction = self._read(number, LABELS, planes), self._read(number, PREDICTION, planes)
        if labels is None:
            raise UserError(f"“{reference.name}” is left out: its labels are gone. Open it and segment it again.")
        return CorrectedImage(seen, labels, reviewed != 0, prediction, reference.name, view_of(reference))

    def _read(self, number: int, role: str, planes: Collection[int] | None = None) -> npt.NDArray[Any] | None:
        try:
            return self.project.read_array(number, role, planes)
        except sqlite3.Error as error:
            raise UserError(f"{self.project.path.name} was closed meanwhile: open it again.") from error

    # -- files ----------------------------------------------------------------------------------------------------

    def _open(self, number: int, reference: ImageReference) -> Image:
        """The image as it was understood when it was corrected; raises `UserError` if it is another one, or gone."""
        if reference.path is None:
            image = self._pixels.get(number)
            if image is None:
                raise UserError(
                    f"“{reference.name}” is left out: it came from no file, so its pixels are gone. Save images to "
                    "files to learn from them later."
                )
            return image
        path = find_image(reference, self.project.path)
        if path is None:
            raise UserError(
                f"“{reference.name}” is left out: its file is not at {reference.path} any more. Put it there again, or "
                f"beside {self.project.path.name}."
            )
        self._check_unchanged(number, reference, path)
        image = read_image(path).with_channels_first()
        if not reference.is_understood_as(image) and image.ndim == len(reference.axes):
            image = image.with_axes(reference.axes)
        if not reference.is_understood_as(image):
            raise UserError(_changed(reference, path))
        return image

    def _check_unchanged(self, number: int, reference: ImageReference, path: Path) -> None:
        try:
            status = path.stat()
            known = (path, status.st_mtime_ns, status.st_size)
            if path.is_file() and self._unchanged.get(number) == known:
                return
            if is_changed(reference, path):
                raise UserError(_changed(reference, path))
        except OSError as error:
            raise UserError(
                f"“{reference.name}” is left out: {path} cannot be read ({error.strerror or error}). Check the disk "
                "and your permissions."
            ) from error
        self._unchanged[number] = known


def _changed(reference: ImageReference, path: Path) -> str:
    return (
        f"“{reference.name}” is left out: {path.name} has changed since it was corrected, so the labels may not fit it "
        "any more. Open it, and check them."
    )


def view_of(reference: ImageReference) -> View:
    """How an image was looked at; projects of before have its diameter alone."""
    details = reference.details
    if "view" in details:
        return View.from_dict(details["view"])
    return View().with_diameter(details.get("diameter"), bool(details.get("diameter_estimated")))


def class_names_in(reference: ImageReference) -> tuple[str, ...]:
    """Names of the classes that an image was labelled with, by value; empty where labels are objects."""
    return tuple(reference.details.get("class_names") or ())


def labelling_task(reference: ImageReference, class_names: Sequence[str]) -> str:
    """Which head labelled an image; projects of before have the names of classes alone."""
    return str(reference.details.get("task") or ("semantic" if class_names else "instances"))


def check_task(reference: ImageReference, record: ModelRecord) -> None:
    """Raise `UserError` if labels of objects would teach a model for classes, or the other way round."""
    problem = find_head(record).fits(class_names_in(reference), record)
    if problem is not None:
        raise UserError(f"“{reference.name}” is left out: {problem}.")
