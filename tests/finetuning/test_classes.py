from __future__ import annotations

import numpy as np
import pytest
import torch
from discs import correct_all, draw_discs

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.errors import UserError
from napari_unet.events import drain
from napari_unet.finetuning.config import FinetuneConfig
from napari_unet.finetuning.finetune import finetune_steps
from napari_unet.finetuning.material.preparation import survey_material
from napari_unet.heads.new_model import new_model
from napari_unet.heads.planes import TrainingPlane
from napari_unet.heads.registry import head_named
from napari_unet.heads.semantic.losses import semantic_loss
from napari_unet.heads.semantic.scoring import compare_classes, count_cells, pool_cells
from napari_unet.heads.semantic.survey import ClassSurvey, survey_classes
from napari_unet.images.image import Image
from napari_unet.learning.patches import plane_tensor
from napari_unet.models.model import Model
from napari_unet.models.model_file import load_model_file, save_model
from napari_unet.workflows.segmenting import segment

NAMES = ("background", "tissue", "gland")


def draw_classes(shape: tuple[int, int] = (192, 256), seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Stripes of tissue with glands in them, each of its own brightness, and the class of each pixel."""
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    labels = ((rows // 32 + columns // 64) % 2).astype(np.int32)
    for y in range(32, shape[0], 64):
        for x in range(32, shape[1], 64):
            labels[(rows - y) ** 2 + (columns - x) ** 2 <= 10**2] = 2
    noise = np.random.default_rng(seed).normal(0, 5, shape)
    return (np.array([20.0, 90.0, 200.0])[labels] + noise).astype(np.float32), labels


def painted(labels: np.ndarray, image: np.ndarray, reviewed: np.ndarray | None = None) -> CorrectedImage:
    return correct_all(image, labels, reviewed, name="section")


@pytest.fixture
def fresh() -> Model:
    """An untrained model for classes, of the product's shape but small."""
    from napari_unet.models.unet import UNet

    model = new_model("tissue", "semantic", NAMES)
    architecture = model.record.architecture.model_copy(update={"base_channels": 8, "depth": 2})
    torch.manual_seed(0)
    record = model.record.model_copy(update={"architecture": architecture})
    return Model(UNet(architecture).eval(), record, "0" * 64)


def test_learns_classes_from_partial_annotation(fresh: Model, tmp_path) -> None:
    image, labels = draw_classes()
    reviewed = np.zeros(labels.shape, bool)
    for y in range(0, 192, 48):
        reviewed[y : y + 24] = True
    hidden = np.where(reviewed, labels, 7)  # what nobody reviewed may hold anything
    config = FinetuneConfig(seconds=300, max_steps=80, learning_rate=1e-2, patch=96, batch_size=2, device="cpu")
    result = drain(finetune_steps(fresh, [painted(hidden, image, reviewed)], config))
    assert result.better is True
    assert "mean IoU of 3 classes" in result.sentence
    child = load_model_file(save_model(result.model, tmp_path / "child.safetensors").path)
    assert child.record.task == "semantic"
    assert child.record.class_names == NAMES
    assert not child.record.untrained
    assert child.record.scores["mean_iou"] > child.record.scores["mean_iou_before"] + 0.2
    found = segment(Image(image, "YX"), child).labels
    assert np.mean(found[~reviewed] == labels[~reviewed]) > 0.8


def test_what_nobody_reviewed_changes_nothing(fresh: Model) -> None:
    image, labels = draw_classes()
    reviewed = np.zeros(labels.shape, bool)
    reviewed[:, :120] = True
    config = FinetuneConfig(seconds=120, max_steps=3, patch=64, batch_size=2, device="cpu")
    weights = []
    for rest in (0, 2):
        shown = painted(np.where(reviewed, labels, rest), image, reviewed)
        weights.append(drain(finetune_steps(fresh, [shown], config)).model.network.state_dict())
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])


