"""`evaluate`: how well a model's labels agree with the ground truth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag, drain
from napari_unet.heads.registry import find_head
from napari_unet.heads.tally import Tally
from napari_unet.images.channels import ChannelStack, grey_input, model_input
from napari_unet.images.files.label_files import read_label_pair
from napari_unet.images.image import Image
from napari_unet.labels.places import check_single_objects, tell_scattered
from napari_unet.labels.scores import ObjectTally
from napari_unet.models.library import load_model
from napari_unet.models.model import Model
from napari_unet.segmentation.config import SegmentConfig
from napari_unet.segmentation.events import Segmentation
from napari_unet.segmentation.segment import segment_steps
from napari_unet.workflows.segmenting import as_image

TruthSource = Image | np.ndarray[Any, Any] | str | Path
ImageSource = TruthSource | ChannelStack


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
    """Scores pooled over all images, and each image's own.

    `title` names the main number ("AP@0.5"), which `per_image` has for each image; `figures` are all numbers by name.
    Of objects there are also `ap` by IoU threshold, its mean, and how many there are in truth and were predicted.
    `problems` are sentences on ground truth that contradicts itself.
    """

    title: str
    main: float
    figures: dict[str, float]
    n_images: int
    per_image: dict[str, float]
    ap: dict[float, float] = field(default_factory=dict)
    mean_ap: float = 0.0
    n_truth: int = 0
    n_predicted: int = 0
    problems: tuple[str, ...] = ()


def evaluate(
    images: Sequence[ImageSource],
    labels: Sequence[TruthSource],
    model: Model | str | Path | None = None,
    **parameters: Any,
) -> Evaluation:
    """Segment `images` and score them against `labels`, as the model's head does: objects by optimal matching.

    Parameters
    ----------
    images, labels : sequences of Image, array or path
        In the same order; labels are integers of the image's shape without channels, 0 = background.
    **parameters
        Fields of `SegmentConfig`.

    Returns
    -------
    Evaluation
        Of objects AP = TP / (TP + FP + FN), pooled over all of them, at IoU 0.5, 0.55, ... 0.9; of classes the mean
        IoU, and Dice by class.
    """
    chosen = model if isinstance(model, Model) else load_model(model)
    return drain(evaluate_steps(images, labels, chosen, SegmentConfig(**parameters)))


def evaluate_steps(
    images: Sequence[ImageSource],
    labels: Sequence[TruthSource],
    model: Model,
    config: SegmentConfig | None = None,
    stop: StopFlag | None = None,
) -> Iterator[ImageScored | Finished[Evaluation]]:
    """As `evaluate`, one event an image; stopping keeps the score of the images done."""
    if len(images) != len(labels) or not images:
        raise UserError(
            f"There are {len(images)} images and {len(labels)} labels; give one label image for each image."
        )
    pooled: Tally | None = None
    per_image: dict[str, float] = {}
    problems: list[str] = []
    for number, (source, truth) in enumerate(zip(images, labels, strict=True), start=1):
        if stop is not None and stop.requested:
            break
        name, tally, problem = _score(source, truth, model, config or SegmentConfig())
        pooled = tally if pooled is None else pooled + tally
        per_image[name if name not in per_image else f"{name} ({number})"] = tally.main
        problems += [problem] if problem else []
        yield ImageScored(number, len(images), name, tally, problem=problem)
    result = replace(_summarize(pooled, per_image), problems=tuple(problems))
    yield Finished(result, len(per_image) < len(images))


def _summarize(pooled: Tally | None, per_image: dict[str, float]) -> Evaluation:
    if pooled is None:
        return Evaluation("", 0.0, {}, 0, {})
    found = Evaluation(pooled.title, pooled.main, pooled.figures(), len(per_image), per_image)
    if not isinstance(pooled, ObjectTally):
        return found
    ap, counts = pooled.average_precision(), (pooled.n_truth, pooled.n_predicted)
    return replace(found, ap=ap, mean_ap=pooled.mean_ap, n_truth=counts[0], n_predicted=counts[1])


def _score(source: ImageSource, truth: TruthSource, model: Model, config: SegmentConfig) -> tuple[str, Tally, str]:
    """Name and tally of an image, and what its ground truth does wrong; raises `UserError` if that is no labels."""
    given = source if isinstance(source, ChannelStack) else as_image(source)
    image = model_input(given, model.record.channel_counts)
    reference, _, ids = read_label_pair(truth, None, grey_input(image))
    name = truth.name if isinstance(truth, (Image, Path)) else image.name
    planes = reference.reshape(-1, *reference.shape[-2:])
    head = find_head(model.record)
    problem = tell_scattered(name, check_single_objects(planes, name, ids)) if head.draws_objects else ""
    found: Segmentation = drain(segment_steps(image, model, config))
    return image.name, head.tally(reference, found.labels, model.record), problem
