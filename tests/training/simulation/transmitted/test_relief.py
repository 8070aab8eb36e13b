"""Cells in differential interference contrast: lit from one side, by how the optical path rises."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage

from napari_unet.training.simulation.transmitted.relief import draw_relief, interfere


def _hill() -> np.ndarray:
    hill = np.zeros((64, 64), np.float32)
    hill[20:44, 20:44] = 1.0
    return ndimage.gaussian_filter(hill, 3)


@pytest.mark.parametrize(("angle", "bright", "dark"), [(0.0, (32, 20), (32, 43)), (math.pi / 2, (20, 32), (43, 32))])
def test_it_is_bright_where_the_path_rises_along_the_shear_and_dark_where_it_falls(
    angle: float, bright: tuple[int, int], dark: tuple[int, int]
) -> None:
    light, turned = interfere(_hill(), angle, 1.5, 1.0), interfere(_hill(), angle + math.pi, 1.5, 1.0)
    ground = math.sin(0.5) ** 2
    assert light[2, 2] == pytest.approx(ground)
    assert light[32, 32] == pytest.approx(ground, abs=0.01)
    assert light[bright] > ground + 0.03
    assert light[dark] < ground - 0.03
    assert turned[bright] == pytest.approx(light[dark], abs=0.01)


def test_what_is_steeper_than_the_prism_allows_is_black_and_not_bright_again() -> None:
    light = interfere(20 * _hill(), 0, 2, 1.0)
    assert light.min() == pytest.approx(0, abs=1e-6)
    assert light[32, 44] == pytest.approx(0, abs=1e-6)
    assert light[32, 20] == pytest.approx(1, abs=1e-6)


def test_relief_is_lit_from_many_sides() -> None:
    """Where the path is known to rise: from outside into the cells."""
    sides = []
    for number in range(16):
        image, labels = draw_relief(128, np.random.default_rng((8, number)))
        inward = ndimage.gaussian_filter((labels > 0).astype(np.float32), 1.5)
        flat = image - ndimage.gaussian_filter(image, 8)
        down, across = (float((flat * ndimage.sobel(inward, axis)).sum()) for axis in (0, 1))
        sides.append(math.atan2(down, across))
    quarters = {int((side + math.pi) // (math.pi / 2)) % 4 for side in sides}
    assert quarters == {0, 1, 2, 3}
