"""Images with their labels, found by name: in two or three folders, or in one where labels have an ending.

Names are compared without the endings that programs add ("a_masks", "a_cp_masks", "a_seg", "a_labels"; "a_img" for an
image), in one form of Unicode (file systems differ in it) and, if that finds nothing, without regard to capitals.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from napari_unet.errors import listed, require

_IMAGE_ENDINGS = ("_img", "_image", "_raw", "_im")
_LABEL_ENDINGS = (
    "_cp_masks", "_masks", "_mask", "_seg", "_labels", "_label", "_gt", "_reviewed", "_parents", "_classes"
)  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """Files that belong together."""

    image: Path
    labels: Path
    reviewed: Path | None


@dataclass(frozen=True)
class Pairing:
    """Which files belong together, and which are alone: images with the nearest names among the others, and labels."""

    pairs: tuple[Pair, ...] = ()
    lonely: dict[Path, tuple[str, ...]] = field(default_factory=dict)
    spare: tuple[Path, ...] = ()
    pickled: tuple[Path, ...] = ()  # Cellpose's own files, beside lonely images: they are not opened

    def sentence(self, folder: Path, what: str = "labels") -> str:
        """On the images without a partner in the `what` folder; empty if there are none."""
        if not self.lonely:
            return ""
        names = [path.name for path in self.lonely]
        total = len(self.lonely) + len(self.pairs)
        told = f"{names[0]} has" if len(names) == 1 else f"{len(names)} of {total} images have"
        near = [
            f"{path.name} (nearest: {', '.join(found)})" if found else path.name for path, found in self.lonely.items()
        ]
        sentence = f"{told} no partner of the same base name in the {what} folder {folder}"
        if len(names) > 1 or any(self.lonely.values()):
            sentence += f": {listed(near)}"
        if self.pickled:
            sentence += (
                f". {self.pickled[0].name} is a pickled file of Cellpose, which could run code and is not opened: save "
                "the masks as PNG or TIFF there (File > Save masks)"
            )
        return f"{sentence}."


def is_label_name(name: str) -> bool:
    """Whether a base name (without suffix) ends as programs name labels, so that it is no image to be segmented."""
    return _without(name, _LABEL_ENDINGS) != name


def find_pairs(images: Path, labels: Path, reviewed: Path | None = None) -> list[Pair]:
    """Files that belong together by their names ("a.tif" with "a.png", "a_labels.tif" or "a_cp_masks.png").

    Raises `UserError`, with the nearest names, if an image has no partner. Labels without an image are left out.
    """
    found = match_files(images, labels)
    require(
        found.pairs or found.lonely,
        f"There are no images in {images}: give a folder of TIFF, PNG, JPEG or OME-Zarr images.",
    )
    require(not found.lonely, found.sentence(labels))
    if reviewed is None:
        return list(found.pairs)
    others = find_partners([pair.image for pair in found.pairs], reviewed, "reviewed")
    return [Pair(pair.image, pair.labels, others[pair.image]) for pair in found.pairs]


def match_files(images: Path, labels: Path) -> Pairing:
    """What belongs together in two folders, or in one."""
    from napari_unet.images.files.reading import image_name, list_images

    paths = list_images(images)
    if images.expanduser().resolve() == labels.expanduser().resolve():
        partners = [path for path in paths if is_label_name(image_name(path))]
        return match_names([path for path in paths if path not in partners], partners)
    return match_names(paths, list_images(labels))


def find_partners(images: list[Path], source: Path, what: str = "labels") -> dict[Path, Path]:
    """The file in the folder `source` that belongs to each of `images`, by name; a single file, to a single image."""
    from napari_unet.images.files.reading import image_name, list_images

    if source.is_file():
        require(len(images) == 1, f"{source} is one file for {len(images)} images: give a folder with one for each.")
        return {images[0]: source}
    candidates = list_images(source)
    here = [path for path in images if path.parent.resolve() == source.expanduser().resolve()]
    if here:  # images are not their own labels
        candidates = [path for path in candidates if path not in here and is_label_name(image_name(path))]
    found = match_names(images, candidates)
    require(not found.lonely, found.sentence(source, what))
    return {pair.image: pair.labels for pair in found.pairs}


def match_names(images: Sequence[Path], candidates: Sequence[Path]) -> Pairing:
    """The partner of each of `images` among `candidates`; raises `UserError` if names are not clear."""
    exact, folded = _by_key(candidates, fold=False), _by_key(candidates, fold=True)
    seen: dict[str, Path] = {}
    pairs: list[Pair] = []
    lonely: list[Path] = []
    for path in images:
        key = _key(path, _IMAGE_ENDINGS)
        require(key not in seen, f"{path.parent} has two images called {key}: keep only one of them.")
        seen[key] = path
        partner = _choose(exact.get(key, ())) or _choose(folded.get(key.casefold(), ())) or _labels_inside(path)
        if partner is None:
            lonely.append(path)
        else:
            pairs.append(Pair(path, partner, None))
    used = {pair.labels for pair in pairs}
    spare = tuple(path for path in candidates if path not in used)
    folders = {path.parent for path in (*candidates, *images)}
    pickled = [folder / f"{path.stem}_seg.npy" for path in lonely for folder in sorted(folders)]
    near = {path: _nearest(path, spare) for path in lonely}
    return Pairing(tuple(pairs), near, spare, tuple(path for path in pickled if path.is_file()))


def _by_key(paths: Iterable[Path], fold: bool) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in paths:
        key = _key(path, _LABEL_ENDINGS)
        for name in {key, _without(key, _IMAGE_ENDINGS)}:
            found.setdefault(name.casefold() if fold else name, []).append(path)
    return found


def _choose(paths: Sequence[Path]) -> Path | None:
    """The only one; of several, the only one that is named as labels are (the other is a copy of the image)."""
    from napari_unet.images.files.reading import image_name

    if len(paths) < 2:
        return paths[0] if paths else None
    named = [path for path in paths if is_label_name(image_name(path))]
    require(
        len(named) == 1,
        f"{paths[0].parent} has {len(paths)} files for one image, {listed([path.name for path in paths])}: keep only "
        "one of them.",
    )
    return named[0]


def _key(path: Path, endings: Sequence[str]) -> str:
    from napari_unet.images.files.reading import image_name

    return _without(unicodedata.normalize("NFC", image_name(path)), endings)


def _without(name: str, endings: Sequence[str]) -> str:
    low = name.lower()
    ending = next((one for one in endings if low.endswith(one) and len(low) > len(one)), "")
    return name[: len(name) - len(ending)]


def _labels_inside(path: Path) -> Path | None:
    """The labels that an OME-Zarr image brings along."""
    inside = path / "labels"
    return inside if path.is_dir() and inside.is_dir() else None


def _nearest(path: Path, others: Sequence[Path]) -> tuple[str, ...]:
    names = {_key(other, _LABEL_ENDINGS).casefold(): other.name for other in others}
    close = difflib.get_close_matches(_key(path, _IMAGE_ENDINGS).casefold(), names, n=2, cutoff=0.6)
    return tuple(names[name] for name in close)
