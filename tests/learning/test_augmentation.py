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


def test_volumes_are_turned_slice_by_slice_alike_and_upside_down_at_random() -> None:
    """Seen through z, a patch is the volume itself or its mirror image; within a slice it is turned as planes are."""
    stack = torch.arange(6.0)[None, None, :, None, None].expand(1, 1, 6, 40, 40)
    upside = set()
    for seed in range(8):
        grid = sampling_grid((2.5, 19.5, 19.5), (6, 40, 40), 1.0, (6, 16, 16), NONE, seeded(seed))
        assert grid.shape == (1, 6, 16, 16, 3)
        patch = F.grid_sample(stack, grid, align_corners=False)[0, 0]
        assert patch.std(dim=(1, 2)).max() < 1e-4
        through = patch[:, 8, 8].round().int().tolist()
        assert through in ([0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0])
        upside.add(through[0])
        assert torch.allclose(grid[0, 0, ..., :2], grid[0, 5, ..., :2])
    assert upside == {0, 5}


def test_one_number_of_pixels_holds_on_each_axis() -> None:
    assert sampling_grid((2.0, 9.0, 9.0), (5, 20, 20), 1.0, 4, NONE, seeded()).shape == (1, 4, 4, 4, 3)


def test_distances_stay_where_nothing_is_stretched() -> None:
    grid = sampling_grid((19.5, 29.5), (40, 60), 2.0, 21, NONE, seeded(2))[0]
    pixels = (grid + 1) * torch.tensor([60.0, 40.0]) / 2 - 0.5  # x, y
    assert torch.allclose(pixels[10, 10], torch.tensor([29.5, 19.5]), atol=1e-4)
    for step in (pixels[:, 1:] - pixels[:, :-1], pixels[1:] - pixels[:-1]):
        assert torch.allclose(step.norm(dim=-1), torch.tensor(0.5), atol=1e-4)


@pytest.mark.parametrize(
    ("amount", "value"), [({"brightness": 0.5}, "mean"), ({"contrast": 0.5}, "std"), ({"noise": 0.5}, "std")]
)
def test_each_amount_does_what_it_says(amount: dict[str, float], value: str) -> None:
    image = torch.rand(6, 1, 32, 32, generator=seeded())
    varied = vary_grey_values(image, NONE.model_copy(update=amount), seeded(1))
    changes = [abs(float(getattr(a, value)() - getattr(b, value)())) for a, b in zip(varied, image, strict=True)]
    assert max(changes) > 0.02
    if "contrast" in amount:
        ratio = varied / image
        assert torch.allclose(ratio, ratio[:, :, :1, :1].expand_as(ratio), rtol=1e-3)
    if "brightness" in amount:
        assert torch.allclose((varied - image).std(dim=(1, 2, 3)), torch.zeros(6), atol=1e-5)


def test_a_negative_is_one_minus_the_image() -> None:
    image = torch.rand(3, 1, 8, 8, generator=seeded())
    inverted = vary_grey_values(image, NONE.model_copy(update={"invert": 1.0}), seeded(1))
    torch.testing.assert_close(inverted, 1 - image)


def test_blur_keeps_the_mean_and_takes_noise() -> None:
    image = 5 + torch.randn(24, 1, 32, 32, generator=seeded())
    blurred = vary_grey_values(image, NONE.model_copy(update={"blur": 2.0}), seeded(1))
    quieter = blurred.std(dim=(1, 2, 3)) < 0.8 * image.std(dim=(1, 2, 3))
    assert 0 < int(quieter.sum()) < 24  # some of them
    torch.testing.assert_close(blurred.mean(dim=(1, 2, 3)), image.mean(dim=(1, 2, 3)), atol=0.2, rtol=0)
