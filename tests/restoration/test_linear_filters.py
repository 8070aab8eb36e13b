"""Linear filters from least squares: what they find, what they do not see, and that a network starts from them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_unet.images.image import Image
from napari_unet.models.record import GreyOutput
from napari_unet.restoration.material import gather
from napari_unet.restoration.starts.base import base_of
from napari_unet.restoration.starts.enlarging import enlarge, interleave, shrink
from napari_unet.restoration.starts.linear_filters import filtered, fit_filters, kernel_reach
from napari_unet.restoration.starts.smoothing import smooth
from napari_unet.restoration.tasks import TASKS


def draw(shape: tuple[int, int] = (160, 150), sigma: float = 1.5) -> np.ndarray:
    return ndimage.gaussian_filter(np.random.default_rng(3).normal(0, 1, shape), sigma).astype(np.float32)


def test_a_linear_relation_is_found() -> None:
    """What is missing is a difference of neighbours: these weights come out, and others are 0."""
    plane = np.random.default_rng(0).normal(0, 1, (120, 130)).astype(np.float32)
    blur = ndimage.uniform_filter(plane, 3, mode="mirror") - plane
    kernels = fit_filters([plane], [blur], 1, "none")
    reach = kernel_reach(kernels)
    weights = np.reshape(kernels[0], (2 * reach + 1, 2 * reach + 1))
    expected = np.zeros_like(weights)
    expected[reach - 1 : reach + 2, reach - 1 : reach + 2] = 1 / 9
    expected[reach, reach] -= 1
    np.testing.assert_allclose(weights, expected, atol=2e-3)
    inner = (slice(reach, -reach),) * 2
    np.testing.assert_allclose(filtered(plane, kernels), blur[inner], atol=0.02)


@pytest.mark.parametrize("hole", ["pixel", "rows", "columns"])
def test_what_is_in_the_hole_is_not_seen(hole: str) -> None:
    noisy = draw() + np.random.default_rng(1).normal(0, 0.2, (160, 150)).astype(np.float32)
    kernels = fit_filters([noisy], [noisy - smooth(noisy, 1.0, hole)], 1, hole)
    grey = GreyOutput(task="denoise", residual=True, sigma=1.0, hole=hole, kernels=kernels)
    before, changed = base_of(grey, noisy), noisy.copy()
    changed[80, 75] += 100
    apart = np.abs(base_of(grey, changed) - before)
    assert apart[80, 75] < 1e-4
    assert (apart[80, 77] < 1e-4) == (hole == "rows")
    assert (apart[82, 75] < 1e-4) == (hole == "columns")
    assert apart[81, 76] > 0.1


def test_mirrored_and_turned_images_have_mirrored_and_turned_starts() -> None:
    fine = draw()
    seen = shrink(fine)
    grey = gather([Image(seen, "YX")], [Image(fine, "YX")], TASKS["upscale"]).grey
    base = base_of(grey, seen)
    np.testing.assert_allclose(base_of(grey, seen[::-1]), base[::-1], atol=1e-5)
    np.testing.assert_allclose(base_of(grey, seen[:, ::-1]), base[:, ::-1], atol=1e-5)
    np.testing.assert_allclose(base_of(grey, np.ascontiguousarray(seen.T)), base.T, atol=1e-5)


def test_finer_pixels_come_nearer_than_bicubic_ones_at_once() -> None:
    fine, other = draw(sigma=0.8), draw(sigma=0.8)[::-1].copy()
    grey = gather([Image(shrink(fine), "YX")], [Image(fine, "YX")], TASKS["upscale"]).grey
    low, high = np.percentile(shrink(other), (0.5, 99.9))
    seen = (shrink(other) - low) / (high - low)
    wanted = (other - low) / (high - low)
    inner = (slice(8, -8),) * 2
    errors = [np.mean((made - wanted)[inner] ** 2) for made in (base_of(grey, seen), enlarge(seen))]
    assert errors[0] < 0.9 * errors[1]


def test_small_images_have_no_filter_and_pixels_keep_their_places() -> None:
    assert fit_filters([draw((12, 12))], [draw((12, 12))], 1, "none") == ()
    flat = np.zeros((100, 100), np.float32)
    assert fit_filters([flat], [flat], 1, "none") == ()
    np.testing.assert_array_equal(interleave(np.arange(8.0).reshape(4, 1, 2)), [[0, 2, 1, 3], [4, 6, 5, 7]])
