"""Objects of very varied look, of no one microscope: shapes, textures, contrast, rims and clutter drawn at random."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.heads.instances.targets import make_targets
from napari_unet.labels.types import Floats, Labels
from napari_unet.training.simulation.camera import expose
from napari_unet.training.simulation.shapes import simulate_labels
from napari_unet.training.simulation.textures import edge_distance, mixture, texture

Rng = np.random.Generator


def draw_varied(side: int, rng: Rng, rods: float = 0.0, unequal: float = 0.35) -> tuple[Floats, Labels]:
    """A scene: an image (side, side) in any unit, and its labels.

    `rods` is the share of images with rods in place of roundish cells; `unequal` is the largest standard deviation of
    the logarithm of the objects' brightness within one image.
    """
    labels = simulate_labels(side, rng, rods)
    return expose(_paint(labels, rng, unequal), rng), labels


def _paint(labels: npt.NDArray[np.int32], rng: Rng, unequal: float) -> Floats:
    """Grey values: background, objects that differ from it by brightness, texture, rim or shading, and clutter."""
    shape, side, inside = labels.shape, labels.shape[0], labels > 0
    background = mixture(shape, rng) * rng.uniform(0, 0.35) + rng.uniform(0, 0.3) * texture(labels.shape, side / 2, rng)
    own = rng.normal(0, rng.uniform(0, unequal), int(labels.max()) + 1)[labels]  # each object its own brightness
    contrast = rng.choice([-1, 1], p=[0.4, 0.6]) * (
        rng.uniform(0.6, 1.6) if rng.random() < 0.75 else rng.uniform(0, 0.4)
    )
    body = contrast * np.exp(own) + mixture(shape, rng) * rng.uniform(0, 0.4)
    depth = _depth(labels)
    if rng.random() < 0.4:  # round objects: brighter or darker towards the core
        body = body + rng.normal(0, 0.5) * depth
    image = np.where(inside, body, background)
    if rng.random() < 0.4 or abs(contrast) < 0.4:  # a rim: membranes, halos, phase contrast
        width = rng.uniform(0.7, 2.5)
        rim = np.exp(-(((edge_distance(labels) - rng.uniform(-1, 1)) / width) ** 2))
        image = image + rng.choice([-1, 1]) * rng.uniform(0.5, 1.6) * rim
    if rng.random() < 0.15:  # relief, as of differential interference contrast
        soft = ndimage.gaussian_filter(image, 1.5)
        image = image * rng.uniform(0, 0.5) + rng.uniform(3, 8) * (soft - np.roll(soft, (1, 1), (0, 1)))
    cluttered: Floats = (image + _clutter(side, rng)).astype(np.float32)
    return cluttered


def _clutter(side: int, rng: Rng) -> Any:
    """Out-of-focus light and small specks that are no objects."""
    clutter = np.zeros((side, side), np.float32)
    if rng.random() < 0.4:
        haze = np.zeros((side, side), np.float32)
        haze[tuple(rng.integers(0, side, (2, rng.integers(2, 12))))] = 1
        haze = ndimage.gaussian_filter(haze, rng.uniform(8, 30))
        clutter += rng.normal(0, 0.5) * haze / (haze.max() + 1e-6)
    if rng.random() < 0.3:
        specks = np.zeros((side, side), np.float32)
        specks[tuple(rng.integers(0, side, (2, rng.integers(5, 80))))] = 1
        specks = ndimage.gaussian_filter(specks, rng.uniform(0.5, 1.2))
        clutter += rng.normal(0, 0.8) * specks / (specks.max() + 1e-6)
    return clutter


def _depth(labels: npt.NDArray[np.int32]) -> Floats:
    """0 at the border of an object, 1 at its core, 0 outside."""
    depth: Floats = make_targets(labels)[1]
    return depth
