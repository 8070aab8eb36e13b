"""What a recipe's images become: samples to learn from, and a score to judge a network by."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from multiprocessing import get_context
from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.events import drain
from napari_unet.heads.instances.representation import STANDARD, Representation
from napari_unet.images.channels import ModelInput, model_input
from napari_unet.images.files.label_files import read_labels
from napari_unet.images.files.reading import read_image
from napari_unet.images.limits import volume_limits
from napari_unet.images.normalization import normalize
from napari_unet.labels.scores import ObjectTally, tally_objects
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord
from napari_unet.models.unet import UNet
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Segmentation
from napari_unet.segmentation.plan import decode
from napari_unet.segmentation.segment import segment_steps
from napari_unet.training.config import BaseTrainingConfig
from napari_unet.training.recipe import COLOURS, Recipe, TrainingFile
from napari_unet.training.samples import TrainingSample, make_sample
from napari_unet.training.simulation.colour import simulate_stained
from napari_unet.training.simulation.scenes import simulate_image
from napari_unet.training.simulation.stains import paint_stained


def read_pair(file: TrainingFile, n_channels: int = 1) -> tuple[ModelInput, npt.NDArray[np.int32]]:
    """The image as a model of `n_channels` sees it, and its labels. Raises `UserError` if it has others."""
    image = read_image(file.image)
    return model_input(image, n_channels), read_labels(file.labels, image.select_channel(None))


def load_samples(
    recipe: Recipe, files: Iterable[TrainingFile], representation: Representation = STANDARD, workers: int = 1
) -> list[TrainingSample]:
    """Every plane of `files` that has objects, and the simulated images, each with its share of the training.

    `workers` is how many processes make them; what is made does not depend on it.
    """
    jobs: list[tuple[int, TrainingFile | None]] = [*enumerate(files)]
    jobs += [(number, None) for number in range(recipe.simulation.images)]
    make = partial(_make_samples, recipe, representation)
    if workers == 1:
        made = [make(job) for job in jobs]
    else:
        # Not forked: that a thread of torch holds a lock just then would hold up the new process for ever.
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            made = list(pool.map(make, jobs, chunksize=8))
    counts = Counter(name for name, _, samples in made for _ in samples)
    return [sample.with_share(share / counts[name]) for name, share, samples in made for sample in samples]


def _make_samples(
    recipe: Recipe, representation: Representation, job: tuple[int, TrainingFile | None]
) -> tuple[str, float, list[TrainingSample]]:
    """Name and share of the source, and the samples, of one file or, without one, of one simulated image."""
    number, file = job
    if file is None:
        return "simulated", recipe.simulation.share, [_simulate(recipe, number, representation)]
    config, normalization = recipe.training, recipe.model_record().normalization
    image, labels = read_pair(file, 1 if file.source.stained else config.architecture.in_channels)
    samples = []
    planes = labels.reshape(-1, *labels.shape[-2:])
    for index, plane in zip(np.ndindex(*labels.shape[:-2]), planes, strict=True):
        if plane.any():
            pixels = normalize(image.plane(index), volume_limits(image, index, normalization))
            if file.source.stained:
                pixels = paint_stained(pixels, np.random.default_rng((recipe.simulation.seed, number, *index)))
            samples.append(_sample(pixels, plane, config, representation))
    return file.source.name, file.source.share, samples


def _simulate(recipe: Recipe, number: int, representation: Representation) -> TrainingSample:
    wanted = recipe.simulation
    if recipe.training.architecture.in_channels == COLOURS:
        pixels, plane = simulate_stained(wanted.side, (wanted.seed, number), wanted.colour_scenes)
    else:
        pixels, plane = simulate_image(wanted.side, (wanted.seed, number), wanted.rods, wanted.unequal, wanted.scenes)
    return _sample(pixels, plane, recipe.training, representation)


def _sample(
    pixels: npt.NDArray[np.float32], plane: npt.NDArray[Any], config: BaseTrainingConfig, kind: Representation
) -> TrainingSample:
    return make_sample(pixels, plane, config.border_weight, representation=kind, weigh_inside=config.weigh_inside)


@dataclass(frozen=True, eq=False)
class Validation:
    """Images to judge a network by, with their median object diameters in pixels."""

    images: tuple[tuple[ModelInput, npt.NDArray[np.int32], float], ...]
    record: ModelRecord

    def tally(self, network: UNet) -> ObjectTally:
        """Objects found and missed by `network`, at the object sizes that the images are known to have."""
        model = Model(copy.deepcopy(network).eval(), self.record)
        total = ObjectTally()
        for image, labels, diameter in self.images:
            found: Segmentation = drain(segment_steps(image, model, SegmentConfig(diameter=diameter)))
            total = total + tally_objects(labels, found.labels)
        return total

    def score(self, network: UNet) -> float:
        """Mean AP over IoU 0.5:0.05:0.9, pooled over objects."""
        return self.tally(network).mean_ap

    def choose_thresholds(self, network: UNet) -> tuple[ModelRecord, ObjectTally]:
        """The record with the thresholds that score best here, and what they find."""
        maps = self._predict(network)
        pairs = [{"foreground_threshold": a, "seed_threshold": b} for a, b in product(_FOREGROUND, _SEED)]
        record, _ = self._best(maps, [self.record.model_copy(update=pair) for pair in pairs])
        return self._best(maps, [record.model_copy(update={"object_threshold": sure}) for sure in _OBJECT])

    def _predict(self, network: UNet) -> list[npt.NDArray[Any]]:
        model = Model(copy.deepcopy(network).eval(), self.record)
        maps = []
        for image, _, diameter in self.images:
            config = SegmentConfig(diameter=diameter, keep_probability=True)
            found: Segmentation = drain(segment_steps(image, model, config))
            maps.append(np.asarray(found.probability))
        return maps

    def _best(self, maps: list[npt.NDArray[Any]], records: list[ModelRecord]) -> tuple[ModelRecord, ObjectTally]:
        totals = []
        for record in records:
            total = ObjectTally()
            for probability, (_, labels, diameter) in zip(maps, self.images, strict=True):
                total = total + tally_objects(labels, decode(probability, record, SegmentConfig(), diameter))
            totals.append(total)
        best = max(range(len(records)), key=lambda number: totals[number].mean_ap)
        return records[best], totals[best]


_FOREGROUND = (0.5, 0.55, 0.6, 0.65)
_SEED = (0.3, 0.4, 0.5, 0.6)
_OBJECT = (0.0, 0.7, 0.75, 0.8, 0.84, 0.88)


def load_validation(recipe: Recipe, files: Iterable[TrainingFile]) -> Validation:
    """The images of `files` that have objects, in 2D."""
    channels = recipe.training.architecture.in_channels
    images = [read_pair(file, channels) for file in files]
    sized = tuple((image, labels, median_diameter(labels)) for image, labels in images if labels.any())
    return Validation(sized, recipe.model_record())


def median_diameter(labels: npt.NDArray[Any]) -> float:
    """Median over objects of the diameter in pixels of a circle of the same area; labels (..., Y, X)."""
    areas = np.bincount(labels.ravel())[1:]
    return float(2 * np.sqrt(np.median(areas[areas > 0]) / np.pi))
