"""From a handful of examples all objects get a class; what is told of its quality is right, and it goes into a file."""

from __future__ import annotations

import numpy as np
import pytest
from phenotypes import draw_phenotypes

from napari_unet.classification.choice.candidates import Candidate
from napari_unet.classification.classifier_file import load_classifier, save_classifier
from napari_unet.classification.looking import look_at_objects
from napari_unet.classification.marked import MarkedObjects
from napari_unet.classification.object_features import MEASURED, NETWORK, ObjectFeatures
from napari_unet.classification.teaching import learn_classes, least_sure, score_classes
from napari_unet.errors import UserError
from napari_unet.events import StopFlag, drain
from napari_unet.images.image import Image
from napari_unet.results.exports.object_classes import ObjectClass, ObjectClasses

NAMES = ("smooth", "spotted")
_EVERYTHING = (*MEASURED, NETWORK)


@pytest.fixture(scope="module")
def scene():
    image, labels, classes = draw_phenotypes()
    return Image(image, "YX"), Image(labels, "YX"), classes


@pytest.fixture(scope="module")
def features(scene) -> ObjectFeatures:
    return drain(look_at_objects(scene[1], scene[0]))


def some(classes: dict[int, int], n: int, skip: int = 0) -> dict[tuple[int, int], int]:
    found = {}
    for place in sorted(set(classes.values())):
        keys = [key for key, value in classes.items() if value == place]
        found |= {(0, key): place for key in keys[skip : skip + n]}
    return found


def test_five_examples_a_class_tell_textures_apart(scene, features: ObjectFeatures) -> None:
    classes = scene[2]
    taught = learn_classes(features, some(classes, 5), NAMES)
    found = taught.probabilities(features)
    assert found.shape == (36, 2)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    true = np.array([classes[label] for _, label in features.objects.tolist()])
    assert np.mean(found.argmax(axis=1) == true) > 0.85
    assert (taught.counts, taught.class_names) == ((5, 5), NAMES)


def test_the_score_is_of_examples_that_were_held_out(scene, features: ObjectFeatures) -> None:
    true = score_classes(features, some(scene[2], 8), NAMES)
    assert true is not None
    assert true.n_examples == 16
    assert true.balanced_accuracy > 0.85
    # Classes that have nothing to do with the objects cannot be foretold, however well they can be learned by heart.
    random = np.random.default_rng(3)
    nonsense = {key: int(random.integers(2)) for key in some(scene[2], 13)}
    chance = score_classes(features, nonsense, NAMES)
    assert chance is not None
    assert 0.2 < chance.balanced_accuracy < 0.75


def test_the_network_sees_what_shape_does_not(scene, features: ObjectFeatures, tiny_model) -> None:
    seen = drain(look_at_objects(scene[1], scene[0], tiny_model))
    assert seen.network
    assert set(features.names) < set(seen.names)
    assert np.isfinite(seen.values).all()
    np.testing.assert_array_equal(seen.values[:, : len(features.names)], features.values)
    # The same objects elsewhere in the image look the same to it: tiles and places make no difference.
    again = drain(look_at_objects(scene[1], scene[0], tiny_model))
    np.testing.assert_array_equal(again.values, seen.values)
    assert seen.values[:, len(features.names) :].std(axis=0).max() > 0.01


@pytest.mark.parametrize("candidate", [Candidate(_EVERYTHING, 10.0), Candidate(MEASURED, None)])
def test_a_saved_classifier_says_the_same(scene, tiny_model, candidate: Candidate, tmp_path) -> None:
    seen = drain(look_at_objects(scene[1], scene[0], tiny_model))
    taught = learn_classes(seen, some(scene[2], 7), NAMES, tiny_model.name, [candidate])
    taught = taught.with_score(score_classes(seen, some(scene[2], 7), NAMES, [candidate]))
    loaded = load_classifier(save_classifier(taught, tmp_path / "classes.safetensors"))
    np.testing.assert_array_equal(loaded.probabilities(seen), taught.probabilities(seen))
    assert loaded.score is not None
    np.testing.assert_array_equal(loaded.score.confusion, taught.score.confusion)
    assert (loaded.class_names, loaded.method, loaded.counts) == (NAMES, taught.method, (7, 7))
    with pytest.raises(UserError, match="exists already"):
        save_classifier(taught, tmp_path / "classes.safetensors")


