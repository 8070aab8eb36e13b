"""What is learned from examples once it is settled how: weights of a logistic regression, or boosted trees."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from napari_unet.classification.classifier import Classifier
from napari_unet.classification.object_features import ObjectFeatures
from napari_unet.classification.trees import Trees, trees_of
from napari_unet.labels.types import Floats, Ints

N_STAGES = 15
"""Of boosting, each with a tree a class; twice as many, at half of the rate, told classes apart no better."""
_RATE = 0.4
_SEED = 0


@dataclass(frozen=True, eq=False)
class Rule:
    """As the fields of `Classifier`, of values that are standardized already."""

    weights: Floats | None = None
    bias: Floats | None = None
    trees: Trees | None = None

    def probabilities(self, seen: Floats) -> Floats:
        """(examples, classes) of values as `ExampleValues.seen` gives them."""
        n = seen.shape[1]
        names = tuple(str(number) for number in range(n))
        plain = np.zeros(n, np.float32), np.ones(n, np.float32)
        rule = Classifier(("",), names, *plain, self.weights, self.bias, self.trees)
        return rule.probabilities(ObjectFeatures(np.zeros((len(seen), 2), np.int64), seen, names))


def fit_logistic(values: Floats, classes: Ints, strength: float) -> Rule:
    """Logistic regression in the space that the examples span: the same weights, found the sooner."""
    from sklearn.linear_model import LogisticRegression

    mean = values.mean(axis=0)
    _, _, basis = np.linalg.svd(values - mean, full_matrices=False)
    learner = LogisticRegression(C=strength, class_weight="balanced", max_iter=200, tol=1e-3)
    learner.fit((values - mean) @ basis.T, classes)
    weights = learner.coef_ @ basis
    bias = learner.intercept_ - weights @ mean
    if len(weights) == 1:
        weights, bias = np.concatenate([0 * weights, weights]), np.append(0, bias)
    return Rule(np.asarray(weights, np.float32), np.asarray(bias, np.float32))


def fit_boosted(values: Floats, classes: Ints) -> Rule:
    """Small trees, each of which mends what those before it get wrong."""
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.utils.class_weight import compute_sample_weight

    learner = GradientBoostingClassifier(n_estimators=N_STAGES, learning_rate=_RATE, max_depth=2, random_state=_SEED)
    learner.fit(values, classes, compute_sample_weight("balanced", classes))
    return Rule(trees=trees_of(learner))