def test_held_out_places_lie_apart_and_every_class_is_learned() -> None:
    image, labels = draw_classes()
    record = new_model("tissue", "semantic", NAMES).record
    material = survey_material([painted(labels, image)], 0.25, np.random.default_rng(0), record)
    learned, held = material.split.training[0], material.split.held_out[0]
    assert held.any()
    assert not (learned & held).any()
    y, x = (np.nonzero(mask) for mask in (learned, held))
    nearest = min(np.hypot(y[0] - a, y[1] - b).min() for a, b in list(zip(*x, strict=True))[::97])
    assert nearest > 16
    assert set(np.unique(labels[learned])) == {0, 1, 2}


def test_rare_classes_count_more() -> None:
    survey = ClassSurvey((), (), 0, (10_000, 1_000, 100))
    weights = survey.class_weights
    assert weights[0] < weights[1] < weights[2] <= 5


def test_patches_are_cut_around_all_classes_alike() -> None:
    _, labels = draw_classes()
    everywhere = np.ones(labels.shape, bool)
    pixels, weights = np.zeros(labels.shape, np.float32), (1.0, 1.0, 2.0)
    plane = TrainingPlane(pixels, labels, everywhere, everywhere, ~everywhere, class_weights=weights)
    head = head_named("semantic")
    places, shares = head.centers(plane)
    assert len(places) == len(shares)
    assert shares.sum() == pytest.approx(3)  # one for each class, however few places it has
    assert plane_tensor(head, plane).shape == (1 + 3 + 2, *labels.shape)


def test_the_loss_sees_only_what_was_reviewed_and_falls_where_it_is_right() -> None:
    targets = torch.nn.functional.one_hot(torch.randint(0, 3, (1, 8, 8)), 3).permute(0, 3, 1, 2).float()
    weights = torch.zeros(1, 1, 8, 8)
    weights[..., :4] = 1
    right = 20 * targets - 10
    wrong_elsewhere = right.clone()
    wrong_elsewhere[..., 4:] *= -1
    assert semantic_loss(right, targets, weights) == semantic_loss(wrong_elsewhere, targets, weights)
    assert semantic_loss(right, targets, weights) < 0.1 < semantic_loss(-right, targets, weights)
    assert torch.isfinite(semantic_loss(right, targets, weights * 0))


def test_the_score_is_mean_iou_and_dice() -> None:
    truth = np.zeros((64, 64), np.int32)
    truth[:, 32:] = 1
    said = np.zeros_like(truth)
    said[:, 48:] = 1
    cells = count_cells(truth, said, np.ones(truth.shape, bool), 3)
    score = pool_cells(cells, NAMES)
    assert score.n_objects == 4
    assert score.mean_iou == pytest.approx((32 / 48 + 0.5) / 2)  # the class that nobody painted does not count
    assert score.dice == {"background": pytest.approx(0.8), "tissue": pytest.approx(2 / 3, abs=1e-4)}
    assert score.title == "mean IoU"
    perfect = pool_cells(count_cells(truth, truth, np.ones(truth.shape, bool), 3), NAMES)
    change = compare_classes(score, perfect)
    assert change.is_sure_gain
    assert not compare_classes(perfect, score).is_gain


def test_a_value_without_a_class_is_told() -> None:
    image, labels = draw_classes()
    labels[0, 0] = 5
    with pytest.raises(UserError, match=r"value 5 is painted.*0 background, 1 tissue, 2 gland.*more classes"):
        survey_classes([painted(labels, image)], NAMES)


def test_one_class_alone_is_told() -> None:
    image, labels = draw_classes()
    with pytest.raises(UserError, match=r"Only the class tissue is reviewed"):
        survey_classes([painted(labels, image, labels == 1)], NAMES)


def test_classes_given_to_a_model_of_objects_are_noticed(tiny_model: Model) -> None:
    image, labels = draw_classes()
    with pytest.raises(UserError, match=r"separate places, so the labels seem to be classes.*New model"):
        drain(finetune_steps(tiny_model, [painted(labels, image)]))


def test_objects_are_not_taken_for_classes() -> None:
    image, labels = draw_discs()
    one = np.where(labels == 5, labels, 0)
    material = survey_material([correct_all(image, labels), correct_all(image, one)], 0.0, np.random.default_rng(0))
    assert material.survey.n_objects == labels.max() + 1