@pytest.mark.parametrize("n_classes", [2, 3])
def test_trees_say_what_scikit_learn_says(n_classes: int) -> None:
    from sklearn.ensemble import GradientBoostingClassifier

    from napari_unet.classification.classifier import Classifier
    from napari_unet.classification.trees import trees_of

    random = np.random.default_rng(1)
    values = random.normal(size=(60, 4)).astype(np.float32)
    classes = (values[:, 0] + values[:, 1] * values[:, 2] > 0).astype(int) + (values[:, 3] > 1) * (n_classes - 2)
    learner = GradientBoostingClassifier(n_estimators=5, max_depth=3).fit(values, classes)
    names = ("a", "b", "c", "d")
    plain = Classifier(names[:n_classes], names, values.mean(0), values.std(0), trees=trees_of(learner))
    found = plain.probabilities(ObjectFeatures(np.zeros((60, 2), np.int64), values, names))
    np.testing.assert_allclose(found, learner.predict_proba(values), atol=1e-6)


def test_features_of_another_network_are_refused(scene, features: ObjectFeatures, tiny_model) -> None:
    seen = drain(look_at_objects(scene[1], scene[0], tiny_model))
    taught = learn_classes(seen, some(scene[2], 5), NAMES, "tiny", [Candidate(_EVERYTHING, 10.0)])
    with pytest.raises(UserError, match="the model tiny"):
        taught.probabilities(features)


@pytest.mark.parametrize(
    ("examples", "what"),
    [({(0, 1): 0, (0, 2): 0}, "two classes"), ({(0, 1): 0, (0, 2): 0, (0, 3): 1}, "one more object")],
)
def test_too_little_to_learn_from_is_told(features: ObjectFeatures, examples, what: str) -> None:
    with pytest.raises(UserError, match=what):
        learn_classes(features, examples, NAMES)


def test_examples_of_objects_that_are_gone_do_not_count(scene, features: ObjectFeatures) -> None:
    examples = some(scene[2], 4) | {(0, 999): 1, (1, 1): 0}
    assert learn_classes(features, examples, NAMES).counts == (4, 4)


def test_the_least_sure_comes_first() -> None:
    assert least_sure(np.array([[0.9, 0.1, 0.0], [0.5, 0.4, 0.1], [0.34, 0.33, 0.33]])).tolist() == [2, 1, 0]


def test_volumes_and_films_have_objects_too() -> None:
    image, labels, _ = draw_phenotypes(2)
    stack = np.stack([labels, labels, 0 * labels])
    volume = drain(look_at_objects(Image(stack, "ZYX"), Image(np.stack([image] * 3), "ZYX")))
    assert volume.objects.tolist() == [[0, 1], [0, 2], [0, 3], [0, 4]]
    film = drain(look_at_objects(Image(stack, "TYX"), Image(np.stack([image] * 3), "TYX")))
    assert film.objects.tolist() == [[t, i] for t in (0, 1) for i in (1, 2, 3, 4)]
    flat = drain(look_at_objects(Image(labels, "YX"), Image(image, "YX")))
    np.testing.assert_allclose(film.values[:4], flat.values, atol=1e-5)


def test_no_objects_and_a_stop_are_told() -> None:
    image, labels, _ = draw_phenotypes(2)
    with pytest.raises(UserError, match="no object"):
        drain(look_at_objects(Image(0 * labels, "YX"), Image(image, "YX")))
    stop = StopFlag()
    stop.request()
    assert len(drain(look_at_objects(Image(labels, "YX"), Image(image, "YX"), stop=stop))) == 0


def test_classes_of_a_file_become_examples_in_the_middle_of_their_objects() -> None:
    labels = np.zeros((2, 8, 9), np.int32)
    labels[0, 1:4, 2:5], labels[1, 4:7, 1:4], labels[1, 0:2, 6:8] = 7, 7, 9
    classes = ObjectClasses(
        {(0, 7): ObjectClass("round"), (1, 9): ObjectClass("flat"), (1, 99): ObjectClass("gone")}, {"flat": "#010203"}
    )
    marked = MarkedObjects.of_classes(classes, labels, timed=True)
    assert marked.names == ("flat", "gone", "round")
    assert marked.colors[0] == "#010203"
    assert marked.examples(labels, timed=True) == {(0, 7): 2, (1, 9): 0}
    assert dict(marked.places)[0, 2, 3] == 2
    alone = MarkedObjects.of_classes(ObjectClasses({(0, 7): ObjectClass("round")}), labels[0], timed=False)
    assert alone.names == ("round", "class 1")
    with pytest.raises(UserError, match="None of the objects"):
        MarkedObjects.of_classes(ObjectClasses({(0, 3): ObjectClass("x")}), labels[0], timed=False)
    many = ObjectClasses({(0, i): ObjectClass(f"c{i}") for i in range(10)})
    with pytest.raises(UserError, match="10 classes"):
        MarkedObjects.of_classes(many, labels[0], timed=False)
