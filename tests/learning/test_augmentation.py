"""Geometry moves image, targets and weights together; grey values stay finite and varied."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from napari_unet.learning.augmentation import AugmentationConfig, sampling_grid, vary_grey_values

NONE = AugmentationConfig(
    scale=0, stretch=0, elastic=0, gamma=0, contrast=0, brightness=0, shading=0, noise=0, blur=0, invert=0
)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("seed", range(5))
def test_turning_and_flipping_keep_what_is_at_the_centre(seed: int) -> None:
    image = torch.zeros(1, 1, 65, 81)
    image[0, 0, 30:33, 40:43] = 1
    grid = sampling_grid((31.0, 41.0), (65, 81), 1.0, 31, NONE, seeded(seed))
    patch = F.grid_sample(image, grid, align_corners=False)[0, 0]
    assert patch[15, 15] == pytest.approx(1.0, abs=1e-4)
    assert patch.sum() == pytest.approx(9.0, rel=0.15)


def test_zoom_enlarges() -> None:
    image = torch.zeros(1, 1, 64, 64)
    image[0, 0, 28:36, 28:36] = 1
    grid = sampling_grid((31.5, 31.5), (64, 64), 2.0, 64, NONE, seeded())
    assert F.grid_sample(image, grid, align_corners=False).sum() == pytest.approx(4 * 64, rel=0.1)


def test_the_same_seed_draws_the_same_patch() -> None:
    config = AugmentationConfig()
    grids = [sampling_grid((20.0, 20.0), (40, 40), 1.0, 32, config, seeded(s)) for s in (1, 1, 2)]
    assert torch.equal(grids[0], grids[1])
    assert not torch.allclose(grids[0], grids[2])


def test_without_amounts_grey_values_stay() -> None:
    image = torch.rand(3, 1, 16, 16, generator=seeded())
    torch.testing.assert_close(vary_grey_values(image, NONE, seeded(1)), image)


def test_each_patch_varies_its_own_way_and_stays_finite() -> None:
    image = torch.randn(1, 1, 32, 32, generator=seeded()).expand(8, 1, 32, 32)
    varied = vary_grey_values(image, AugmentationConfig(invert=0.5), seeded(3))
    assert torch.isfinite(varied).all()
    assert torch.unique(varied.mean(dim=(1, 2, 3))).numel() == 8
