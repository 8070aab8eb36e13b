"""A classifier of objects: weights of features or boosted trees, as plain arrays that a file can hold."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from napari_unet.classification.object_features import ObjectFeatures
from napari_unet.classification.trees import Trees
from napari_unet.errors import UserError
from napari_unet.labels.types import Doubles, Floats, Ints


@dataclass(frozen=True, eq=False)
class ClassifierScore:
    """What came of examples that were held out, in turn.

    Attributes
    ----------
    confusion : array
        (classes, classes) int64: given class, found class.
    n_images : int
        Of how many images the examples were: on others it may be worse.
    """

    confusion: Ints
    n_images: int = 1

    @property
    def n_examples(self) -> int:
        return int(self.confusion.sum())

    @property
    def recalls(self) -> Doubles:
        """Share of the examples of each class that were found to be of it; NaN of a class without any."""
        given = self.confusion.sum(axis=1)
        right = np.diagonal(self.confusion).astype(float)
        return np.asarray(np.divide(right, given, out=np.full(len(given), np.nan), where=given > 0))

    @property
    def balanced_accuracy(self) -> float:
        """Mean of `recalls`: 1 is perfect, 1 / classes is guessing."""
        return float(np.nanmean(self.recalls))


@dataclass(frozen=True, eq=False)
class Classifier:
    """Which class an object is of, by its features.

    Attributes
    ----------
    class_names : tuple of str
    feature_names : tuple of str
        Those it looks at, out of `ObjectFeatures.names`.
    mean, spread : array
        (features,) float32: what features are standardized by.
    weights, bias : array, optional
        (classes, features) and (classes,) float32, of a linear classifier.
    trees : Trees, optional
        Of one that is made of trees, which look at the features as they are.
    method : str
        What it is, in plain words.
    network : str
        Hash of the weights whose features it looks at; empty if it looks at none.
    counts : tuple of int
        Examples of each class that it learned from.
    """

    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    mean: Floats
    spread: Floats
    weights: Floats | None = None
    bias: Floats | None = None
    trees: Trees | None = None
    method: str = ""
    network: str = ""
    model_name: str = ""
    counts: tuple[int, ...] = ()
    colors: tuple[str, ...] = ()
    score: ClassifierScore | None = field(default=None)

    def with_score(self, score: ClassifierScore | None) -> Classifier:
        return replace(self, score=score)

    def probabilities(self, features: ObjectFeatures) -> Floats:
        """(objects, classes); raises `UserError` if they are features of another kind."""
        scores = self._scores(self._chosen(features))
        if scores.shape[1] == 1:  # of two classes
            scores = np.concatenate([np.zeros_like(scores), scores], axis=1)
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(scores / scores.sum(axis=1, keepdims=True), np.float32)

    def _scores(self, values: Floats) -> Doubles:
        if self.trees is not None:
            return self.trees.scores(values)
        if self.weights is None or self.bias is None:
            raise ValueError("a classifier has weights or trees")
        return np.asarray(((values - self.mean) / self.spread) @ self.weights.T + self.bias, np.float64)

    def _chosen(self, features: ObjectFeatures) -> Floats:
        if self.network and features.network != self.network:
            raise UserError(
                f"This classifier was taught with what the model {self.model_name or 'of then'} sees of objects: "
                "choose that model, or one that came of it."
            )
        if features.names == self.feature_names:
            return features.values
        place = {name: column for column, name in enumerate(features.names)}
        if missing := [name for name in self.feature_names if name not in place]:
            raise UserError(
                f"This classifier looks at {missing[0]!r}, which these objects do not have: it was taught on images of "
                "other channels, or on slices and not on volumes."
            )
        return features.values[:, [place[name] for name in self.feature_names]]
