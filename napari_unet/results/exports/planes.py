"""What all formats share: labels plane by plane, what a file could not hold, and labels made anew."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.errors import UserError
from napari_unet.images.image import Image
from napari_unet.results.exports.object_classes import ObjectClass, ObjectClasses


@dataclass(frozen=True)
class Exported:
    """What was written: the files, how many objects, and in a sentence each what the format could not hold."""

    paths: tuple[Path, ...]
    objects: int
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Imported:
    """Labels (int32, axes T, Z, Y, X as far as the image has them), and a sentence for each thing that was left out.

    `classes` are those of the objects, as far as the file has any.
    """

    labels: npt.NDArray[np.int32]
    objects: int
    differences: tuple[str, ...] = ()
    classes: ObjectClasses = field(default_factory=lambda: ObjectClasses({}))


@dataclass(frozen=True, eq=False)
class Plane:
    """A YX plane of labels at slice `z` and frame `t` (0 where there are none)."""

    index: tuple[int, ...]
    t: int
    z: int
    pixels: npt.NDArray[Any]


def iterate_planes(labels: Image) -> Iterator[Plane]:
    """The planes of `labels` (axes of TZYX, in memory or lazy), one in memory at a time."""
    for index in np.ndindex(*labels.shape[:-2]):
        at = dict(zip(labels.axes, index, strict=False))
        yield Plane(index, at.get("T", 0), at.get("Z", 0), labels.plane(index))


@dataclass(eq=False)
class Canvas:
    """Labels of the shape of an image, as they are filled from a file."""

    like: Image
    labels: npt.NDArray[np.int32] = field(init=False)
    ids: set[int] = field(default_factory=set)
    classes: dict[tuple[int, int], ObjectClass] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.labels = np.zeros(self.like.shape, np.int32)

    def plane(self, t: int, z: int) -> npt.NDArray[np.int32] | None:
        """The plane at frame `t` and slice `z`; None if the image has none there."""
        at = {"T": t, "Z": z}
        index = tuple(at[letter] for letter in self.like.axes[:-2])
        inside = all(0 <= i < size for i, size in zip(index, self.labels.shape, strict=False))
        return self.labels[index] if inside else None

    def choose_id(self, wanted: int | None) -> int:
        """`wanted`, or the next id that is free."""
        chosen = wanted if wanted is not None else max(self.ids, default=0) + 1
        self.ids.add(chosen)
        return chosen

    def classify(self, t: int, label: int, name: object, probability: object = None) -> None:
        """Note the class of an object, if the file names one."""
        if isinstance(name, str) and name.strip():
            self.classes[t, label] = ObjectClass(name.strip(), _share(probability))

    def finish(self, differences: list[str]) -> Imported:
        found = np.unique(self.labels)
        number = int(np.count_nonzero(found))
        return Imported(self.labels, number, tuple(differences), ObjectClasses(self.classes))


def _share(value: object) -> float | None:
    """A probability as a file has it, or None."""
    try:
        share = float(str(value))
    except ValueError:
        return None
    return share if 0 <= share <= 1 else None


def parse_id(text: object) -> int | None:
    """The id that a name of an object is; None if it is another name."""
    name = str(text).strip() if isinstance(text, (str, int)) else ""
    return int(name) if name.isascii() and name.isdigit() and 0 < int(name) < 2**31 else None


def count_objects(labels: Image) -> int:
    """How many different ids there are."""
    found: set[int] = set()
    for plane in iterate_planes(labels):
        found.update(np.unique(plane.pixels).tolist())
    return len(found - {0})


def counted(number: int, noun: str, told: str) -> list[str]:
    """A sentence about `number` things, or none."""
    if not number:
        return []
    return [f"{number} {noun}{'' if number == 1 else 's'} {told}"]


# NotImplementedError is a RuntimeError; what is packed fails as zlib.error or EOFError where it is damaged
_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError, EOFError, zlib.error)


@contextmanager
def reading_as(path: Path, kind: str) -> Iterator[None]:
    """What goes wrong with the content of a file, as other programs leave it out or write it, becomes a sentence."""
    try:
        yield
    except _UNREADABLE as error:
        raise UserError(
            f"{path.name} cannot be read as {kind}, because something in it is missing or is not what it should be: "
            "export it again, or choose another format."
        ) from error


def read_text(path: Path) -> str:
    """The text of a file; raises `UserError` if it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name} cannot be read: {getattr(error, 'strerror', None) or error}.") from error
