"""Batches hold corrections and replay in the shares that were asked for, cut at the right magnification."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from discs import draw_discs

from napari_unet.heads.planes import TrainingPlane
from napari_unet.heads.registry import head_named
from napari_unet.learning.augmentation import AugmentationConfig, augmentation_for
from napari_unet.learning.patches import PatchSampler, cut_patch, plane_tensor
from napari_unet.learning.sampler import BatchSampler

HEAD = head_named("instances")
STILL = AugmentationConfig(
    scale=0, stretch=0, elastic=0, gamma=0, contrast=0, brightness=0, shading=0, noise=0, blur=0, invert=0
)


def plane(value: float = 0.0) -> TrainingPlane:
    _, labels = draw_discs((64, 64))
    everywhere = np.ones(labels.shape, bool)
    return TrainingPlane(np.full(labels.shape, value, np.float32), labels, everywhere, everywhere.copy(), ~everywhere)


@pytest.mark.parametrize(
    ("share", "n", "expected"), [(0.34, 6, 2), (0.5, 4, 2), (0.01, 6, 1), (1.0, 4, 3), (0.3, 1, 0), (0.0, 6, 0)]
)
def test_at_least_one_patch_is_of_each_kind(share: float, n: int, expected: int) -> None:
    assert BatchSampler(HEAD, [plane()], [plane()], 32, share, 0).count_replay(n) == expected


@pytest.mark.parametrize("share", [0.1, 0.34])
def test_of_pairs_some_hold_replay_so_that_it_is_the_share_of_all(share: float) -> None:
    sampler, again = (BatchSampler(HEAD, [plane()], [plane()], 32, share, 0) for _ in range(2))
    counts = [sampler.count_replay(2) for _ in range(400)]
    assert set(counts) == {0, 1}
    assert sum(counts) / 800 == pytest.approx(share, abs=0.04)
    assert counts == [again.count_replay(2) for _ in range(400)]


def test_replay_comes_behind_the_others() -> None:
    batch = BatchSampler(HEAD, [plane(0.0)], [plane(1000.0)], 32, 0.5, 0).draw(4)
    assert batch.n_replay == 2
    assert [tuple(part.shape) for part in batch[:3]] == [(4, 1, 32, 32), (4, 3, 32, 32), (4, 1, 32, 32)]
    means = batch.images.mean(dim=(1, 2, 3)).abs()
    assert means[:2].max() < 10 < 100 < means[2:].min()


def test_what_was_reviewed_is_varied_as_was_asked_and_replay_as_ever() -> None:
    still = BatchSampler(HEAD, [plane(0.3)], [plane(0.3)], 32, 0.5, 0, STILL).draw(8)
    assert (still.images[:4] - 0.3).abs().max() < 1e-5
    assert (still.images[4:] - 0.3).abs().max() > 0.02


def test_a_network_that_knows_much_sees_grey_values_varied_less_and_shapes_as_much() -> None:
    gentle, full = augmentation_for(untrained=False), augmentation_for(untrained=True)
    assert (gentle.scale, gentle.stretch, gentle.elastic) == (full.scale, full.stretch, full.elastic)
    for name in ("gamma", "contrast", "brightness", "shading", "noise", "blur"):
        assert 0 < getattr(gentle, name) < 0.6 * getattr(full, name)


def test_without_replay_there_is_none() -> None:
    sampler = BatchSampler(HEAD, [plane()], [], 32, 0.5, 0)
    assert (sampler.share, sampler.count_replay(8), sampler.draw(2).n_replay) == (0.0, 0, 0)


@pytest.mark.parametrize(("zoom", "level"), [(1.0, 0), (2.0, 0), (0.5, 1), (0.26, 2), (0.1, 2), (0.8, 0)])
def test_what_is_shrunk_is_cut_from_the_level_next_to_it(zoom: float, level: int) -> None:
    levels = [torch.full((1, 1, 64 // 2**i, 64 // 2**i), float(i)) for i in range(3)]
    patch, _ = cut_patch(levels, (31.5, 31.5), zoom, 8, STILL, torch.Generator().manual_seed(0))
    torch.testing.assert_close(patch, torch.full_like(patch, level))


def test_every_level_shows_the_same_place() -> None:
    """A ramp from left to right, and the same at half the size: a patch of either has the same values."""
    ramp = torch.arange(64.0).expand(1, 1, 64, 64)
    half = ramp.reshape(1, 1, 64, 32, 2).mean(dim=-1)[:, :, ::2]
    cut = [
        cut_patch(levels, (30.0, 20.0), 0.5, 9, STILL, torch.Generator().manual_seed(1))[0]
        for levels in ([ramp], [ramp, half])
    ]
    torch.testing.assert_close(*cut, atol=0.51, rtol=0)
    assert float(cut[0].mean()) == pytest.approx(20.0, abs=0.1)


def test_a_planes_maps_lie_one_behind_the_other() -> None:
    one = plane(0.5)
    one.learn[:10] = False
    maps = plane_tensor(HEAD, one)
    assert maps.shape == (1 + 3 + 2, 64, 64)
    assert set(maps[0].unique().tolist()) == {0.5}
    np.testing.assert_array_equal(maps[1].numpy() > 0.5, one.labels > 0)
    assert not maps[-2][:10].any()
    assert torch.equal(maps[-1], (maps[-2] > 0).float())


def test_some_patches_are_centred_anywhere_and_most_on_objects() -> None:
    """One object in a corner of a large plane: nine of ten patches are near it."""
    labels = np.zeros((256, 256), np.int32)
    labels[4:14, 4:14] = 1
    everywhere = np.ones(labels.shape, bool)
    one = TrainingPlane(labels.astype(np.float32), labels, everywhere, everywhere, ~everywhere)
    sampler = PatchSampler(HEAD, [one], 32, STILL, seed=0)
    centers = np.array([sampler._choose()[1] for _ in range(300)])
    near = np.all(np.abs(centers - 8.5) <= 8, axis=1)
    assert 0.8 < near.mean() < 0.97
    assert centers.min() >= 0
    assert centers.max() <= 255


def test_nothing_is_centred_where_nothing_is_learned_from() -> None:
    labels = np.zeros((64, 64), np.int32)
    learn = np.zeros(labels.shape, bool)
    learn[40:48, 20:60] = True
    one = TrainingPlane(np.zeros(labels.shape, np.float32), labels, learn, learn, np.zeros_like(learn))
    sampler = PatchSampler(HEAD, [one], 16, STILL, seed=0)
    for _ in range(50):
        y, x = sampler._choose()[1]
        assert learn[int(y), int(x)]
