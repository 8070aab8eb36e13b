"""The images of `effort.py`: of each type some to correct and, of other groups, some to score; and the score.

Images of dsb2018 (role `unseen`) are divided by group into halves; of chloroplast_em the left halves of sections 1 to
7 are corrected and the right halves of sections 8 and 10 scored: other chloroplasts of the same leaf. Objects are given
to the model at their measured size, as by a user who sets the ring to what is in view; which kind of a child answers
an image is chosen by the program.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from finetuning import base_groups, chloroplasts, load_labelled, read_type
from skimage.io import imread

from napari_unet.corrections.comparison import object_areas
from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.corrections.reviewed import neighbourhood, typical_diameter
from napari_unet.events import drain
from napari_unet.images.channels import ModelInput
from napari_unet.images.image import Image
from napari_unet.images.view import View
from napari_unet.labels.scores import ObjectTally, tally_objects
from napari_unet.models.model import Model
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Segmentation
from napari_unet.segmentation.kinds import can_see
from napari_unet.segmentation.segment import segment_steps

TYPES = ("hist_purple_on_purple", "brightfield_gray", "chloroplast_em")
OF_THEIR_OWN = ("phase_t98g", "axon_sem")
"""Data sets that say themselves which images may be learned from; asked for by name only."""
BASE_IMAGES = 8  # of each fluorescence type, to see what is forgotten
PER_IMAGE = 5
"""Objects corrected, or labelled densely, in one image before the next is opened."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A plane with its `truth` (Y, X); whether the program is `told` how large its objects are, or has to see."""

    image: ModelInput
    truth: npt.NDArray[np.int32]
    name: str
    told: bool = True

    @classmethod
    def of(cls, labelled: CorrectedImage) -> Picture:
        return cls(labelled.image, labelled.labels.astype(np.int32), labelled.name)

    @cached_property
    def diameter(self) -> float:
        return typical_diameter(object_areas(self.truth).values())

    @property
    def told_diameter(self) -> float | None:
        return self.diameter if self.told else None

    def predict(self, model: Model) -> npt.NDArray[np.int32]:
        """Labels (Y, X) by the kind of `model` that answers this image, at its measured size if that is told.

        A model that looks at colours alone finds nothing in what has none.
        """
        if not any(can_see(kind, self.image) for kind in model.kinds):
            return np.zeros(self.truth.shape, np.int32)
        found: Segmentation = drain(segment_steps(self.image, model, SegmentConfig(diameter=self.told_diameter)))
        return found.labels

    def corrected(self, labels: npt.NDArray[Any], reviewed: npt.NDArray[np.bool_], **more: Any) -> CorrectedImage:
        """Something to learn from."""
        return CorrectedImage(self.image, labels, reviewed, name=self.name, view=View(self.told_diameter), **more)


def read_pictures(data: Path, kind: str, channels: str = "one") -> tuple[list[Picture], list[Picture]]:
    """Those to correct, and those to score; `channels` as in `FinetuneConfig`."""
    if kind == "chloroplast_em":
        halves = [chloroplasts(data, section, False) for section in range(1, 8)]
        return [Picture.of(one) for one in halves], [Picture.of(chloroplasts(data, s, True)) for s in (8, 10)]
    if kind in OF_THEIR_OWN:
        return read_own(data, kind, "train"), read_own(data, kind, "test")
    groups = read_type(data, kind, "unseen")
    order = sorted(groups)
    random.Random(0).shuffle(order)
    half = len(order) // 2
    corrected, scored = ([groups[group] for group in part] for part in (order[:half], order[half:]))
    first, second = ([_load(data, n, channels) for group in part for n in group] for part in (corrected, scored))
    return first, second


def read_own(data: Path, kind: str, role: str) -> list[Picture]:
    """Images of a data set that has roles of its own (`images.csv` beside `images` and `labels`)."""
    folder = data / kind
    with (folder / "images.csv").open() as file:
        names = [row["id"] for row in csv.DictReader(file) if row["role"] == role and int(row["n_objects"]) > 0]
    found = []
    for name in names:
        pixels, truth = (imread(next((folder / part).glob(f"{name}.*"))) for part in ("images", "labels"))
        image = Image.from_array(pixels, "YXS" if pixels.ndim == 3 else "YX", name=name).select_channel(None)
        found.append(Picture(image, truth.astype(np.int32), name))
    return found


def read_base(data: Path) -> list[Picture]:
    """A sample of the `validation` images of the types that the base model knows."""
    kinds: dict[int, int] = {}
    chosen = []
    for name in (names[0] for names in base_groups(data)):
        picture = _load(data, name)
        kinds[picture.image.shape[-1]] = seen = kinds.get(picture.image.shape[-1], 0) + 1
        if seen <= BASE_IMAGES:
            chosen.append(picture)
    return chosen


def score_pictures(model: Model, pictures: Sequence[Picture]) -> dict[str, float]:
    """AP pooled over pictures: `ap`, its mean over thresholds 0.5:0.05:0.9, and `ap50`."""
    tally = sum((tally_objects(one.truth, one.predict(model)) for one in pictures), ObjectTally())
    return {"ap": round(tally.mean_ap, 4), "ap50": round(tally.average_precision()[0.5], 4)}


def label_densely(pictures: Sequence[Picture], k: int, generator: np.random.Generator) -> list[CorrectedImage]:
    """The first `k` objects of somebody who labels whole places: `PER_IMAGE` that lie together in each image."""
    chosen: dict[int, list[int]] = {number: [] for number in range(len(pictures))}
    centers = [_centers(one.truth) for one in pictures]
    left = k
    while left and any(len(chosen[i]) < len(centers[i]) for i in chosen):
        for number in chosen:
            free = {cell: place for cell, place in centers[number].items() if cell not in chosen[number]}
            if free and left:
                start = free[list(free)[int(generator.integers(len(free)))]]
                near = sorted(free, key=lambda cell: float(np.hypot(*(free[cell] - start))))
                chosen[number] += near[: min(PER_IMAGE, left)]
                left = k - sum(len(cells) for cells in chosen.values())
    return [_labelled(pictures[number], cells) for number, cells in chosen.items() if cells]


def _labelled(picture: Picture, cells: list[int]) -> CorrectedImage:
    """`cells` with what surrounds them reviewed, other objects left out."""
    mine = np.isin(picture.truth, cells)
    others = np.where(mine, 0, picture.truth)
    near = neighbourhood(others, picture.truth, picture.diameter)
    return picture.corrected(np.where(mine, picture.truth, 0), near & (others == 0))


def _centers(truth: npt.NDArray[np.int32]) -> dict[int, npt.NDArray[np.float64]]:
    rows, columns = np.nonzero(truth)
    owner = truth[rows, columns]
    size = np.maximum(1, np.bincount(owner))
    places = np.stack([np.bincount(owner, at) / size for at in (rows, columns)], axis=1)
    return {int(cell): places[cell] for cell in np.unique(owner)}


def _load(data: Path, name: str, channels: str = "one") -> Picture:
    return Picture.of(load_labelled(data, name, channels))
