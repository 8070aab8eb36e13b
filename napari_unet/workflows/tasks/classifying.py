"""Classes of the objects of many files, from examples or by a classifier that was saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from napari_unet.classification.classifier import Classifier, ClassifierScore
from napari_unet.classification.example_table import Examples
from napari_unet.classification.looking import look_at_objects
from napari_unet.classification.object_features import ObjectFeatures, ObjectKey, join_features
from napari_unet.classification.teaching import learn_classes, score_classes
from napari_unet.errors import UserError
from napari_unet.events import Finished, StopFlag, drain
from napari_unet.images.files.label_files import stored_labels
from napari_unet.images.files.reading import read_image
from napari_unet.images.image import Image
from napari_unet.models.model import Model
from napari_unet.models.running.engine import Engine
from napari_unet.workflows.files.progress import FileProgress


@dataclass(frozen=True)
class LabelledFile:
    """An image and the labels of its objects; None: the image as a whole is what gets a class."""

    image: Path
    labels: Path | None


@dataclass(frozen=True, eq=False)
class ClassifiedFiles:
    """A row an object: image, t, label, class, probability, and the probability of each class; `errors` by file.

    Of whole images there is no label.
    """

    table: pd.DataFrame
    classifier: Classifier
    errors: dict[Path, str]


def classify_files_steps(
    files: Sequence[LabelledFile],
    model: Model | None,
    taught: Examples | Classifier,
    axes: str | None = None,
    channel: int | None = None,
    engine: Engine = Engine(),
    stop: StopFlag | None = None,
) -> Iterator[FileProgress | Finished[ClassifiedFiles | None]]:
    """Look at all objects, learn from the examples (or take a classifier as it is), and give each object a class.

    Stopped before all files were looked at, the result is None: a part of them would be taken for all.
    """
    flag = stop or StopFlag()
    seen: dict[Path, ObjectFeatures] = {}
    errors: dict[Path, str] = {}
    for done, file in enumerate(files, start=1):
        try:
            seen[file.image] = _look(file, model, axes, channel, engine, flag)
        except UserError as error:
            errors[file.image] = str(error)
        if flag.requested:
            yield Finished(None, stopped=True)
            return
        objects = len(seen[file.image]) if file.image in seen else 0
        yield FileProgress(done, len(files), file.image, objects, errors.get(file.image))
    if not seen:
        raise UserError(next(iter(errors.values())))
    name = "" if model is None else model.name
    classifier = taught if isinstance(taught, Classifier) else _learn(seen, taught, name)
    table = pd.concat([_rows(path, features, classifier) for path, features in seen.items()], ignore_index=True)
    if all(file.labels is None for file in files):
        table = table.drop(columns="label")
    yield Finished(ClassifiedFiles(table, classifier, errors))


def _look(
    file: LabelledFile, model: Model | None, axes: str | None, channel: int | None, engine: Engine, stop: StopFlag
) -> ObjectFeatures:
    image = read_image(file.image, axes)
    grey = image.select_channel(channel)
    if file.labels is None:
        labels = Image(np.ones(grey.shape, np.uint8), grey.axes, grey.scale, grey.units, name=file.image.name)
    else:
        labels = Image(stored_labels(file.labels, grey), grey.axes, name=file.labels.name)
    return drain(look_at_objects(labels, image, model, channel, engine=engine, stop=stop))


def _learn(seen: dict[Path, ObjectFeatures], taught: Examples, model_name: str) -> Classifier:
    parts, examples, first = list(seen.values()), dict[ObjectKey, int](), 0
    n_images, unknown = 0, 0
    for path, features in seen.items():
        own = taught.of(path.name)
        known = {key: place for key, place in own.items() if features.rows_of([key])[0] >= 0}
        n_images, unknown = n_images + bool(known), unknown + len(own) - len(known)
        examples |= {(first + frame, label): place for (frame, label), place in known.items()}
        first += int(features.objects[:, 0].max(initial=0)) + 1
    if not examples:
        raise UserError(
            f"None of the {unknown} examples is an object of these labels: their column label must have the ids of "
            "objects, and image the names of files."
            if unknown else "The table has no examples for these images: its column image must have their names."
        )  # fmt: skip
    features = join_features(parts)
    classifier = learn_classes(features, examples, taught.names, model_name)
    score = score_classes(features, examples, taught.names)
    return classifier.with_score(None if score is None else _of_images(score, n_images))


def _of_images(score: ClassifierScore, n_images: int) -> ClassifierScore:
    return replace(score, n_images=n_images)


def _rows(path: Path, features: ObjectFeatures, classifier: Classifier) -> pd.DataFrame:
    found = classifier.probabilities(features)
    best = found.argmax(axis=1)
    columns = {"image": path.name, "t": features.objects[:, 0], "label": features.objects[:, 1]}
    columns["class"] = np.array(classifier.class_names, dtype=object)[best]
    columns["probability"] = found.max(axis=1)
    columns |= {f"probability of {name}": found[:, i] for i, name in enumerate(classifier.class_names)}
    table = pd.DataFrame(columns)
    return table if features.objects[:, 0].any() else table.drop(columns="t")
