"""The head of classes: losses, what is taught, what an image is said to hold."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from discs import correct_all

from napari_unet.errors import UserError
from napari_unet.heads.planes import CORRECTED_WEIGHT, TrainingPlane
from napari_unet.heads.registry import head_named
from napari_unet.heads.semantic.losses import distil_classes, semantic_loss
from napari_unet.heads.semantic.shares import describe_shares, value_shares
from napari_unet.heads.semantic.survey import CELL, ClassSurvey, survey_classes
from napari_unet.models.record import ModelRecord

HEAD = head_named("semantic")
NAMES = ("background", "cell", "debris")


def one_hot(labels: np.ndarray, n: int = 3) -> torch.Tensor:
    return torch.nn.functional.one_hot(torch.from_numpy(labels).long(), n).movedim(-1, 0).float()[None]


# -- losses -----------------------------------------------------------------------------------------------------------


def test_of_an_even_answer_the_loss_is_known() -> None:
    """Cross-entropy of three even shares is log 3; of Dice, 1 - (2 s + 1) / (b + 1) by class."""
    labels = np.zeros((4, 4), int)
    labels[:2] = 1
    weights = torch.ones(1, 1, 4, 4)
    dice = 1 - (2 * 8 / 3 + 1) / (8 + 16 / 3 + 1)  # of the two classes that are there
    assert float(semantic_loss(torch.zeros(1, 3, 4, 4), one_hot(labels), weights)) == pytest.approx(math.log(3) + dice)
    assert float(distil_classes(torch.zeros(1, 3, 4, 4), one_hot(labels), weights)) == pytest.approx(math.log(3))
    assert float(HEAD.distil(torch.zeros(1, 3, 4, 4), one_hot(labels), weights)) == pytest.approx(math.log(3))


def test_what_nobody_reviewed_has_no_loss() -> None:
    targets, weights = one_hot(np.ones((4, 4), int)), torch.ones(1, 1, 4, 4)
    weights[..., 2:] = 0
    logits = torch.randn(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    changed = logits.clone()
    changed[..., 2:] = 9.0
    for loss in (semantic_loss, distil_classes):
        torch.testing.assert_close(loss(logits, targets, weights), loss(changed, targets, weights))
        assert loss(logits, targets, 0 * weights) == 0
        assert loss(10 * targets, targets, weights) < 0.01


def test_a_teacher_is_followed_to_its_own_shares() -> None:
    said = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(0)).softmax(dim=1)
    logits = said.log().requires_grad_()
    distil_classes(logits, said, torch.ones(1, 1, 8, 8)).backward()
    assert logits.grad is not None
    assert logits.grad.abs().max() < 1e-6


# -- what is taught ---------------------------------------------------------------------------------------------------


def plane(labels: np.ndarray, learn: np.ndarray, changed: np.ndarray) -> TrainingPlane:
    weights = (0.5, 1.0, 2.0)
    everywhere = np.ones(labels.shape, bool)
    pixels = np.zeros(labels.shape, np.float32)
    return TrainingPlane(pixels, labels.astype(np.int32), everywhere, learn, changed, class_weights=weights)


def test_rare_classes_and_corrections_weigh_more_and_the_unreviewed_nothing() -> None:
    labels = np.zeros((12, 12), int)
    labels[:, 6:] = 2
    labels[11, 11] = 77  # the id of an object that nobody reviewed
    learn, changed = np.ones(labels.shape, bool), np.zeros(labels.shape, bool)
    learn[8:], changed[0, 0] = False, True
    maps = HEAD.learning_maps(plane(labels, learn, changed))
    assert maps.targets.shape == (3, 12, 12)
    np.testing.assert_array_equal(maps.targets[:, :8].argmax(axis=0), labels[:8])
    assert not maps.weights[8:].any()
    assert set(np.unique(maps.weights[:8, 6:])) == {2.0}
    near = np.add.outer(np.arange(8), np.arange(6)) <= 2  # two steps from what was corrected
    np.testing.assert_array_equal(maps.weights[:8, :6], np.where(near, 0.5 * CORRECTED_WEIGHT, 0.5))


def test_all_classes_get_as_many_patches_and_corrected_places_more() -> None:
    labels = np.zeros((CELL, 3 * CELL), int)
    labels[:4, :6] = 1
    learn, changed = np.ones(labels.shape, bool), np.zeros(labels.shape, bool)
    places, shares = HEAD.centers(plane(labels, learn, changed))
    assert len(places) == 4  # background in three cells, class 1 in one
    of_background = shares[np.isclose(shares, 1 / 3)]
    assert sorted(shares)[-1] == pytest.approx(1.0)
    assert of_background.sum() == pytest.approx(1.0)
    assert any(np.allclose(place, (1.5, 2.5)) for place in places)
    changed[CELL - 1, 2 * CELL + 1] = True
    _, again = HEAD.centers(plane(labels, learn, changed))
    assert sorted(again / shares) == pytest.approx([1, 1, 1, CORRECTED_WEIGHT])


def test_what_differs_from_the_prediction_is_changed_where_it_was_reviewed() -> None:
    labels = np.zeros((8, 8), np.int32)
    labels[:4] = 1
    reviewed = np.zeros(labels.shape, bool)
    reviewed[:, :4] = True
    image = correct_all(np.zeros(labels.shape, np.float32), labels, reviewed, np.zeros_like(labels))
    np.testing.assert_array_equal(HEAD.changed(image, ()), reviewed & (labels == 1))
    unpredicted = correct_all(np.zeros(labels.shape, np.float32), labels, reviewed)
    assert HEAD.changed(unpredicted, ()).any() == (unpredicted.prediction is not None)


# -- what was reviewed ------------------------------------------------------------------------------------------------


def test_places_are_what_one_class_covers_of_one_cell() -> None:
    labels = np.zeros((CELL, 2 * CELL), np.int32)
    labels[:4, :4] = 1  # 16 pixels: just enough for a place
    labels[10:13, 40:45] = 2  # 15: too few
    prediction = labels.copy()
    prediction[0, 0] = 0  # one of 16 pixels: corrected
    prediction[20, 20] = 1  # one of a thousand: not
    image = correct_all(np.zeros(labels.shape, np.float32), labels, None, prediction)
    survey = survey_classes([image], NAMES)
    assert survey.pixels == (2 * CELL * CELL - 31, 16, 15)
    assert [(found.kind, found.area, found.corrected) for found in survey.objects] == [
        (0, CELL * CELL - 16, False), (1, 16, True), (0, CELL * CELL - 15, False)
    ]  # fmt: skip
    assert survey.objects[1].center == (1.5, 1.5)
    assert (survey.diameter(0), survey.gap(0)) == (None, CELL)


def test_class_weights_have_bounds() -> None:
    weights = ClassSurvey((), (), 0, pixels=(1_000_000, 10_000, 1, 0)).class_weights
    mean = np.mean([1_000_000, 10_000, 1])
    assert weights[0] == pytest.approx(np.sqrt(mean / 1_000_000))
    assert weights[1:] == (5.0, 5.0, 5.0)
    assert ClassSurvey((), (), 0, pixels=(0, 0)).class_weights == (1.0, 1.0)


# -- words ------------------------------------------------------------------------------------------------------------


def test_shares_of_classes_are_said_largest_first() -> None:
    labels = np.array([0] * 600 + [1] * 97 + [2] * 300 + [3] * 3)
    shares = value_shares(labels.reshape(10, 100), ("a", "b", "c", "d"))
    assert shares == {"a": 0.6, "b": 0.097, "c": 0.3, "d": 0.003}
    assert describe_shares(shares) == "a 60 %, c 30 %, b 10 %"
    assert describe_shares(shares, most=1) == "a 60 %"
    assert value_shares(np.zeros((0, 4), int), ("a", "b")) == {"a": 0, "b": 0}
    assert HEAD.summarize(labels, ModelRecord(class_names=(*NAMES, "more")))["classes"]["cell"] == 0.097


def test_a_new_model_of_classes_has_an_output_for_each() -> None:
    record = HEAD.begin(ModelRecord(), NAMES)
    assert (record.architecture.out_channels, record.outputs, HEAD.class_names(record)) == (3, NAMES, NAMES)
    final = torch.nn.Conv2d(4, 3, 1)
    before = final.bias.detach().clone()
    with torch.no_grad():
        HEAD.quieten(final)
    assert final.bias[0] == 4.0  # a network that learned nothing says background
    assert torch.equal(final.bias[1:], before[1:])
    maps = np.stack([np.full((2, 2), value) for value in (0.2, 0.5, 0.3)])
    assert (HEAD.decode(maps, record, 10.0) == 1).all()
    assert HEAD.activate(torch.zeros(1, 4, 2, 2)).sum(dim=1).eq(1).all()


def test_labels_of_other_classes_do_not_fit() -> None:
    record = HEAD.begin(ModelRecord(), NAMES)
    assert HEAD.fits(NAMES, record) is None
    assert "by object" in str(HEAD.fits((), record))
    assert "with the classes a, b" in str(HEAD.fits(("a", "b"), record))
    with pytest.raises(UserError):
        HEAD.begin(ModelRecord(), ("one", "one"))


def class_plane(changed: tuple[int, int] | None = None) -> TrainingPlane:
    """Two classes in two cells; what nobody reviewed holds an id that is no class."""
    labels = np.zeros((CELL, 2 * CELL), np.int32)
    labels[:, CELL : CELL + 4] = 1
    learn = np.ones(labels.shape, bool)
    labels[0], learn[0] = 77, False
    there = np.zeros(labels.shape, bool)
    if changed is not None:
        there[changed] = True
    pixels = np.zeros(labels.shape, np.float32)
    return TrainingPlane(pixels, labels, learn, learn, there, class_weights=(0.5, 2.0))


def test_a_pixel_weighs_by_its_class_and_three_times_where_it_was_corrected() -> None:
    maps = HEAD.learning_maps(class_plane(changed=(10, 10)))
    assert maps.targets.shape == (2, CELL, 2 * CELL)
    assert maps.targets[:, 5, 5].tolist() == [1.0, 0.0]
    assert maps.targets[:, 5, CELL + 1].tolist() == [0.0, 1.0]
    assert not maps.weights[0].any()  # nobody reviewed it
    assert (maps.weights[5, 5], maps.weights[5, CELL + 1]) == (0.5, 2.0)
    assert (maps.weights[10, 10], maps.weights[12, 10], maps.weights[10, 8], maps.weights[11, 11]) == (1.5,) * 4
    assert (maps.weights[13, 10], maps.weights[12, 12]) == (0.5, 0.5)


def test_each_class_gets_as_many_patches_and_corrected_places_more() -> None:
    places, shares = HEAD.centers(class_plane(changed=(10, 10)))
    middle = 1 + (CELL - 2) / 2  # of the rows that were reviewed
    assert places[:, 0] == pytest.approx([middle] * 3)
    assert places[:, 1] == pytest.approx([(CELL - 1) / 2, CELL + 4 + (CELL - 5) / 2, CELL + 1.5])
    assert shares == pytest.approx([3 * 0.5, 0.5, 1.0])  # two places of one class, one of the other


def test_the_loss_of_classes_is_entropy_and_dice_where_somebody_looked() -> None:
    logits = torch.tensor([[[[2.0, 0.0, 50.0]], [[0.0, 0.0, -50.0]]]])
    targets = torch.tensor([[[[1.0, 0.0, 0.0]], [[0.0, 1.0, 1.0]]]])
    weights = torch.tensor([[[[1.0, 3.0, 0.0]]]])
    p = torch.softmax(logits, dim=1)[0, :, 0, :2]
    entropy = -(torch.log(p[0, 0]) + 3 * torch.log(p[1, 1])) / 4
    assert float(HEAD.distil(logits, targets, weights)) == pytest.approx(float(entropy), rel=1e-4)
    dice = [1 - 2 * p[0, 0] / (p[0].sum() + 1), 1 - 2 * p[1, 1] / (p[1].sum() + 1)]
    loss = float(HEAD.loss(logits, targets, weights))
    assert loss == pytest.approx(float(entropy + (dice[0] + dice[1]) / 2), abs=0.15)
    assert loss > float(entropy) + 0.1


def test_a_new_network_of_classes_says_background() -> None:
    final = torch.nn.Conv2d(2, 3, 1)
    before = final.bias.detach().clone()
    with torch.no_grad():
        HEAD.quieten(final)
    assert final.bias.tolist() == [4.0, *before[1:].tolist()]


def test_what_a_person_changed_of_classes_counts_where_it_was_reviewed() -> None:
    labels = np.array([[0, 1, 1], [0, 0, 1]], np.int32)
    prediction = np.array([[0, 0, 1], [1, 0, 1]], np.int32)
    reviewed = np.array([[True, True, True], [False, True, True]])
    image = correct_all(np.zeros((2, 3), np.float32), labels, reviewed, prediction)
    assert HEAD.changed(image, ()).tolist() == [[False, True, False], [False, False, False]]
    alone = correct_all(np.zeros((2, 3), np.float32), labels, reviewed)
    assert not HEAD.changed(alone, ()).any()


def test_rare_classes_weigh_more_but_not_without_end() -> None:
    def weights(*pixels: int) -> tuple[float, ...]:
        return ClassSurvey((), (), 100, pixels=pixels).class_weights

    assert weights(100, 100) == pytest.approx((1.0, 1.0))
    assert weights(300, 100) == pytest.approx(((200 / 300) ** 0.5, 2**0.5))
    assert weights(1_000_000, 10, 0) == pytest.approx(((500_005 / 1_000_000) ** 0.5, 5.0, 5.0))
    assert weights(0, 0) == (1.0, 1.0)


def test_of_a_volume_of_classes_three_views_count_alike() -> None:
    slices, sides = np.array([0.9, 0.0], np.float16), np.array([0.3, 0.6], np.float32)
    record = ModelRecord()
    joined, same = HEAD.join_views(slices, sides, record)
    np.testing.assert_allclose(joined, [0.5, 0.4], atol=1e-3)
    alone, _ = HEAD.join_views(slices, None, record)
    np.testing.assert_array_equal(alone, slices.astype(np.float32))
    assert same is record
