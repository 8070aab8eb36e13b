"""What fills cells and tissue in electron microscopy and is no object: membranes, granules, vesicles, vacuoles."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from napari_unet.training.simulation.detectors import log_uniform
from napari_unet.training.simulation.textures import texture

Rng = np.random.Generator


def contour_lines(shape: tuple[int, ...], rng: Rng) -> Any:
    """0 to 1: thin lines along the contours of random fields, single, double or in stacks; here and there."""
    field = texture(shape, log_uniform(rng, 8, 60), rng)
    steep = np.hypot(*np.gradient(field)) + 1e-3
    width = rng.uniform(0.6, 1.6)
    levels = rng.uniform(-1, 1, int(rng.integers(1, 5)))
    if rng.random() < 0.5:  # both leaves of a double membrane, or cisternae in stacks
        levels = levels[0] + np.arange(-2, 3) * rng.uniform(0.1, 0.4)
    lines = np.zeros(shape, np.float32)
    for level in levels:
        lines = np.maximum(lines, np.exp(-(((field - level) / (steep * width)) ** 2)))
    where = texture(shape, log_uniform(rng, 40, 150), rng) + rng.uniform(-0.5, 2)
    return lines / (1 + np.exp(-4 * where))


def granules(shape: tuple[int, ...], rng: Rng) -> Any:
    """0 to 1: dense fine grains, as of ribosomes and glycogen, in patches or everywhere."""
    grain = ndimage.gaussian_filter(rng.standard_normal(shape, np.float32), rng.uniform(0.6, 1.5))
    grain = (grain / (grain.std() + 1e-6) - rng.uniform(0, 1.2)).clip(0, 1)
    if rng.random() < 0.5:
        return grain
    return grain * (texture(shape, log_uniform(rng, 20, 120), rng) > 0)


def specks(shape: tuple[int, ...], radius: float, share: float, rng: Rng) -> Any:
    """0 to 1: small soft discs of about `radius` whose centres are a `share` of all pixels, over `radius` squared."""
    count = int(share * shape[0] * shape[1] / max(radius, 1) ** 2) + 1
    points = np.zeros(shape, np.float32)
    points[rng.integers(0, shape[0], count), rng.integers(0, shape[1], count)] = rng.uniform(0.3, 1, count)
    soft = ndimage.gaussian_filter(points, radius / 1.5)
    return (soft * (2 * np.pi * (radius / 1.5) ** 2)).clip(0, 1)


def rings(shape: tuple[int, ...], radius: tuple[float, float], count: int, rng: Rng) -> Any:
    """0 to 1: outlines of round vesicles with radii between those given."""
    drawn = np.zeros(shape, np.float32)
    for _ in range(count):
        size, width = log_uniform(rng, *radius), rng.uniform(0.6, 1.6)
        reach = int(size + 3 * width) + 1
        centre = rng.integers(0, shape)
        low, high = np.maximum(0, centre - reach), np.minimum(shape, centre + reach)
        y = np.arange(low[0], high[0], dtype=np.float32)[:, None] - centre[0]
        x = np.arange(low[1], high[1], dtype=np.float32)[None] - centre[1]
        ring = np.exp(-(((np.hypot(y, x * rng.uniform(0.7, 1.3)) - size) / width) ** 2))
        box = drawn[low[0] : high[0], low[1] : high[1]]
        np.maximum(box, ring, out=box)
    return drawn
