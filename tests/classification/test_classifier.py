"""What a classifier says of features, what it refuses, and what its file keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from napari_unet.classification.classifier import Classifier, ClassifierScore
from napari_unet.classification.classifier_file import load_classifier, save_classifier
from napari_unet.classification.object_features import ObjectFeatures
from napari_unet.classification.trees import Trees
from napari_unet.errors import UserError

LINEAR = Classifier(
    ("round", "long", "other"),
    ("shape area", "shape length"),
    mean=np.array([10, 2], np.float32),
    spread=np.array([5, 2], np.float32),
    weights=np.array([[1, 0], [0, 1], [0, 0]], np.float32),
    bias=np.array([0, 0, 1], np.float32),
    method="weights",
    counts=(3, 4, 5),
    colors=("#ff0000", "#00ff00", "#0000ff"),
)
ONE_OUTPUT = Trees(
    np.array([0, 0, 0]), np.array([10.0, 0, 0]), np.array([1, -1, -1]), np.array([2, -1, -1]),
    np.array([0, -np.log(3), np.log(4)]), np.array([0]), np.array([0]), np.array([0.0]),
)  # fmt: skip


def features(values: list[list[float]], names: tuple[str, ...] = LINEAR.feature_names, net: str = "") -> ObjectFeatures:
    objects = np.array([(0, i + 1) for i in range(len(values))], np.int64).reshape(-1, 2)
    return ObjectFeatures(objects, np.array(values, np.float32).reshape(-1, len(names)), names, net)


def test_recalls_are_shares_of_what_was_given_and_an_absent_class_does_not_count() -> None:
    score = ClassifierScore(np.array([[3, 1, 0], [4, 4, 0], [0, 0, 0]]))
    np.testing.assert_array_equal(score.recalls, [0.75, 0.5, np.nan])
    assert score.balanced_accuracy == 0.625
    assert score.n_examples == 12


def test_probabilities_are_of_standardized_features() -> None:
    found = LINEAR.probabilities(features([[10, 2], [20, 2], [10, 8]]))
    scores = np.array([[0, 0, 1], [2, 0, 1], [0, 3, 1]])
    np.testing.assert_allclose(found, np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True), rtol=1e-5)
    assert found.dtype == np.float32


def test_features_are_taken_by_name_whatever_their_order() -> None:
    own = features([[20, 4], [3, 9]])
    other = features([[4, 7, 20], [9, 7, 3]], ("shape length", "intensity mean 0", "shape area"))
    np.testing.assert_array_equal(LINEAR.probabilities(other), LINEAR.probabilities(own))


def test_scores_far_apart_are_no_overflow() -> None:
    found = LINEAR.probabilities(features([[1e6, 0], [-1e6, -1e6]]))
    np.testing.assert_allclose(found, [[1, 0, 0], [0, 0, 1]], atol=1e-6)


def test_trees_of_two_classes_speak_of_the_second() -> None:
    two = Classifier(("a", "b"), ("shape area",), np.zeros(1), np.ones(1), trees=ONE_OUTPUT)
    found = two.probabilities(features([[10], [11]], ("shape area",)))
    np.testing.assert_allclose(found, [[0.75, 0.25], [0.2, 0.8]], rtol=1e-5)


def test_a_feature_that_is_missing_is_named_with_what_may_have_come_of_it() -> None:
    with pytest.raises(UserError, match=r"looks at 'shape length'.*other channels, or on slices and not on volumes"):
        LINEAR.probabilities(features([[1]], ("shape area",)))


@pytest.mark.parametrize(("model_name", "said"), [("Nuclei", "the model Nuclei sees"), ("", "the model of then sees")])
def test_features_of_another_network_are_refused_with_the_one_to_choose(model_name: str, said: str) -> None:
    taught = replace(LINEAR, network="abc", model_name=model_name)
    assert taught.probabilities(features([[1, 2]], net="abc")).shape == (1, 3)
    for other in ("", "abd"):
        with pytest.raises(UserError, match=f"{said} of objects: choose that model"):
            taught.probabilities(features([[1, 2]], net=other))


def test_a_file_keeps_all_of_a_classifier(tmp_path: Path) -> None:
    whole = LINEAR.with_score(ClassifierScore(np.array([[2, 1, 0], [0, 4, 0], [0, 0, 5]]), 7))
    path = save_classifier(whole, tmp_path / "new" / "kinds.safetensors")
    assert [one.name for one in path.parent.iterdir()] == ["kinds.safetensors"]
    again = load_classifier(path)
    for name in ("class_names", "feature_names", "method", "network", "model_name", "counts", "colors"):
        assert getattr(again, name) == getattr(whole, name)
    for name in ("mean", "spread", "weights", "bias"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))
    assert again.trees is None
    assert again.score is not None
    assert again.score.n_images == 7
    np.testing.assert_array_equal(again.score.confusion, whole.score.confusion)


def test_a_file_of_trees_has_no_weights_and_no_score_that_was_not_there(tmp_path: Path) -> None:
    trees = Classifier(("a", "b"), ("shape area",), np.zeros(1), np.ones(1), trees=ONE_OUTPUT)
    again = load_classifier(save_classifier(trees, tmp_path / "t.safetensors"))
    assert again.weights is again.bias is again.score is None
    one = features([[10], [11]], ("shape area",))
    np.testing.assert_array_equal(again.probabilities(one), trees.probabilities(one))


def test_a_file_that_is_there_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "kinds.safetensors"
    path.write_bytes(b"mine")
    with pytest.raises(UserError, match=r"kinds\.safetensors exists already.*choose another name"):
        save_classifier(LINEAR, path)
    assert path.read_bytes() == b"mine"


def test_what_is_no_classifier_is_told(tmp_path: Path) -> None:
    from safetensors.numpy import save_file

    with pytest.raises(UserError, match=r"There is no classifier file .*check the name"):
        load_classifier(tmp_path / "gone.safetensors")
    save_file({"mean": np.zeros(2)}, tmp_path / "weights.safetensors")
    (tmp_path / "text.safetensors").write_text("hello")
    for name in ("weights", "text"):
        with pytest.raises(UserError, match=rf"{name}\.safetensors is no classifier of objects: choose"):
            load_classifier(tmp_path / f"{name}.safetensors")
