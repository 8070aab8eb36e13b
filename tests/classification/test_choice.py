"""The way to learn suits what the classes differ in, and a click costs as little as was counted."""

from __future__ import annotations

from collections import Counter
from unittest import mock

import numpy as np

from napari_unet.classification.choice.candidates import CANDIDATES, Candidate
from napari_unet.classification.choice.rules import N_STAGES
from napari_unet.classification.object_features import INTENSITY, MEASURED, NETWORK, SHAPE, TEXTURE, ObjectFeatures
from napari_unet.classification.teaching import learn_classes, score_classes
from napari_unet.events import StopFlag

NAMES = ("a", "b", "c")
_SIZES = {SHAPE: 8, INTENSITY: 4, TEXTURE: 10, NETWORK: 288}


def draw_objects(*telling: str, n: int = 600) -> tuple[ObjectFeatures, np.ndarray]:
    """Features of chance but for those of the families `telling`, which say the class."""
    random = np.random.default_rng(0)
    names = tuple(f"{family} {i}" for family, size in _SIZES.items() for i in range(size))
    values = random.normal(size=(n, len(names))).astype(np.float32)
    classes = random.integers(0, 3, n)
    for column, name in enumerate(names):
        if name.split()[0] in telling:
            values[:, column] = classes + random.normal(0, 0.8, n)
    objects = np.stack([np.zeros(n, np.int64), np.arange(1, n + 1)], axis=1)
    return ObjectFeatures(objects, values, names, "net"), classes


def examples_of(classes: np.ndarray, n: int) -> dict[tuple[int, int], int]:
    random = np.random.default_rng(1)
    drawn = [(random.permutation(np.flatnonzero(classes == own))[:n], own) for own in range(3)]
    return {(0, int(row) + 1): own for rows, own in drawn for row in rows}


def test_what_one_family_says_does_not_drown_among_the_others() -> None:
    features, classes = draw_objects(SHAPE)  # five examples are too few for trees, which look at one after the other
    found = learn_classes(features, examples_of(classes, 5), NAMES).probabilities(features)
    everything = [Candidate((*MEASURED, NETWORK), 5.0)]
    drowned = learn_classes(features, examples_of(classes, 5), NAMES, candidates=everything).probabilities(features)
    right, less = (np.mean(each.argmax(axis=1) == classes) for each in (found, drowned))
    assert right > 0.8
    assert right > less + 0.08


def test_a_click_grows_few_trees_and_few_weights() -> None:
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    features, classes = draw_objects(SHAPE)
    done = Counter[str]()

    def counting(kind: type, trees: bool) -> mock._patch[object]:
        fit = kind.fit

        def counted(self: object, values: np.ndarray, *rest: object) -> object:
            done[kind.__name__] += self.n_estimators * 3 if trees else 1
            assert len(values) <= 75
            return fit(self, values, *rest)

        return mock.patch.object(kind, "fit", counted)

    with counting(GradientBoostingClassifier, True), counting(LogisticRegression, False):
        learn_classes(features, examples_of(classes, 25), NAMES)
    assert done["GradientBoostingClassifier"] <= 6 * 3 * N_STAGES <= 300  # five folds, and once all examples
    assert 1 < done["LogisticRegression"] <= 5 * len(CANDIDATES) <= 50


def test_nobody_waits_for_a_score_that_is_asked_to_stop() -> None:
    features, classes = draw_objects(SHAPE)
    stop = StopFlag()
    assert score_classes(features, examples_of(classes, 4), NAMES, CANDIDATES[:1], stop) is not None
    stop.request()
    with mock.patch("napari_unet.classification.teaching.choose_way", side_effect=AssertionError):
        assert score_classes(features, examples_of(classes, 4), NAMES, CANDIDATES[:1], stop) is None


def test_the_method_tells_what_is_looked_at() -> None:
    assert Candidate((SHAPE,), 5.0).method == "logistic regression on shape"
    assert Candidate((INTENSITY, TEXTURE), 5.0).method == "logistic regression on grey values and texture"
    assert Candidate(MEASURED, None).method == "boosted trees on shape, grey values and texture"
