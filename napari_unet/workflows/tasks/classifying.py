"""Classes of the objects of many files, from examples or by a classifier that was saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from napari_unet.classification.classifier import Classifier
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


@dataclass(frozen=True, eq=False)
class SeenFiles:
    """What the objects of each file are like; `errors` by file."""

    seen: dict[Path, ObjectFeatures]
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
    for event in look_at_files_steps(files, model, axes, channel, engine, stop):
        if not isinstance(event, Finished):
            yield event
        elif event.stopped:
            yield Finished(None, stopped=True)
        else:
            yield Finished(_classify(event.result, taught, model, all(file.labels is None for file in files)))


def look_at_files_steps(
    files: Sequence[LabelledFile],
    model: Model | None,
    axes: str | None = None,
    channel: int | None = None,
    engine: Engine = Engine(),
    stop: StopFlag | None = None,
) -> Iterator[FileProgress | Finished[SeenFiles]]:
    """Look at all objects, which is what takes time; whoever learns from it may do so again and again.

    Stopped, the result is of the files that were looked at until then.
    """
    flag = stop or StopFlag()
    seen: dict[Path, ObjectFeatures] = {}
    errors: dict[Path, str] = {}
    for done, file in enumerate(files, start=1):
        try:
            features = _look(file, model, axes, channel, engine, flag)
        except UserError as error:
            features = None
            errors[file.image] = str(error)
        if flag.requested:  # of this file a part was seen at most
            break
        if features is not None:
            seen[file.image] = features
        objects = 0 if features is None else len(features)
        yield FileProgress(done, len(files), file.image, objects, errors.get(file.image))
    yield Finished(SeenFiles(seen, errors), flag.requested)


def learn_from_seen(
    seen: Mapping[Path, ObjectFeatures],
    given: Mapping[Path, Mapping[ObjectKey, int]],
    names: Sequence[str],
    model_name: str = "",
) -> Classifier:
    """A classifier from the class (place in `names`) of some objects of each file, with its score.

    Raises
    ------
    UserError
        If none of these is an object that was seen, or there are too few.
    """
    examples, first, n_images, unknown = dict[ObjectKey, int](), 0, 0, 0
    for path, features in seen.items():
        own = given.get(path, {})
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
    features = join_features(list(seen.values()))
    classifier = learn_classes(features, examples, names, model_name)
    score = score_classes(features, examples, names)
    return classifier.with_score(None if score is None else replace(score, n_images=n_images))


def classes_of_seen(seen: Mapping[Path, ObjectFeatures], classifier: Classifier, whole: bool) -> pd.DataFrame:
    """A row an object (an image, if they are seen as a `whole`), as in `ClassifiedFiles`."""
    table = pd.concat([_rows(path, features, classifier) for path, features in seen.items()], ignore_index=True)
    return table.drop(columns="label") if whole else table


def _classify(looked: SeenFiles, taught: Examples | Classifier, model: Model | None, whole: bool) -> ClassifiedFiles:
    if not looked.seen:
        raise UserError(next(iter(looked.errors.values())))
    if isinstance(taught, Classifier):
        classifier = taught
    else:
        given = {path: taught.of(path.name) for path in looked.seen}
        classifier = learn_from_seen(looked.seen, given, taught.names, "" if model is None else model.name)
    return ClassifiedFiles(classes_of_seen(looked.seen, classifier, whole), classifier, looked.errors)


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


def _rows(path: Path, features: ObjectFeatures, classifier: Classifier) -> pd.DataFrame:
    found = classifier.probabilities(features)
    best = found.argmax(axis=1)
    columns = {"image": path.name, "t": features.objects[:, 0], "label": features.objects[:, 1]}
    columns["class"] = np.array(classifier.class_names, dtype=object)[best]
    columns["probability"] = found.max(axis=1)
    columns |= {f"probability of {name}": found[:, i] for i, name in enumerate(classifier.class_names)}
    table = pd.DataFrame(columns)
    return table if features.objects[:, 0].any() else table.drop(columns="t")
