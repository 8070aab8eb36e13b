"""Images with their labels, found by name in two or three folders."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from napari_unet.errors import listed, require


@dataclass(frozen=True)
class Pair:
    """Files that belong together."""

    image: Path
    labels: Path
    reviewed: Path | None


def find_pairs(images: Path, labels: Path, reviewed: Path | None = None) -> list[Pair]:
    """Files of the same base name in each folder ("a.tif" with "a.png", or with "a_labels.tif").

    Raises `UserError` if an image has no partner. Labels without an image are left out.
    """
    image_files = _by_name(images, None)
    require(image_files, f"There are no images in {images}: give a folder of TIFF, PNG, JPEG or OME-Zarr images.")
    label_files = _partners(image_files, labels, "labels")
    reviewed_files = _partners(image_files, reviewed, "reviewed") if reviewed else {}
    return [Pair(path, label_files[name], reviewed_files.get(name)) for name, path in image_files.items()]


def find_partners(images: list[Path], source: Path, what: str = "labels") -> dict[Path, Path]:
    """The file in the folder `source` that belongs to each of `images`, by name; a single file, to a single image."""
    if source.is_file():
        require(len(images) == 1, f"{source} is one file for {len(images)} images: give a folder with one for each.")
        return {images[0]: source}
    from napari_unet.images.files.reading import image_name

    named: dict[str, Path] = {}
    for path in images:
        name = image_name(path)
        require(name not in named, f"Two images are called {name}: give them different names.")
        named[name] = path
    found = _partners(named, source, what)
    return {path: found[name] for name, path in named.items()}


def _by_name(folder: Path, ending: str | None) -> dict[str, Path]:
    from napari_unet.images.files.reading import image_name, list_images

    found: dict[str, Path] = {}
    for path in list_images(folder):
        name = image_name(path)
        if ending:
            name = name.removesuffix(f"_{ending}")
        require(name not in found, f"{folder} has two images called {name}: keep only one of them.")
        found[name] = path
    return found


def _partners(image_files: dict[str, Path], folder: Path, what: str) -> dict[str, Path]:
    found = _by_name(folder, what)
    lonely = [path.name for name, path in image_files.items() if name not in found]
    count = f"{len(lonely)} of {len(image_files)} images have" if len(lonely) > 1 else f"{''.join(lonely)} has"
    example = f": {listed(lonely)}" if len(lonely) > 1 else ""
    require(not lonely, f"{count} no partner of the same base name in the {what} folder {folder}{example}.")
    return found
