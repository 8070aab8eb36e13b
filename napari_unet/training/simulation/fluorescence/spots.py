"""Vesicles, granules and other small round things, dense, filled or hollow, with others out of focus.

What is out of focus is a wide disc with rings (Gibson and Lanni, Journal of the Optical Society of America A
8:1601, 1991).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from napari_unet.labels.types import Floats, Labels
from napari_unet.training.simulation.detectors import detect, log_uniform
from napari_unet.training.simulation.placing import Placed, inner_distance, lens
from napari_unet.training.simulation.shapes import tidy
from napari_unet.training.simulation.textures import mixture, texture

Rng = np.random.Generator


def draw_spots(side: int, rng: Rng) -> tuple[Floats, Labels]:
    """A scene: those in focus are labelled, 6 to 14 pixels across on the whole."""
    diameter = log_uniform(rng, 6, 14)
    placed = _place(side, diameter, rng)
    labels = tidy(placed.labels)
    count = int(labels.max()) + 1
    own = np.exp(rng.normal(0, rng.uniform(0, 0.7), count)).clip(0.2, 5)[labels]
    depth = inner_distance(labels)
    if rng.random() < 0.35:  # the membrane alone
        profile = np.exp(-(((depth - 1.2) / rng.uniform(0.8, 1.6)) ** 2)) + rng.uniform(0, 0.4)
    else:
        profile = (depth / (0.5 * diameter)).clip(0, 1) ** rng.uniform(0, 0.8)
    image = np.where(labels > 0, own * profile, 0)
    image = ndimage.gaussian_filter(image, rng.uniform(0.3, 0.12 * diameter + 0.3))
    ground = log_uniform(rng, 0.02, 0.6) * (1 + rng.uniform(0, 0.5) * mixture(labels.shape, rng))
    if rng.random() < 0.5:  # cells that they lie in
        ground = ground * (1 + rng.uniform(0, 3) * (texture(labels.shape, rng.uniform(50, 200), rng) > 0))
        ground = ndimage.gaussian_filter(ground, rng.uniform(0.5, 4))
    image = image + ground + _out_of_focus(side, diameter, rng)
    return detect(-image if rng.random() < 0.15 else image, rng, blur=(0.2, 0.8), noise=0.15), labels


def _place(side: int, diameter: float, rng: Rng) -> Placed:
    placed = Placed(side)
    wanted = min(int(rng.uniform(0.1, 1.0) * side**2 / diameter**2) + 3, 1200)
    centres = rng.uniform(0, side, (wanted, 2))
    if rng.random() < 0.5:  # crowded here, few there
        field = texture((side, side), rng.uniform(30, 120), rng)
        at = centres.astype(int)
        centres = centres[field[at[:, 0], at[:, 1]] > rng.uniform(-1.5, 0.5)]
    spread, slim, hidden = rng.uniform(0, 0.25), rng.uniform(0, 0.2), rng.uniform(0, 0.15)
    for centre in centres:
        size = 0.5 * diameter * np.exp(rng.normal(0, spread))
        aspect = np.exp(-abs(rng.normal(0, slim)))
        shape = lens(size / aspect**0.5, size * aspect**0.5, 0.5)
        placed.add(centre, rng.uniform(0, np.pi), 2 * size + 2, shape, hidden)
    return placed


def _out_of_focus(side: int, diameter: float, rng: Rng) -> Any:
    """Wide discs, some with rings, that are no objects."""
    hazy = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(0, 4))):
        points = np.zeros((side, side), np.float32)
        count = int(rng.uniform(0.05, 0.5) * side**2 / (3 * diameter) ** 2) + 1
        points[rng.integers(0, side, count), rng.integers(0, side, count)] = rng.uniform(0.2, 1, count)
        blur = diameter * rng.uniform(0.5, 1.2)
        wide = ndimage.gaussian_filter(points, blur)
        if rng.random() < 0.4:  # darker in the middle than at the rim
            wide = (wide - rng.uniform(0.2, 0.45) * ndimage.gaussian_filter(points, 0.7 * blur)).clip(0)
        hazy = hazy + rng.uniform(0.1, 0.7) * wide * 2 * np.pi * blur**2
    return hazy
