"""Epithelia: cells that tile the plane, drawn by their stained borders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from microscope import Microscope, add_debris
from nuclei import Sample, place_nuclei, relabel
from scipy.spatial import cKDTree
from shapes import Array, SmoothField, draw, grid


@dataclass(frozen=True)
class Tiling:
    """For each pixel: its cell, the cell across the nearest border, and the distance to that border (micrometers)."""

    cell: npt.NDArray[np.int64]
    across: npt.NDArray[np.int64]
    distance: Array
    corner: Array  # distance to the second nearest border: small where three cells meet


def tile_plane(points: Array, seeds: Array, weights: Array, neighbours: int = 9) -> Tiling:
    """Power diagram of `seeds` (n, 2) at `points` (..., 2); a seed of larger weight has a larger cell."""
    near = np.sqrt(weights.max() - weights)
    lifted = np.column_stack([seeds, near])
    flat = np.column_stack([points.reshape(-1, 2), np.zeros(points[..., 0].size)])
    squared, index = cKDTree(lifted).query(flat, k=neighbours)
    squared = squared**2
    apart = np.linalg.norm(seeds[index] - seeds[index[:, :1]], axis=-1)
    borders = (squared - squared[:, :1]) / (2 * np.maximum(apart, 1e-6))
    borders[:, 0] = np.inf
    order = np.argsort(borders, axis=1)
    rows = np.arange(len(order))
    shape = points.shape[:-1]
    return Tiling(
        index[:, 0].reshape(shape),
        index[rows, order[:, 0]].reshape(shape),
        borders[rows, order[:, 0]].reshape(shape),
        borders[rows, order[:, 1]].reshape(shape),
    )


def scatter_seeds(rng: np.random.Generator, extent: Array, spacing: float) -> Array:
    """Cell centres over `extent` and a margin, fairly even, denser in some regions than in others."""
    low, high = -3 * spacing, extent + 3 * spacing
    crowding = SmoothField(rng, 2, float(extent.max()) * 0.7, 10)
    seeds: list[Array] = []
    for _ in range(14000):
        seed = rng.uniform(low, high)
        apart = spacing * 0.8 * np.clip(1 - 0.22 * crowding.at(seed), 0.62, 1.4)
        if all(np.sum((seed - other) ** 2) > apart**2 for other in seeds):
            seeds.append(seed)
    return np.array(seeds)


def bend(points: Array, rng: np.random.Generator, period: float, amount: float) -> Array:
    """`points` (..., 2) moved smoothly, so that straight borders become curved."""
    moved = [SmoothField(rng, 2, period, 24).at(points) * amount for _ in range(2)]
    return points + np.stack(moved, axis=-1)


class BorderStain:
    """How much junction protein each border carries: strong and weak borders, and gaps along them."""

    def __init__(self, rng: np.random.Generator, count: int) -> None:
        self.share = rng.lognormal(0, 0.3, size=count)
        self.pair_seed = int(rng.integers(1, 2**31))
        self.along = SmoothField(rng, 2, 4.5, 60)
        self.gaps = SmoothField(rng, 2, 9.0, 40)
        self.region = SmoothField(rng, 2, 55.0, 16)

    def strength(self, tiling: Tiling, points: Array) -> Array:
        first, second = np.minimum(tiling.cell, tiling.across), np.maximum(tiling.cell, tiling.across)
        hashed = (first * 73856093 ^ second * 19349663 ^ self.pair_seed) % 10007 / 10007.0
        border = np.where(hashed < 0.07, 0.22, 0.6 + 0.7 * hashed)  # a few borders hardly stain
        patchy = np.clip(1 + 0.32 * self.along.at(points), 0.2, 2.2)
        broken = 0.1 + 0.9 / (1 + np.exp(-(self.gaps.at(points) + 1.35) * 6))
        cells = np.sqrt(self.share[tiling.cell] * self.share[tiling.across])
        return border * patchy * broken * cells * np.clip(1 + 0.3 * self.region.at(points), 0.35, 1.8)


def membranes(rng: np.random.Generator) -> Sample:
    """Confocal stack of an epithelium stained for a junction protein; the labels are the whole cells (ZYX).

    DNA bleeds through from another channel, so that nuclei show inside the cells.
    """
    pixel, shape = (0.8, 0.3, 0.3), (8, 384, 384)
    flat = grid(shape[1:], pixel[1:])
    extent = np.array(shape[1:]) * pixel[1:]
    stretched = bend(bend(flat, rng, 75, 2.0), rng, 10, 0.4) * [1.0, 0.86]
    seeds = scatter_seeds(rng, extent, 9.0)
    weights = rng.uniform(0, 14.0, len(seeds))
    tilt = rng.normal([0.12, -0.05], 0.10, (len(seeds), 2))
    stain, surface = BorderStain(rng, len(seeds)), SmoothField(rng, 2, 130, 10)
    height = 2.3 + 1.1 * surface.at(flat)  # of the belt of junctions, in micrometers: the sheet is not flat
    fluid, grains = SmoothField(rng, 2, 12, 30), SmoothField(rng, 2, 1.4, 70)
    cytoplasm = rng.lognormal(0, 0.35, len(seeds))
    bleed = 0.3 * rng.lognormal(0, 0.25, len(seeds))
    chromatin = SmoothField(rng, 2, 1.8, 60)
    density, labels = np.zeros(shape), np.zeros(shape, np.int64)
    for plane in range(shape[0]):
        z = plane * pixel[0]
        centres = seeds + tilt * (z - 2.8)
        tiling = tile_plane(stretched, centres, weights)
        away = np.linalg.norm(stretched - centres[tiling.cell], axis=-1) + 0.3 * fluid.at(flat)
        nuclei = (
            bleed[tiling.cell] * np.clip(1 + 0.2 * chromatin.at(flat), 0.3, None) / (1 + np.exp((away - 2.2) / 0.15))
        )
        belt = 0.32 + 0.95 * np.exp(-(((z - height) / 1.5) ** 2))
        wall = np.exp(-((tiling.distance / 0.2) ** 2)) * stain.strength(tiling, flat)
        wall *= 1 + 0.5 * np.exp(-((tiling.corner / 0.6) ** 2))
        inside = 0.055 * cytoplasm[tiling.cell] * np.clip(1 + 0.3 * fluid.at(flat + z), 0.2, None)
        vesicles = 0.3 * np.clip(grains.at(flat + 0.9 * z) - 2.0, 0, None)
        density[plane] = belt * wall + inside + vesicles + nuclei
        labels[plane] = tiling.cell + 1
    density = add_debris(density, pixel, rng, 14)
    microscope = Microscope(sigma_xy=0.23, sigma_z=0.7, haze=0.24, photons=150, background=9, vignetting=0.4)
    return Sample(microscope.expose(density, pixel, rng), relabel(labels), "ZYX", pixel)


def two_channel(rng: np.random.Generator) -> Sample:
    """Widefield image of a cell sheet, DNA in one channel, membranes and cytoplasm in the other (CYX)."""
    pixel, shape = (0.325, 0.325), (384, 384)
    points, extent = grid(shape, pixel), np.array(shape) * pixel
    nuclei = place_nuclei(rng, extent, np.array([4.6, 4.6]), 74, closest=1.0, clumped=0.55)
    dna, labels = draw(nuclei, list(range(1, len(nuclei) + 1)), shape, pixel)
    seeds = np.array([nucleus.centre for nucleus in nuclei]) + rng.normal(0, 0.6, (len(nuclei), 2))
    bent = bend(points, rng, 14, 0.9)
    tiling = tile_plane(bent, seeds, np.zeros(len(seeds)))
    away = np.linalg.norm(bent - seeds[tiling.cell], axis=-1) + 1.2 * SmoothField(rng, 2, 10, 24).at(points)
    covered = 1 / (1 + np.exp((away - 13.5) / 0.35))  # cells end where there is room
    rim = np.exp(-(((away - 13.5) / 0.6) ** 2)) * 0.45
    amount = rng.lognormal(-0.1, 0.3, len(seeds))[tiling.cell]
    texture = np.clip(1 + 0.35 * SmoothField(rng, 2, 2.4, 60).at(points), 0.1, None)
    border = np.exp(-((tiling.distance / 0.35) ** 2)) * BorderStain(rng, len(seeds)).strength(tiling, points)
    marker = covered * (0.3 * amount * texture * (1 - 0.5 * (labels > 0)) + 0.85 * border) + rim
    wide = Microscope(sigma_xy=0.34, haze=0.22, photons=190)
    channels = [
        wide.expose(add_debris(dna, pixel, rng, 10), pixel, rng),
        wide.expose(add_debris(marker, pixel, rng, 6), pixel, rng),
    ]
    return Sample(np.stack(channels), relabel(labels), "CYX", pixel, channels=("DNA", "membrane"))
