"""Geometry moves image, targets and weights together; grey values stay finite and varied."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch.nn import functional as F

from napari_unet.learning.augmentation import AugmentationConfig, _bend, sampling_grid, vary_colours, vary_grey_values

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


def jacobians(grid: torch.Tensor, shape: tuple[int, int]) -> torch.Tensor:
    """How many image pixels (y, x) a step along y and along x of the patch is: (Y, X, 2, 2)."""
    pixels = ((grid[0] + 1) * torch.tensor(shape[::-1], dtype=torch.float32) / 2 - 0.5).flip(-1)
    along_y, along_x = pixels[1:, :-1] - pixels[:-1, :-1], pixels[:-1, 1:] - pixels[:-1, :-1]
    return torch.stack([along_y, along_x], dim=-1)


def test_stretching_keeps_the_area_and_changes_one_side_against_the_other() -> None:
    stretched = NONE.model_copy(update={"stretch": 0.5})
    ratios = []
    for seed in range(12):
        linear = jacobians(sampling_grid((19.5, 19.5), (40, 40), 1.0, 9, stretched, seeded(seed)), (40, 40))[0, 0]
        assert abs(float(torch.linalg.det(linear))) == pytest.approx(1.0, abs=1e-3)
        sides = linear.norm(dim=0)
        ratios.append(float(torch.log(sides[0] / sides[1])))
        assert float(sides.prod()) == pytest.approx(1.0, abs=1e-3)
    assert 0.25 < float(torch.tensor(ratios).std()) < 0.9
    assert min(ratios) < 0 < max(ratios)


def test_sizes_vary_by_what_is_said_and_never_by_more_than_two_deviations() -> None:
    scaled = NONE.model_copy(update={"scale": 0.2})
    sizes = []
    for seed in range(60):
        linear = jacobians(sampling_grid((19.5, 19.5), (40, 40), 2.0, 5, scaled, seeded(seed)), (40, 40))[0, 0]
        sizes.append(float(torch.log(2 * torch.linalg.det(linear).abs().sqrt())))
    assert max(abs(size) for size in sizes) <= 0.4 + 1e-3
    assert 0.1 < float(torch.tensor(sizes).std()) < 0.3


def test_a_patch_is_as_often_a_mirror_image_as_not_and_turned_by_any_angle() -> None:
    linear = [
        jacobians(sampling_grid((19.5, 19.5), (40, 40), 1.0, 5, NONE, seeded(seed)), (40, 40))[0, 0]
        for seed in range(40)
    ]
    mirrored = sum(float(torch.linalg.det(one)) < 0 for one in linear)
    assert 8 < mirrored < 32
    angles = sorted(float(torch.atan2(one[1, 0], one[0, 0])) for one in linear)
    assert max(b - a for a, b in itertools.pairwise(angles)) < 1.2


@pytest.mark.parametrize("sides", [(20, 20), (20, 40)])
def test_bends_are_smooth_and_as_large_as_a_part_of_the_grid_s_step(sides: tuple[int, int]) -> None:
    bends = _bend(sides, 0.2, seeded(), torch.ones(60))
    assert bends.shape == (60, *sides, 2)
    corners = bends[:, [0, 0, -1, -1], [0, -1, 0, -1]]  # nodes of the coarse grid
    assert float(corners.std()) == pytest.approx(0.2 * max(sides) / 5, rel=0.15)
    assert (bends[:, 1:] - bends[:, :-1]).abs().max() < 0.5 * bends.abs().max()
    assert not torch.allclose(bends[..., 0], bends[..., 1])


def test_gamma_bends_grey_values_and_keeps_black_white_and_signs() -> None:
    image = torch.tensor([-1.0, -0.25, 0.0, 0.25, 1.0]).expand(8, 1, 4, 5)
    varied = vary_grey_values(image, NONE.model_copy(update={"gamma": 0.5}), seeded(2))[:, 0, 0]
    torch.testing.assert_close(varied[:, [0, 2, 4]], image[:, 0, 0, [0, 2, 4]])
    torch.testing.assert_close(varied[:, 1], -varied[:, 3])
    powers = torch.log(varied[:, 3]) / torch.log(torch.tensor(0.25))
    assert float(torch.log(powers).std()) == pytest.approx(0.5, rel=0.5)
    assert len(powers.unique()) == 8


def test_shading_is_a_slope_across_the_patch() -> None:
    image = torch.zeros(6, 1, 9, 11)
    varied = vary_grey_values(image, NONE.model_copy(update={"shading": 0.5}), seeded(1))[:, 0]
    across, down = varied[:, :, 1:] - varied[:, :, :-1], varied[:, 1:] - varied[:, :-1]
    torch.testing.assert_close(across, across[:, :1, :1].expand_as(across))
    torch.testing.assert_close(down, down[:, :1, :1].expand_as(down))
    torch.testing.assert_close(across[:, 0, 0].abs() > 0, torch.ones(6, dtype=torch.bool))
    # a ramp from -1 to 1 along each side: half of its range on either side of the middle
    torch.testing.assert_close(varied[:, 0, 0] + varied[:, 0, -1], 2 * varied[:, 0].mean(dim=1))


def test_noise_is_never_stronger_than_its_amount() -> None:
    varied = vary_grey_values(torch.zeros(40, 1, 32, 32), NONE.model_copy(update={"noise": 0.5}), seeded(1))
    spread = varied.std(dim=(1, 2, 3))
    assert float(spread.max()) < 0.53
    assert float(spread.median()) == pytest.approx(0.5 * 0.25, abs=0.08)  # the square of a number in the middle


def test_a_third_of_the_patches_is_blurred_evenly_in_all_directions() -> None:
    image = torch.zeros(90, 2, 21, 21)
    image[:, :, 10, 10] = 1.0
    blurred = vary_grey_values(image, NONE.model_copy(update={"blur": 1.2}), seeded(3))
    changed = (blurred - image).abs().amax(dim=(1, 2, 3)) > 1e-6
    assert 0.1 < float(changed.float().mean()) < 0.4
    torch.testing.assert_close(blurred.sum(dim=(2, 3)), torch.ones(90, 2), atol=1e-4, rtol=0)
    torch.testing.assert_close(blurred, blurred.transpose(2, 3), atol=1e-6, rtol=0)
    torch.testing.assert_close(blurred[:, 0], blurred[:, 1])
    offsets = torch.arange(21.0) - 10
    sigmas = ((blurred[changed, 0].sum(dim=1) * offsets**2).sum(dim=1)).sqrt()
    assert float(sigmas.min()) > 0.08  # a sigma of 0.3 px, in whole pixels
    assert float(sigmas.max()) < 1.25


def test_channels_are_mixed_and_grey_stays_grey() -> None:
    config = AugmentationConfig(colour=0.3)
    grey = torch.rand((3, 1, 16, 16), generator=torch.Generator().manual_seed(1)).repeat(1, 3, 1, 1)
    assert torch.allclose(vary_colours(grey, config, torch.Generator().manual_seed(0)), grey, atol=1e-5)
    colour = torch.zeros((200, 3, 4, 4))
    colour[:, 0] = 1.0
    mixed = vary_colours(colour, config, torch.Generator().manual_seed(0))[:, :, 0, 0]
    assert torch.allclose(mixed.mean(dim=0), torch.tensor([1.0, 0.0, 0.0]), atol=0.08)
    assert 0.2 < float(mixed[:, 0].std()) < 0.3  # rows keep their sum, which takes a third of what is drawn
    assert torch.equal(vary_colours(colour, AugmentationConfig(), torch.Generator()), colour)
