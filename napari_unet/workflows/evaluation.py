"""`evaluate`: how well a model's labels agree with the ground truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag, drain
from napari_unet.images.channels import ChannelStack, grey_input, model_input
from napari_unet.images.files.label_files import read_label_pair
from napari_unet.images.image import Image
from napari_unet.labels.places import check_single_objects, tell_scattered
from napari_unet.labels.scores import Tally, tally_objects
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Segmentation
from napari_unet.segmentation.segment import segment_steps
from napari_unet.workflows.segmenting import as_image

Labels = Image | np.ndarray[Any, Any] | str | Path
Source = Labels | ChannelStack


@dataclass(frozen=True)
class ImageScored:
    """One image is segmented and compared. `problem`: what is odd in its ground truth; empty: nothing."""

    done: int
    total: int
    name: str
    tally: Tally
    seconds_left: float | None = None
    problem: str = ""


@dataclass(frozen=True)
class Evaluation:
    """Scores pooled over all images: `ap` by IoU threshold, its mean, and each image's own AP@0.5.

    `problems` are sentences on ground truth that contradicts itself.
    """

    ap: dict[float, float]
    mean_ap: float
    n_images: int
    n_truth: int
    n_predicted: int
    per_image: dict[str, float]
    problems: tuple[str, ...] = ()


def evaluate(
    images: Sequence[Source], labels: Sequence[Labels], model: Model | str | Path | None = None, **parameters: Any
) -> Evaluation:
    """Segment `images` and score them against `labels`, by optimal matching of objects.

    Parameters
    ----------
    images, labels : sequences of Image, array or path
        In the same order; labels are integers of the image's shape without channels, 0 = background.
    **parameters
        Fields of `SegmentConfig`.

    Returns
    -------
    Evaluation
        AP = TP / (TP + FP + FN), pooled over all objects, at IoU 0.5, 0.55, ... 0.9.
    """
    chosen = model if isinstance(model, Model) else load_model(model)
    return drain(evaluate_steps(images, labels, chosen, SegmentConfig(**parameters)))


def evaluate_steps(
    images: Sequence[Source],
    labels: Sequence[Labels],
    model: Model,
    config: SegmentConfig | None = None,
    stop: StopFlag | None = None,
) -> Iterator[ImageScored | Finished[Evaluation]]:
    """As `evaluate`, one event an image; stopping keeps the score of the images done."""
    if model.record.task == "semantic":
        raise UserError(
            f"{model.name} tells classes apart, and only objects are scored here: fine-tuning tells its score."
        )
    if len(images) != len(labels) or not images:
        raise UserError(
            f"There are {len(images)} images and {len(labels)} labels; give one label image for each image."
        )
    pooled, per_image, problems = Tally(), {}, []
    for number, (source, truth) in enumerate(zip(images, labels, strict=True), start=1):
        if stop is not None and stop.requested:
            break
        name, tally, problem = _score(source, truth, model, config or SegmentConfig())
        pooled = pooled + tally
        per_image[name if name not in per_image else f"{name} ({number})"] = tally.average_precision()[0.5]
        problems += [problem] if problem else []
        yield ImageScored(number, len(images), name, tally, problem=problem)
    counts = len(per_image), pooled.n_truth, pooled.n_predicted
    result = Evaluation(pooled.average_precision(), pooled.mean_ap, *counts, per_image, tuple(problems))
    yield Finished(result, len(per_image) < len(images))


def _score(source: Source, truth: Labels, model: Model, config: SegmentConfig) -> tuple[str, Tally, str]:
    """Name and tally of an image, and what its ground truth does wrong; raises `UserError` if that is no labels."""
    given = source if isinstance(source, ChannelStack) else as_image(source)
    image = model_input(given, model.record.architecture.in_channels)
    reference, _, ids = read_label_pair(truth, None, grey_input(image))
    name = truth.name if isinstance(truth, (Image, Path)) else image.name
    planes = reference.reshape(-1, *reference.shape[-2:])
    problem = tell_scattered(name, check_single_objects(planes, name, ids))
    found: Segmentation = drain(segment_steps(image, model, config))
    return image.name, tally_objects(reference, found.labels), problem
