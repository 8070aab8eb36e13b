"""Sets of objects whose classes are known, for `classification.py`: drawn ones, nuclei and axons of `role=train`."""

from __future__ import annotations

import csv
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import ndimage
from skimage.io import imread

from napari_unet.classification.looking import look_at_objects
from napari_unet.classification.object_features import ObjectFeatures, join_features
from napari_unet.events import drain
from napari_unet.images.image import Image
from napari_unet.models.library import load_model

_CELL = 40  # pixels of the square that a drawn object lies in
_IMAGES = 6  # of each type of dsb2018
_SIZES = (12, 18)  # pixels: diameters that part small, middle and large axons
_CLICKED_AXONS = ("sub-rat1_sample-data1", "sub-rat3_sample-data9")
_SCORED_AXONS = ("sub-rat3_sample-data10", "sub-rat5_sample-data14", "sub-rat6_sample-data15")
_DATA = Path(os.environ.get("NAPARI_UNET_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


@dataclass(frozen=True, eq=False)
class ObjectSet:
    """`classes` (objects,) int, and whether an object is `clickable`; where some are not, the others are scored."""

    features: ObjectFeatures
    classes: np.ndarray
    clickable: np.ndarray

    def scored(self, clicked: np.ndarray) -> np.ndarray:
        """(objects,) whether an object counts once the rows `clicked` were clicked."""
        return ~self.clickable if not self.clickable.all() else ~np.isin(np.arange(len(self.classes)), clicked)


def simulated() -> ObjectSet:
    """400 discs of one size, bright inside, with one of three textures: what shape cannot tell."""
    return _drawn(20, 3, lambda random, number, disc: 60 + 12 * _noise(random, (1, 1.5, 2)[number]))


def phenotypes(n: int = 30) -> ObjectSet:
    """Cells with a nucleus, as round and as bright as each other, of the classes that `_cell` draws."""
    return _drawn(n, 5, _cell)


def _cell(random: np.random.Generator, number: int, disc: np.ndarray) -> np.ndarray:
    """Grey values: 0 plain, 1 fine texture, 2 nucleus at one side, 3 bright rim, 4 twice as many speckles."""
    depth = ndimage.distance_transform_edt(disc)
    way, far = random.uniform(0, 2 * np.pi), 0.4 * depth.max() * (number == 2)
    middle = np.array([_CELL // 2, _CELL // 2]) + far * np.array([np.sin(way), np.cos(way)])
    y, x = np.mgrid[:_CELL, :_CELL]
    nucleus = np.exp(-((y - middle[0]) ** 2 + (x - middle[1]) ** 2) / (2 * (0.3 * depth.max()) ** 2))
    grey = random.uniform(50, 70) + 25 * nucleus + 5 * _noise(random, 0.8 if number == 1 else 1.6)
    grey += 12 * (number == 3) * (depth < 3)
    inside = np.argwhere(depth > 3)
    for at in inside[random.integers(len(inside), size=random.poisson(8 if number == 4 else 4))]:
        grey += 20 * np.exp(-((y - at[0]) ** 2 + (x - at[1]) ** 2) / 2)
    return grey


def _noise(random: np.random.Generator, size: float) -> np.ndarray:
    texture = ndimage.gaussian_filter(random.normal(0, 1, (_CELL, _CELL)), size)
    return texture / texture.std()


def _drawn(n: int, n_classes: int, draw: Callable[..., np.ndarray], seed: int = 0) -> ObjectSet:
    """n x n discs; `draw` (random, class, disc) says their grey values."""
    random = np.random.default_rng(seed)
    labels = np.zeros((n * _CELL, n * _CELL), np.int32)
    image = random.normal(20, 4, labels.shape).astype(np.float32)
    y, x = np.mgrid[:_CELL, :_CELL] - _CELL // 2
    classes = random.integers(0, n_classes, n * n)
    for number, corner in enumerate(np.ndindex(n, n)):
        disc = y**2 + x**2 < random.uniform(9, 13) ** 2
        part = tuple(slice(at * _CELL, (at + 1) * _CELL) for at in corner)
        labels[part][disc] = number + 1
        grey = draw(random, classes[number], disc) + random.normal(0, 4, disc.shape)
        image[part][disc] = grey[disc]
    return ObjectSet(_look(labels, image), classes, np.ones(n * n, bool))


def dsb2018() -> ObjectSet:
    """Nuclei of four types of image, six images each; a class is a type. Clicks are on half of the images."""
    folder = _DATA / "dsb2018"
    parts, classes, clickable = [], [], []
    for number, place, name in _of_types(folder):
        path = next(path for path in (folder / "images").iterdir() if path.stem == name)
        labels = imread(next(path for path in (folder / "labels").iterdir() if path.stem == name))
        pixels = np.asarray(imread(path))
        parts.append(_look(labels, pixels[..., :3].mean(axis=-1).astype(np.float32) if pixels.ndim == 3 else pixels))
        classes.append(np.full(len(parts[-1]), number))
        clickable.append(np.full(len(parts[-1]), place < _IMAGES // 2))
    return ObjectSet(join_features(parts), np.concatenate(classes), np.concatenate(clickable))


def _of_types(folder: Path) -> Iterator[tuple[int, int, str]]:
    """Number of the type, number of the image, and its id; one image of each field of view."""
    with (folder / "images.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["role"] == "train"]
    counts = {kind: sum(row["type"] == kind for row in rows) for kind in {row["type"] for row in rows}}
    for number, kind in enumerate(sorted(counts, key=lambda kind: -counts[kind])[:4]):
        of_groups = {row["group"]: row for row in rows if row["type"] == kind}
        for place, row in enumerate(list(of_groups.values())[:_IMAGES]):
            yield number, place, row["id"]


def axons() -> ObjectSet:
    """Axons in electron microscopy: small, middle or large. Two images are clicked in, three of others are scored."""
    folder, parts, classes, clickable = _DATA / "axon_sem", [], [], []
    for name in (*_CLICKED_AXONS, *_SCORED_AXONS):
        labels = imread(folder / "labels" / f"{name}.png").astype(np.int32)
        ids, pixels = np.unique(labels[labels > 0], return_counts=True)
        part = _look(labels, imread(folder / "images" / f"{name}.png"))
        assert part.objects[:, 1].tolist() == ids.tolist()
        parts.append(part)
        classes.append(np.digitize(np.sqrt(4 * pixels / np.pi), _SIZES))
        clickable.append(np.full(len(ids), name in _CLICKED_AXONS))
    return ObjectSet(join_features(parts), np.concatenate(classes), np.concatenate(clickable))


def _look(labels: np.ndarray, image: np.ndarray) -> ObjectFeatures:
    return drain(look_at_objects(Image(labels.astype(np.int32), "YX"), Image(image, "YX"), load_model(None)))


SETS: dict[str, Callable[[], ObjectSet]] = {
    "simulated": simulated, "phenotypes": phenotypes, "dsb2018": dsb2018, "axons": axons,
}  # fmt: skip
