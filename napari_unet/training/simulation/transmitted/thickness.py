"""How thick cells are to light: bodies flat or domed, nuclei with nucleoli, granules, ruffles; and debris."""

from __future__ import annotations

import edt
import numpy as np
from scipy import ndimage

from napari_unet.labels.types import Array, Floats, Labels
from napari_unet.training.simulation.textures import smooth_mixture, smooth_texture

Rng = np.random.Generator


def draw_thickness(labels: Labels, rng: Rng) -> Floats:
    """Optical path in radians that objects add to a wave, 0 outside; about 0.5 in a spread cell, 3 in a round one."""
    depth = edt.edt(np.ascontiguousarray(labels, np.uint32))
    count = int(labels.max())
    core = np.append(1.0, ndimage.maximum(depth, labels, np.arange(1, count + 1))).astype(np.float32)
    height, domed = _draw_heights(labels, core, rng)
    share = (depth / core[labels]).clip(0, 1)
    lamella = 1 - np.exp(-depth / rng.uniform(0.6, 4))
    dome = np.sqrt(1 - (1 - share) ** 2)
    body = height[labels] * (domed[labels] * dome + (1 - domed[labels]) * lamella) * (labels > 0)
    shape = labels.shape[0], labels.shape[1]
    grain = rng.uniform(0, 0.5) ** 1.5 * smooth_mixture(shape, rng)
    body = body * (1 + grain + rng.uniform(0, 0.9) * _ruffles(depth, rng)).clip(0)
    body = body + height[labels] * (_nuclei(labels, depth, core, rng) + _granules(labels, share, core, rng))
    thick: Floats = ndimage.gaussian_filter((body * (labels > 0)).astype(np.float32), rng.uniform(0.3, 0.9))
    return thick


def _draw_heights(labels: Labels, core: Floats, rng: Rng) -> tuple[Floats, Floats]:
    """How high each object is, in radians, and how domed: what is round stands up more often."""
    area = np.bincount(labels.ravel(), minlength=len(core)).astype(np.float32)
    rounded = np.pi * core**2 / np.maximum(area, 1) > 0.72
    height = rng.uniform(0.25, 1.1) * np.exp(rng.normal(0, rng.uniform(0.1, 0.6), len(core)))
    height = np.where(rng.random(len(core)) < rng.choice([0, 0.25]), 0.35 * height, height)  # some are hardly seen
    tall = rounded & (rng.random(len(core)) < rng.uniform(0.3, 1))
    height = np.where(tall, rng.uniform(0.8, 4, len(core)), height)
    domed = np.where(tall, 1.0, rng.uniform(0, rng.uniform(0.1, 0.8), len(core)))
    return height.clip(0.04, 5).astype(np.float32), domed.astype(np.float32)


def _ruffles(depth: Array, rng: Rng) -> Array:
    """Folds of the membrane near the border."""
    return smooth_texture((depth.shape[0], depth.shape[1]), rng.uniform(1.5, 5), rng) * np.exp(
        -depth / rng.uniform(1.5, 6)
    )


def _nuclei(labels: Labels, depth: Array, core: Floats, rng: Rng) -> Array:
    """Nuclei a little thicker or thinner than what is around, sharp or soft, with nucleoli that are thicker."""
    ground = np.zeros(labels.shape, np.float32)
    if rng.random() < 0.2:
        return ground
    places = ndimage.maximum_position(depth + rng.random(depth.shape), labels, np.arange(1, len(core)))
    contrast, sharp, size = rng.normal(0.2, 0.4), rng.uniform(0.08, 0.5), rng.uniform(0.35, 0.7)
    rim, spots = rng.uniform(0, 0.5), rng.uniform(0.2, 1.2)
    for number, (row, column) in enumerate(places, start=1):
        radius = float(core[number]) * size * rng.uniform(0.8, 1.2)
        if radius < 2.5:
            continue
        reach = int(1.6 * radius) + 2
        low, high = (
            np.maximum(0, (row - reach, column - reach)),
            np.minimum(labels.shape, (row + reach, column + reach)),
        )
        box = np.s_[low[0] : high[0], low[1] : high[1]]
        y, x = np.ogrid[box]
        angle, aspect = rng.uniform(0, np.pi), rng.uniform(1, 1.5)
        u = (np.cos(angle) * (x - column) + np.sin(angle) * (y - row)) / aspect
        v = np.cos(angle) * (y - row) - np.sin(angle) * (x - column)
        away = np.hypot(u, v) / radius
        bump = contrast / (1 + np.exp((away - 1) / (0.25 * sharp)))
        bump = bump + rim * np.exp(-(((away - 1) / (0.3 * sharp + 0.05)) ** 2))
        for _ in range(int(rng.integers(0, 4))):
            at, width = rng.normal(0, 0.35, 2) * radius, radius * rng.uniform(0.1, 0.22)
            bump = bump + spots * np.exp(-((u - at[0]) ** 2 + (v - at[1]) ** 2) / (2 * width**2))
        ground[box] += bump
    return ground


def _granules(labels: Labels, share: Array, core: Floats, rng: Rng) -> Array:
    """Vesicles and granules, thicker or thinner than what is around, more near the middle, and in some cells more."""
    many = np.exp(rng.normal(0, 0.8, len(core)))[labels] * (labels > 0)
    found = np.zeros(labels.shape, np.float32)
    for size in (rng.uniform(0.4, 0.8), rng.uniform(0.8, 1.8)):
        if rng.random() < 0.3:
            continue
        at = rng.random(labels.shape) < rng.uniform(0, 0.12) / (1 + size**2) * many * share ** rng.uniform(0.3, 2)
        spots = at * rng.normal(rng.normal(0, 0.6), 0.6, labels.shape)
        found += ndimage.gaussian_filter(spots, size) * (2 * np.pi * size**2) * rng.uniform(0.15, 1.0)
    return found


def draw_debris(side: int, rng: Rng) -> Floats:
    """Optical path of specks, threads and lumps that are no objects."""
    debris = np.zeros((side, side), np.float32)
    for size, most in ((0.7, 250), (1.6, 40), (3.5, 8)):
        if rng.random() < 0.6:
            spots = np.zeros((side, side), np.float32)
            count = int(rng.uniform(0, 1) ** 2 * most * (side / 320) ** 2)
            spots[tuple(rng.integers(0, side, (2, count)))] = rng.normal(0.6, 0.6, count)
            size = size * rng.uniform(0.7, 1.4)
            debris += ndimage.gaussian_filter(spots, size) * (2 * np.pi * size**2)
    return debris
