"""From a recipe and its images to a base model: train, choose thresholds, write down what made it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag
from napari_unet.labels.scores import ObjectTally
from napari_unet.learning.events import StepDone, Validated
from napari_unet.models.model import Model
from napari_unet.models.record import ModelRecord, TrainingRecord
from napari_unet.models.unet import UNet
from napari_unet.training.base_data import Validation, load_samples, load_validation
from napari_unet.training.loop import train_steps
from napari_unet.training.recipe import Recipe, TrainingFile
from napari_unet.training.samples import TrainingSample


def train_model_steps(
    recipe: Recipe,
    learn: Sequence[TrainingFile],
    validate: Sequence[TrainingFile] = (),
    checkpoint: Path | None = None,
    stop: StopFlag | None = None,
    start: Model | None = None,
    workers: int = 1,
) -> Iterator[StepDone | Validated | Finished[Model]]:
    """Train the model of `recipe` on the files `learn`; the last event is `Finished` with the `Model`.

    With `validate` the weights that score best there are kept, and the thresholds are chosen there. With `checkpoint`
    (a folder) training goes on where it was stopped or killed. With `start` its weights are where training begins.
    `workers` processes read and simulate images.
    Raises `UserError` where nothing can be learned, or where `start` is another network than the recipe's.
    """
    if start is not None and start.record.architecture != recipe.training.architecture:
        raise UserError(
            f"{start.name} is another network than the recipe's: {_differences(start, recipe)}. Start from a model of "
            "the same architecture, or change the recipe."
        )
    samples = load_samples(recipe, learn, workers=workers)
    if not samples:
        raise UserError("None of the labels has an object, so there is nothing to learn. Are they label images?")
    validation = load_validation(recipe, validate) if validate else None
    steps, seconds = 0, 0.0
    score = validation.score if validation is not None and validation.images else None
    for event in train_steps(samples, recipe.training, checkpoint, score, stop, start=_network(start)):
        if isinstance(event, Finished):
            steps = steps if event.stopped else recipe.training.steps
            record = _descends_from(start, _record(recipe, samples, learn, steps, seconds))
            yield Finished(_finish(event.result, record, validation if score else None), event.stopped)
            return
        if isinstance(event, StepDone):
            steps, seconds = event.step, event.seconds
        yield event


def _network(start: Model | None) -> UNet | None:
    return None if start is None else start.network


def _differences(start: Model, recipe: Recipe) -> str:
    """Which settings differ, in the words of the settings."""
    mine, theirs = recipe.training.architecture.model_dump(), start.record.architecture.model_dump()
    return ", ".join(f"{name} {theirs[name]} instead of {mine[name]}" for name in mine if mine[name] != theirs[name])


def _descends_from(start: Model | None, record: ModelRecord) -> ModelRecord:
    if start is None:
        return record
    return record.model_copy(update={"parent": start.sha256, "parent_name": start.name})


_THRESHOLDS = ("foreground_threshold", "seed_threshold", "object_threshold")


def _finish(network: UNet, record: ModelRecord, validation: Validation | None) -> Model:
    network = network.float().cpu().eval()
    if validation is not None:
        chosen, tally = validation.choose_thresholds(network)
        thresholds = {name: getattr(chosen, name) for name in _THRESHOLDS}
        record = record.model_copy(update={**thresholds, "scores": _scores(tally)})
    return Model(network, record)


def _record(
    recipe: Recipe, samples: Sequence[TrainingSample], learn: Sequence[TrainingFile], steps: int, seconds: float
) -> ModelRecord:
    training = TrainingRecord(
        images=tuple(dict.fromkeys(file.source.name for file in learn)),
        n_objects=sum(sample.n_objects for sample in samples),
        seconds=round(seconds),
        steps=steps,
        settings=recipe.model_dump(mode="json") | {"n_images": len(learn)},
    )
    return recipe.model_record().model_copy(update={"training": training})


def _scores(tally: ObjectTally) -> dict[str, float]:
    ap = tally.average_precision()
    found = {"validation_ap50": ap[0.5], "validation_ap75": ap[0.75], "validation_ap90": ap[0.9]}
    return {name: round(value, 4) for name, value in (found | {"validation_mean_ap": tally.mean_ap}).items()}
