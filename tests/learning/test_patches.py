from __future__ import annotations

import numpy as np
import pytest
import torch
from discs import draw_discs

from napari_unet.heads.planes import CORRECTED_WEIGHT, TrainingPlane
from napari_unet.heads.registry import head_named
from napari_unet.learning.augmentation import AugmentationConfig
from napari_unet.learning.patches import PatchSampler

HEAD = head_named("instances")


def make_plane(reviewed=None, changed=None, seed: int = 0) -> TrainingPlane:
    image, labels = draw_discs(seed=seed)
    reviewed = np.ones(labels.shape, bool) if reviewed is None else reviewed
    changed = np.zeros(labels.shape, bool) if changed is None else changed
    return TrainingPlane(image / 100, labels, reviewed, reviewed.copy(), changed)


def test_unreviewed_pixels_have_no_weight() -> None:
    reviewed = np.zeros((160, 200), bool)
    reviewed[:, :100] = True
    weights = HEAD.learning_maps(make_plane(reviewed)).weights
    assert not weights[:, 100:].any()
    assert weights[:, :60].all()


def test_an_object_cut_by_the_reviewed_region_is_ignored() -> None:
    _, labels = draw_discs()
    rows, columns = np.nonzero(labels == 8)
    reviewed = np.zeros(labels.shape, bool)
    reviewed[:, : int(columns.mean())] = True
    weights = HEAD.learning_maps(make_plane(reviewed)).weights
    assert not weights[rows, columns].any()
    assert weights[labels == 1].all()


def test_corrections_weigh_more() -> None:
    _, labels = draw_discs()
    weights = HEAD.learning_maps(make_plane(changed=labels == 1)).weights
    assert weights[labels == 1].min() >= CORRECTED_WEIGHT
    assert weights[labels == 20].max() == 1.0


def test_patches_are_drawn_around_corrections_more_often() -> None:
    _, labels = draw_discs()
    places, shares = HEAD.centers(make_plane(changed=labels == 1))
    assert len(places) == labels.max()
    assert shares[0] == CORRECTED_WEIGHT
    assert set(shares[1:]) == {1.0}


def test_a_batch_has_the_shapes_it_says_and_can_be_repeated() -> None:
    def draw():
        return PatchSampler(HEAD, [make_plane(), make_plane(seed=1)], 64, AugmentationConfig(), seed=3).draw(5)

    first, second = draw(), draw()
    assert [tuple(t.shape) for t in first] == [(5, 1, 64, 64), (5, 3, 64, 64), (5, 1, 64, 64)]
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert set(first[1][:, 0].unique().tolist()) <= {0.0, 1.0}


def test_no_weight_spills_over_into_what_nobody_reviewed() -> None:
    reviewed = np.zeros((160, 200), bool)
    reviewed[40:120, 40:160] = True
    plane = make_plane(reviewed)
    plane.pixels[...] = np.where(reviewed, 0.0, 1000.0)  # marks unknown places in the image itself
    quiet = AugmentationConfig(gamma=0, contrast=0, brightness=0, shading=0, noise=0, blur=0)
    images, _, weights = PatchSampler(HEAD, [plane], 96, quiet, seed=0).draw(16)
    assert (weights > 0).any()
    assert images[weights > 0].max() < 1.0


@pytest.mark.parametrize("shape", [(20, 30), (1, 50)])
def test_a_plane_smaller_than_the_patch_is_mirrored(shape: tuple[int, int]) -> None:
    labels = np.zeros(shape, np.int32)
    labels[:, 5:15] = 1
    everywhere = np.ones(shape, bool)
    plane = TrainingPlane(labels.astype(np.float32), labels, everywhere, everywhere, ~everywhere)
    images, targets, weights = PatchSampler(HEAD, [plane], 64, AugmentationConfig(), seed=0).draw(2)
    for values in (images, targets, weights):
        assert torch.isfinite(values).all()


def test_reviewed_background_alone_can_be_learned_from() -> None:
    nothing = np.zeros((80, 80), np.int32)
    everywhere = np.ones(nothing.shape, bool)
    plane = TrainingPlane(np.zeros(nothing.shape, np.float32), nothing, everywhere, everywhere, ~everywhere)
    _, targets, weights = PatchSampler(HEAD, [plane], 64, AugmentationConfig(), seed=0).draw(2)
    assert not targets.any()
    assert weights.any()
