"""Images with their labels, found by name: in two or three folders, or in one where labels have an ending.

Names are compared without the endings that programs add ("a_masks", "a_cp_masks", "a_seg", "a_labels"; "a_img" for an
image), in one form of Unicode (file systems differ in it) and, if that finds nothing, without regard to capitals, and
then without beginnings ("mask_001" for "img_001"; see `base_names`) and zeros before numbers. A folder that holds no
image itself may hold a folder for each sample.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from napari_unet.errors import listed, require
from napari_unet.workflows.base_names import (
    is_label_name,
    is_label_word,
    loose_names,
    starts_as_label,
    without_image_ending,
    without_label_ending,
    without_zeros,
)


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
    from napari_unet.images.files.reading import list_images

    paths = list_images(images)
    if not paths:
        return _match_samples(images, labels)
    if images.expanduser().resolve() == labels.expanduser().resolve():
        partners = _labels_among(list_labels(images))
        return match_names([path for path in paths if path not in partners], partners, labels)
    return match_names(paths, list_labels(labels), labels)


def _match_samples(images: Path, labels: Path) -> Pairing:
    """What belongs together in folders of folders, one for each sample: in each apart, for names may be the same."""
    samples = [
        path for path in sorted(images.expanduser().iterdir()) if path.is_dir() and not path.name.startswith(".")
    ]
    inner = [(sample, labels.expanduser() / sample.name) for sample in samples]
    found = [match_files(sample, other) for sample, other in inner if other.is_dir() and _holds_images(sample)]
    return Pairing(
        tuple(pair for one in found for pair in one.pairs),
        {path: near for one in found for path, near in one.lonely.items()},
        tuple(path for one in found for path in one.spare),
        tuple(path for one in found for path in one.pickled),
    )


def _holds_images(folder: Path) -> bool:
    from napari_unet.images.files.reading import list_images

    return bool(list_images(folder))


def list_labels(folder: Path) -> list[Path]:
    """What may be labels in `folder`: images, and arrays of NumPy that are not pickled."""
    from napari_unet.images.files.npy import is_plain_array
    from napari_unet.images.files.reading import list_images

    found = list_images(folder)
    found += [path for path in folder.expanduser().iterdir() if path.suffix.lower() == ".npy" and is_plain_array(path)]
    return sorted(found)


def _labels_among(paths: Sequence[Path]) -> list[Path]:
    """Those of `paths`, all in one folder, that are called as labels are."""
    from napari_unet.images.files.reading import image_name

    names = {path: image_name(path) for path in paths}
    sure = [path for path in paths if is_label_name(names[path])]
    words = [path for path in paths if is_label_word(names[path])]
    if len(words) == 1 and len(paths) - len(sure) == 2:
        sure += words  # "mask.png" beside the one image, whatever that is called
    images = {without_zeros(one) for path in paths if path not in sure for one in loose_names(names[path], False)}

    def has_image(name: str) -> bool:
        return not images.isdisjoint(without_zeros(one) for one in loose_names(name, labels=True))

    # "mask_001" only beside "img_001": there are images that begin so
    return [path for path in paths if path in sure or (starts_as_label(names[path]) and has_image(names[path]))]


def leave_out_labels(paths: Sequence[Path]) -> list[Path]:
    """Images of one folder without what is called as labels are."""
    labels = _labels_among(paths)
    return [path for path in paths if path not in labels]


def find_partners(images: list[Path], source: Path, what: str = "labels") -> dict[Path, Path]:
    """The file in the folder `source` that belongs to each of `images`, by name; a single file, to a single image."""

    if source.is_file():
        require(len(images) == 1, f"{source} is one file for {len(images)} images: give a folder with one for each.")
        return {images[0]: source}
    candidates = list_labels(source)
    here = [path for path in images if path.parent.resolve() == source.expanduser().resolve()]
    if here:  # images are not their own labels
        candidates = [path for path in candidates if path not in here and _is_named_label(path)]
    found = match_names(images, candidates, source)
    require(not found.lonely, found.sentence(source, what))
    return {pair.image: pair.labels for pair in found.pairs}


def find_beside(images: Sequence[Path]) -> dict[Path, Path]:
    """The labels that lie beside each of `images`: those written here, else what is called as its labels are.

    Where there are none, the place where they would be.
    """
    from napari_unet.images.files.reading import image_name

    found = {path: path.parent / f"{image_name(path)}_labels.tif" for path in images}
    missing = [path for path in images if not found[path].exists()]
    for folder in {path.parent for path in missing if path.parent.is_dir()}:
        there = [path for path in missing if path.parent == folder]
        candidates = [path for path in _labels_among(list_labels(folder)) if path not in images]
        found |= {pair.image: pair.labels for pair in match_names(there, candidates).pairs}
    return found


def match_names(images: Sequence[Path], candidates: Sequence[Path], source: Path | None = None) -> Pairing:
    """The partner of each of `images` among `candidates` of the folder `source`; `UserError` if names are not clear."""
    exact, folded = _by_key(candidates, fold=False), _by_key(candidates, fold=True)
    seen: dict[str, Path] = {}
    found: dict[Path, Path] = {}
    for path in images:
        key = _key(path, without_image_ending)
        require(key not in seen, f"{path.parent} has two images called {key}: keep only one of them.")
        seen[key] = path
        partner = _choose(exact.get(key, ())) or _choose(folded.get(key.casefold(), ())) or _labels_inside(path)
        if partner is not None:
            found[path] = partner
    passes: tuple[Callable[[str], str], ...] = (str, without_zeros)
    for bare in passes:
        found |= _match_loosely([path for path in images if path not in found], candidates, set(found.values()), bare)
    if len(images) == 1 and not found:  # one sample, whose labels are called that and no more
        words = [path for path in candidates if is_label_word(_key(path, str))]
        found = {images[0]: words[0]} if len(words) == 1 else {}
    pairs = [Pair(path, found[path], None) for path in images if path in found]
    lonely = [path for path in images if path not in found]
    used = set(found.values())
    spare = tuple(path for path in candidates if path not in used)
    folders = {path.parent for path in (*candidates, *images)} | ({source} if source is not None else set())
    pickled = [folder / f"{path.stem}_seg.npy" for path in lonely for folder in sorted(folders)]
    near = {path: _nearest(path, spare) for path in lonely}
    return Pairing(tuple(pairs), near, spare, tuple(path for path in pickled if path.is_file()))


def _match_loosely(
    images: Sequence[Path], candidates: Sequence[Path], taken: set[Path], bare: Callable[[str], str]
) -> dict[Path, Path]:
    """Partners of images that have none by their whole names; only where one image and one file fit each other."""
    from napari_unet.images.files.reading import image_name

    def names_of(path: Path, labels: bool) -> set[str]:
        return {bare(name) for name in loose_names(image_name(path), labels)}

    names = {path: names_of(path, labels=False) for path in images}
    others = {path: names_of(path, labels=True) for path in candidates if path not in taken}
    fits = {path: [other for other in others if others[other] & names[path]] for path in images}
    counts: dict[Path, int] = {}
    for found in fits.values():
        for other in found:
            counts[other] = counts.get(other, 0) + 1
    return {path: found[0] for path, found in fits.items() if len(found) == 1 and counts[found[0]] == 1}


def _by_key(paths: Iterable[Path], fold: bool) -> dict[str, list[Path]]:
    found: dict[str, list[Path]] = {}
    for path in paths:
        key = _key(path, without_label_ending)
        for name in {key, without_image_ending(key), _key(path, str)}:
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


def _key(path: Path, cut: Callable[[str], str]) -> str:
    from napari_unet.images.files.reading import image_name

    return cut(unicodedata.normalize("NFC", image_name(path)))


def _is_named_label(path: Path) -> bool:
    return is_label_name(_key(path, str)) or is_label_word(_key(path, str))


def _labels_inside(path: Path) -> Path | None:
    """The labels that an OME-Zarr image brings along."""
    inside = path / "labels"
    return inside if path.is_dir() and inside.is_dir() else None


def _nearest(path: Path, others: Sequence[Path]) -> tuple[str, ...]:
    names = {_key(other, without_label_ending).casefold(): other.name for other in others}
    close = difflib.get_close_matches(_key(path, without_image_ending).casefold(), names, n=2, cutoff=0.6)
    return tuple(names[name] for name in close)
