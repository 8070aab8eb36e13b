"""What whole images are taken for: learned from those that were given a class, in a thread beside the window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from napari_unet.errors import UserError
from napari_unet.events import Failed

if TYPE_CHECKING:
    import pandas as pd

    from napari_unet.classification.classifier import Classifier
    from napari_unet.classification.object_features import ObjectFeatures

T = TypeVar("T")
FEW = 2  # images of a class that are needed


@dataclass(frozen=True, eq=False)
class ImagesFound:
    """The class of each image and how likely it is, the same as a table, and `left`: why an image has no class."""

    classes: dict[Path, tuple[str, float]]
    table: pd.DataFrame
    classifier: Classifier
    left: dict[Path, str]


@dataclass(frozen=True, eq=False)
class ImagesLesson:
    """What is learned from, taken together on the main thread; `ready` is a classifier that is taken as it is."""

    seen: Mapping[Path, ObjectFeatures]
    given: Mapping[Path, int]
    names: tuple[str, ...]
    model_name: str
    ready: Classifier | None

    def learn(self) -> ImagesFound | str:
        """What was found; or why nothing can be learned yet."""
        from napari_unet.workflows.tasks.classifying import classes_of_seen, learn_from_seen

        given = {path: {(0, 1): which} for path, which in self.given.items()}
        try:
            classifier = self.ready or learn_from_seen(self.seen, given, self.names, self.model_name)
        except UserError as error:
            return str(error)
        classes, left = dict[Path, tuple[str, float]](), dict[Path, str]()
        for path, features in self.seen.items():
            try:
                classes[path] = _likeliest(classifier, features)
            except UserError as error:  # of other channels than those that a saved classifier was taught on
                left[path] = str(error)
        if not classes:
            return next(iter(left.values()))
        answered = {path: self.seen[path] for path in classes}
        table = classes_of_seen(answered, classifier, whole=True)
        rows = [path for path, features in answered.items() for _ in range(len(features))]
        told = [self.names[self.given[path]] if path in self.given else "" for path in rows]
        table.insert(1, "given", told)
        return ImagesFound(classes, table, classifier, left)


def or_sentence(act: Callable[[], T]) -> Callable[[], T | Failed]:
    """`act` for a thread: what the user can mend comes back as `Failed`."""

    def acted() -> T | Failed:
        try:
            return act()
        except UserError as error:
            return Failed(str(error), error)

    return acted


def enough_examples(given: Mapping[Path, int]) -> dict[Path, int]:
    """Those of classes that have enough of them; none if these are fewer than two classes."""
    counts = Counter(given.values())
    kept = {path: which for path, which in given.items() if counts[which] >= FEW}
    return kept if len(set(kept.values())) > 1 else {}


def count_words(names: Sequence[str], given: Mapping[Path, int], found: ImagesFound | None) -> list[str]:
    """How many images of each class were given, and found."""
    words = [f"{n} given" for n in (sum(own == place for own in given.values()) for place in range(len(names)))]
    if found is None:
        return words
    of_all = Counter(name for name, _ in found.classes.values())
    return [f"{word}, {of_all[name]} in all" for word, name in zip(words, names, strict=True)]


def _likeliest(classifier: Classifier, features: ObjectFeatures) -> tuple[str, float]:
    """Of a film it is the mean of its frames."""
    likely = classifier.probabilities(features).mean(axis=0)
    return classifier.class_names[int(likely.argmax())], float(likely.max())
