"""Patches of a batch are cut in one go, and are what one cut at a time would be."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from napari_unet.learning.augmentation import AugmentationConfig, sampling_grid
from napari_unet.models.architecture import UNetConfig
from napari_unet.training.config import BaseTrainingConfig
from napari_unet.training.samples import TrainingSample, make_sample
from napari_unet.training.shelf import PatchShelf, _reflect

STILL = AugmentationConfig(
    scale=0, stretch=0, elastic=0, gamma=0, contrast=0, brightness=0, shading=0, noise=0, blur=0, invert=0
)
CONFIG = BaseTrainingConfig(
    architecture=UNetConfig(depth=2, base_channels=4), patch=48, diameters=(10, 20), augmentation=STILL
)


def discs(height: int, width: int, radius: float, seed: int = 0) -> TrainingSample:
    y, x = np.mgrid[:height, :width]
    labels = np.zeros((height, width), int)
    step = int(3 * radius)
    centres = [(v, u) for v in range(step // 2, height, step) for u in range(step // 2, width, step)]
    for label, (v, u) in enumerate(centres, start=1):
        labels[np.hypot(y - v, x - u) < radius] = label
    rng = np.random.default_rng(seed)
    image = (labels > 0) + 0.1 * rng.standard_normal(labels.shape)
    return make_sample(image.astype(np.float32), labels, border_weight=2.0)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_patches_are_shown_at_the_sizes_asked_for() -> None:
    """Objects of 30 px are shown at 20, those of 6 px at 10, and some at any size between."""
    config = CONFIG.model_copy(update={"any_size": 0.0, "patch": 128})
    shelf = PatchShelf([discs(200, 240, 15.0), discs(90, 130, 3.0)], config)
    patches = shelf.draw(torch.tensor([0, 1, 0, 1]), seeded())
    assert patches.shape == (4, 5, 128, 128)
    assert set(patches[:, 1].unique().tolist()) == {0.0, 1.0}
    for patch, diameter in zip(patches, (20, 10, 20, 10), strict=True):
        # discs of diameter d stand 1.5 d apart: their share of the patch is the same, their number is not
        edges = (patch[1, :, 1:] != patch[1, :, :-1]).sum() / 2
        assert float(edges) == pytest.approx(128**2 / (1.5 * diameter) ** 2 * diameter, rel=0.3)
    varied = PatchShelf([discs(200, 240, 15.0)], CONFIG.model_copy(update={"any_size": 1.0}))
    zooms = varied._draw_zooms(torch.full((200,), 30.0), seeded())
    assert 10 / 30 <= float(zooms.min()) < 0.37
    assert 0.6 < float(zooms.max()) <= 20 / 30


def cut_alone(sample: TrainingSample, config: BaseTrainingConfig, zoom: float, level: int, centre: Tensor) -> Tensor:
    """The same patch by torch's own sampling."""
    source = sample.levels[level].float()
    at = (float(centre[0]), float(centre[1]))
    grid = sampling_grid(at, tuple(source.shape[2:]), zoom, config.patch, config.augmentation, seeded(5))
    return F.grid_sample(source, grid, mode="bilinear", padding_mode="reflection", align_corners=False)[0]


@pytest.mark.parametrize("level", [0, 1])
def test_a_patch_is_what_torch_samples_also_beyond_the_edge(level: int) -> None:
    samples = [discs(60, 90, 5.0), discs(300, 280, 9.0, seed=1), discs(130, 256, 9.0, seed=2)]
    config = CONFIG.model_copy(update={"augmentation": STILL.model_copy(update={"elastic": 0.3, "stretch": 0.2})})
    shelf = PatchShelf(samples, config)
    for number in (1, 2):
        for at in ([4.0, 7.0], [30.0, 100.0]):
            centre = torch.tensor([at])
            row = shelf._first[[number]] + level
            offsets, _ = sampling_offsets_of(config, 0.8)
            patch = shelf._interpolate(offsets + centre[:, None, None], row)[0]
            expected = cut_alone(samples[number], config, 0.8, level, centre[0])
            torch.testing.assert_close(patch, expected, atol=2e-3, rtol=0)


def sampling_offsets_of(config: BaseTrainingConfig, zoom: float) -> tuple[Tensor, Tensor]:
    from napari_unet.learning.augmentation import sampling_offsets

    return sampling_offsets(torch.tensor([zoom]), (config.patch, config.patch), config.augmentation, seeded(5))


def test_coordinates_are_mirrored_at_the_edges_of_the_outer_pixels() -> None:
    size = torch.tensor([4])
    places = torch.tensor([-2.5, -1.0, -0.5, 0.0, 1.5, 3.0, 3.4, 3.6, 5.0, 8.0])
    expected = torch.tensor([1.5, 0.0, 0.0, 0.0, 1.5, 3.0, 3.0, 3.0, 2.0, 0.0])
    torch.testing.assert_close(_reflect(places, size), expected)


def test_large_objects_are_cut_from_a_smaller_copy() -> None:
    """A disc of 60 px shown at 10 is taken from a quarter of the size: noise is averaged, not skipped over."""
    config = CONFIG.model_copy(update={"diameters": (10, 10), "any_size": 0.0})
    sample = discs(600, 600, 30.0)
    patch = PatchShelf([sample], config).draw(torch.tensor([0]), seeded())[0]
    inside = patch[2] > 0.5
    assert float(patch[0][inside].std()) < 0.05
    first = TrainingSample(sample.levels[:1], sample.diameter, 1.0)
    rough = PatchShelf([first], config).draw(torch.tensor([0]), seeded())[0]
    assert float(rough[0][rough[2] > 0.5].std()) > 0.06


def test_places_are_all_over_the_image_and_the_patch_mostly_inside() -> None:
    shelf = PatchShelf([discs(100, 400, 9.0)], CONFIG)
    centres = shelf._draw_centres(torch.tensor([[100, 400]]).expand(500, 2), torch.full((500,), 30.0), seeded())
    assert centres.amin(dim=0).tolist() == pytest.approx([30, 30], abs=3)
    assert centres.amax(dim=0).tolist() == pytest.approx([70, 370], abs=4)
    small = shelf._draw_centres(torch.tensor([[20, 400]]), torch.tensor([30.0]), seeded())
    assert float(small[0, 0]) == 10


def test_the_same_seed_draws_the_same_batch() -> None:
    shelf = PatchShelf([discs(100, 130, 9.0), discs(90, 90, 5.0)], BaseTrainingConfig(patch=32))
    chosen = torch.tensor([0, 1, 1])
    one, same, other = (shelf.draw(chosen, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.allclose(one, other)
