"""References to image files: where they are, where they may have gone, and whether they are still the same."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_unet.images.image import Image

_WHOLE = 64 << 20  # bytes: larger files are hashed in samples, or opening a project would take minutes
_SAMPLE = 1 << 20


@dataclass(frozen=True)
class ImageReference:
    """An image of a project. `shape`, `scale` and `units` are those of the image as it is, with axes `axes`.

    `path` is None for pixels that came from no file; `details` is what the window knows of it (channel, diameter...).
    """

    name: str
    axes: str
    shape: tuple[int, ...]
    scale: Mapping[str, float] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    path: str | None = None
    relative_path: str | None = None
    hash: str | None = None
    n_bytes: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def is_understood_as(self, image: Image) -> bool:
        """Whether `image` has these axes and sizes, in whatever order: labels have an order of their own."""
        return image.sizes == dict(zip(self.axes, self.shape, strict=True))


def refer_to(image: Image, project: Path, **details: Any) -> ImageReference:
    """A reference to `image` from the project file `project`; its file is not hashed yet: see `with_hash`."""
    path = None if image.path is None else Path(os.path.abspath(image.path))
    return ImageReference(
        image.name, image.axes, image.shape, dict(image.scale), dict(image.units),
        None if path is None else str(path), None if path is None else relative_to(path, project), None, None, details,
    )  # fmt: skip


def with_hash(reference: ImageReference) -> ImageReference:
    """The reference with the hash and size of its file, as far as that can be read."""
    if reference.path is None:
        return reference
    try:
        found, n_bytes = hash_file(Path(reference.path))
    except OSError:
        return reference
    return replace(reference, hash=found, n_bytes=n_bytes)


def relative_to(path: Path, project: Path) -> str | None:
    """`path` as seen from the project's folder, with "/"; None on another drive."""
    try:
        return Path(os.path.relpath(path, os.path.abspath(project.parent))).as_posix()
    except ValueError:
        return None


def find_image(reference: ImageReference, project: Path) -> Path | None:
    """Where the image's file is now: its relative path, its old path, or its name in the project's folder.

    In the last place it must have the contents that it had: many files are called alike.
    """
    places = []
    if reference.relative_path is not None:
        places.append(project.parent / reference.relative_path)
    if reference.path is not None:
        places.append(Path(reference.path))
        places.append(project.parent / _last_part(reference.path))
    for place in places:
        try:
            if place.exists() and not (len(places) > 1 and place is places[-1] and is_changed(reference, place)):
                return Path(os.path.abspath(place))
        except OSError:
            continue
    return None


def _last_part(path: str) -> str:
    return path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


def is_changed(reference: ImageReference, path: Path) -> bool:
    """Whether the file at `path` has other contents than the one that was referred to. Raises OSError."""
    if reference.hash is None:
        return False
    if path.is_file() and reference.n_bytes is not None and path.stat().st_size != reference.n_bytes:
        return True
    return hash_file(path)[0] != reference.hash


def hash_file(path: Path) -> tuple[str, int]:
    """A hash of the contents at `path` (a file, or the files of an OME-Zarr folder), and the number of bytes.

    Files up to 64 MB are read wholly; of larger ones, 64 samples of 1 MB that are spread over all of it.
    """
    digest, n_bytes = hashlib.sha256(), 0
    files = sorted(part for part in path.rglob("*") if part.is_file()) if path.is_dir() else [path]
    share = max(_SAMPLE, _WHOLE // len(files)) if files else _WHOLE
    for file in files:
        if path.is_dir():
            digest.update(file.relative_to(path).as_posix().encode())
        n_bytes += _update(digest, file, share)
    digest.update(str(n_bytes).encode())
    return digest.hexdigest(), n_bytes


def _update(digest: Any, path: Path, limit: int) -> int:
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= limit:
            while block := file.read(_SAMPLE):
                digest.update(block)
            return size
        samples = max(2, limit // _SAMPLE)
        for number in range(samples):
            file.seek((size - _SAMPLE) * number // (samples - 1))
            digest.update(file.read(_SAMPLE))
    return size
