from __future__ import annotations

import numpy as np
import pytest

from napari_unet.finetuning.material.patch_size import choose_patch_size, share_in_patches
from napari_unet.heads.planes import TrainingPlane
from napari_unet.heads.registry import head_named
from napari_unet.learning.augmentation import AugmentationConfig
from napari_unet.learning.patches import PatchSampler

SHAPE = (400, 500)

HEAD = head_named("instances")


def plane_with(box: tuple[slice, slice]) -> TrainingPlane:
    """One object in the middle of a reviewed box."""
    reviewed, labels = np.zeros(SHAPE, bool), np.zeros(SHAPE, np.int32)
    reviewed[box] = True
    rows, columns = (round((part.start + part.stop) / 2) for part in box)
    labels[rows - 6 : rows + 6, columns - 6 : columns + 6] = 1
    return TrainingPlane(np.zeros(SHAPE, np.float32), labels, reviewed, reviewed, np.zeros(SHAPE, bool))


@pytest.mark.parametrize(("side", "size"), [(400, 192), (120, 128), (60, 96), (20, 96)])
def test_patches_are_as_large_as_what_is_reviewed(side: int, size: int) -> None:
    assert choose_patch_size(HEAD, [plane_with((slice(0, side), slice(0, side)))], 192) == size


def test_a_small_image_that_is_all_reviewed_is_no_waste() -> None:
    small = np.ones((60, 70), bool)
    labels = np.zeros((60, 70), np.int32)
    labels[20:30, 20:30] = 1
    plane = TrainingPlane(np.zeros((60, 70), np.float32), labels, small, small, ~small)
    assert share_in_patches([plane], [HEAD.centers(plane)], 192) == 1.0
    assert choose_patch_size(HEAD, [plane], 192) == 192


def test_smaller_patches_show_more_of_what_is_reviewed() -> None:
    plane = plane_with((slice(150, 210), slice(200, 260)))
    quiet = AugmentationConfig(scale=0, stretch=0, elastic=0)
    seen = {}
    for size, n in ((192, 8), (96, 32)):  # as many pixels
        weights = PatchSampler(HEAD, [plane], size, quiet, seed=0).draw(n)[2]
        seen[size] = int((weights > 0).sum())
    assert seen[96] > 2 * seen[192]
    assert 0.25 < share_in_patches([plane], [HEAD.centers(plane)], 96) / (60 / 96) ** 2 <= 1.0


@pytest.mark.parametrize(
    ("place", "size", "share"),
    [
        ((50, 50), 40, 20 / 40),  # half of it reaches beyond what is reviewed
        ((50, 60), 40, 10 / 40),
        ((50, 80), 40, 0.0),
        ((0, 0), 40, 1.0),  # moved into the plane
        ((99, 55), 30, 10 / 30),
        ((50, 50), 120, 0.5),  # larger than the plane, which is mirrored
    ],
)
def test_the_share_of_a_patch_that_is_reviewed(place: tuple[int, int], size: int, share: float) -> None:
    plane = plane_with((slice(0, 100), slice(0, 50)))
    plane.learn = np.zeros((100, 100), bool)
    plane.learn[:, :50] = True
    centers = np.array([place], float), np.ones(1)
    assert share_in_patches([plane], [centers], size) == pytest.approx(share)


def test_places_that_are_drawn_more_often_count_more() -> None:
    plane = plane_with((slice(0, 100), slice(0, 50)))
    plane.learn = np.zeros((100, 100), bool)
    plane.learn[:, :50] = True
    centers = np.array([(50.0, 25.0), (50.0, 80.0)]), np.array([3.0, 1.0])
    assert share_in_patches([plane], [centers], 20) == pytest.approx(0.75)
    assert share_in_patches([], [], 20) == 1.0
