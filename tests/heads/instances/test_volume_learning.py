"""What a volume of which a few slices are reviewed teaches: loss there alone, distances where they are known."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_unet.heads.instances.learning import centers, learning_maps
from napari_unet.heads.instances.losses import instance_loss
from napari_unet.heads.instances.targets import make_targets
from napari_unet.heads.instances.volume_learning import find_known_extents
from napari_unet.heads.planes import TrainingPlane
from napari_unet.heads.registry import head_named
from napari_unet.learning.augmentation import AugmentationConfig
from napari_unet.learning.patches import PatchSampler

SHAPE = (12, 32, 32)


def ball(at: tuple[int, int, int], radius: int, shape: tuple[int, ...] = SHAPE, flatness: float = 1.0) -> np.ndarray:
    z, y, x = np.ogrid[: shape[0], : shape[1], : shape[2]]
    return (flatness * (z - at[0])) ** 2 + (y - at[1]) ** 2 + (x - at[2]) ** 2 <= radius**2


def volume(labels: np.ndarray, slices: list[int], predicted: bool = True, **fields) -> TrainingPlane:
    reviewed = np.zeros(labels.shape, bool)
    reviewed[slices] = True
    pixels = labels.astype(np.float32)
    nothing = np.zeros_like(reviewed)
    return TrainingPlane(pixels, labels, reviewed, reviewed, nothing, predicted=predicted, **fields)


@pytest.fixture
def two_balls() -> np.ndarray:
    labels = np.zeros(SHAPE, np.int32)
    labels[ball((6, 9, 9), 5)] = 1
    labels[ball((6, 22, 22), 5)] = 2
    return labels


def test_only_reviewed_slices_carry_loss(two_balls: np.ndarray) -> None:
    weights = learning_maps(volume(two_balls, [3, 6])).weights
    assert [int(z) for z in np.flatnonzero(weights.any(axis=(1, 2)))] == [3, 6]
    assert (weights[6] > 0).all()


def test_a_batch_has_no_gradient_where_nobody_looked(two_balls: np.ndarray) -> None:
    head = head_named("instances")
    still = AugmentationConfig(scale=0, stretch=0, elastic=0, noise=0, blur=0)
    images, targets, weights = PatchSampler(head, [volume(two_balls, [6])], (8, 16, 16), still, 0).draw(4)
    assert images.shape == (4, 1, 8, 16, 16)
    assert targets.shape == (4, 4, 8, 16, 16)
    logits = torch.zeros(4, 2, 8, 16, 16, requires_grad=True)
    head.loss(logits, targets, weights).backward()
    unknown = (weights == 0).expand_as(logits)
    assert unknown.any()
    assert not logits.grad[unknown].any()
    assert logits.grad[~unknown].any()
    for n in range(4):  # the one slice, all of it
        known = (weights[n, 0] > 0).flatten(1)
        assert known.any(dim=1).sum() == 1
        assert known.sum() > 0.9 * 16 * 16


def test_patches_are_cut_around_objects_of_reviewed_slices(two_balls: np.ndarray) -> None:
    places, often = centers(volume(two_balls, [4, 6]))
    assert places[:, 0].tolist() == [4, 4, 6, 6]
    assert places[2, 1:] == pytest.approx([9, 9])
    assert len(often) == 4


def test_the_distance_is_that_in_3d_by_the_voxels_size() -> None:
    labels = np.zeros((9, 41, 41), np.int32)
    labels[ball((4, 20, 20), 12, labels.shape, flatness=3)] = 1  # a ball, of voxels three times as long along z
    inside = make_targets(labels, flatness=3)[1]
    assert inside[4, 20, 20] == pytest.approx(1, abs=0.02)
    assert inside[2, 20, 20] == pytest.approx(inside[4, 14, 20], abs=0.1)  # 6 pixels from the middle either way
    box = np.zeros((9, 31, 31), np.int32)
    box[3:6, 5:26, 5:26] = 1
    assert make_targets(box, flatness=1)[1][4, 8, 15] == pytest.approx(1)  # as far as the next slice
    assert make_targets(box, flatness=10)[1][4, 8, 15] == pytest.approx(4 / 11)  # the next side is nearer


def test_the_distance_is_known_of_what_goes_on_as_the_model_had_drawn_it(two_balls: np.ndarray) -> None:
    known = find_known_extents(volume(two_balls, [6]))
    assert known.all()


def test_the_distance_is_unknown_of_what_nobody_followed_through_z(two_balls: np.ndarray) -> None:
    new = np.where(two_balls == 2, 2, 0)
    new[6][two_balls[6] == 1] = 1  # drawn in one slice only
    known = find_known_extents(volume(new, [6]))
    assert not known[new == 1].any()
    assert known[new == 2].all()
    assert find_known_extents(volume(new, [5, 6, 7])).all()  # somebody looked: it is so thin


def test_without_a_prediction_only_what_was_reviewed_whole_has_a_distance(two_balls: np.ndarray) -> None:
    assert not find_known_extents(volume(two_balls, [6], predicted=False))[two_balls > 0].any()
    assert find_known_extents(volume(two_balls, list(range(12)), predicted=False)).all()


def test_an_unknown_distance_has_no_loss_and_foreground_does() -> None:
    logits = torch.zeros(1, 2, 2, 4, 4, requires_grad=True)
    targets = torch.ones(1, 4, 2, 4, 4)
    targets[:, 3] = 0
    instance_loss(logits, targets, torch.ones(1, 1, 2, 4, 4)).backward()
    assert not logits.grad[:, 1].any()
    assert logits.grad[:, 0].any()
