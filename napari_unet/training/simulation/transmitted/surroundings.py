"""What lies around cells in transmitted light: uneven lamps, rings of dust far from focus, cells that float above."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from napari_unet.labels.types import Floats
from napari_unet.training.simulation.textures import smooth_texture

Rng = np.random.Generator


def draw_ground(side: int, rng: Rng) -> Floats:
    """Light (side, side) without cells: about 1, uneven by some hundredths to a fifth."""
    y, x = np.mgrid[:side, :side].astype(np.float32) / side - 0.5
    slope = rng.normal(0, 0.08, 2)
    ground = 1 + slope[0] * y + slope[1] * x + rng.normal(0, 0.15) * (y**2 + x**2)
    ground = ground + abs(rng.normal(0, 0.03)) * smooth_texture((side, side), side * rng.uniform(0.1, 0.6), rng)
    if rng.random() < 0.5:
        ground = ground + _rings(side, rng)
    if rng.random() < 0.1:  # the edge of a well or of a bubble
        angle = rng.uniform(0, 2 * np.pi)
        off = np.cos(angle) * x + np.sin(angle) * y - rng.uniform(0.2, 0.5)
        ground = ground + rng.normal(0, 0.6) * np.exp(-((off / rng.uniform(0.01, 0.06)) ** 2))
    light: Floats = ground.astype(np.float32)
    return light


def _rings(side: int, rng: Rng) -> Floats:
    rings = np.zeros((side, side), np.float32)
    y, x = np.mgrid[:side, :side].astype(np.float32)
    for _ in range(int(rng.integers(1, 6))):
        centre, radius = rng.uniform(0, side, 2), rng.uniform(6, 50)
        away = np.hypot(y - centre[0], x - centre[1]) / radius
        rings += rng.normal(0, 0.05) * np.cos(rng.uniform(3, 9) * away**2) * np.exp(-(away**2))
    return rings


def blur_away(thick: Floats, rng: Rng) -> Floats:
    """Part of what was drawn turned round and far from focus: cells that float above, which are no objects."""
    pale = np.rot90(thick, int(rng.integers(1, 4)))
    part = smooth_texture(pale.shape, 90, rng) > rng.uniform(0.8, 2)
    floating: Floats = ndimage.gaussian_filter(pale * part, rng.uniform(3, 10))
    return floating
