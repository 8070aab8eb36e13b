"""What noise leaves to be gained by enlarging, where it is known."""

from __future__ import annotations

import numpy as np
import pytest
from enlarging import spectrum_of_noise, unforeseeable
from scipy import ndimage


def test_of_white_noise_a_quarter_is_told_by_means_of_four() -> None:
    assert unforeseeable(np.full((64, 64), 3.0)) == pytest.approx(0.75 * 3)


def test_noise_is_found_beside_structure() -> None:
    """What the image has more than that at coarser scales is no noise, however strong."""
    random = np.random.default_rng(0)
    texture = ndimage.gaussian_filter(random.normal(0, 1, (128, 128)), 1.5)
    plane = 50 * texture / texture.std() + random.normal(0, 2, (128, 128))
    assert unforeseeable(spectrum_of_noise(plane)) == pytest.approx(0.75 * 4, rel=0.15)
