"""Nanoparticles on a film: spheres, crystals with facets, rods, alone, in heaps and in layers.

In transmission a particle is as dark as it is thick, crystals each by how they lie (diffraction contrast), and just
out of focus it has a fringe (Williams and Carter, Transmission Electron Microscopy, Springer 2009); secondary electrons
make edges bright (Goldstein et al., Scanning Electron Microscopy and X-Ray Microanalysis, Springer 2018).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from napari_unet.labels.types import Floats, Labels
from napari_unet.training.simulation.detectors import log_uniform, scan_image
from napari_unet.training.simulation.electron.clutter import granules
from napari_unet.training.simulation.placing import Inside, Placed, facets, inner_distance, lens
from napari_unet.training.simulation.shapes import tidy
from napari_unet.training.simulation.textures import edge_distance, texture

Rng = np.random.Generator


def draw_particles(side: int, rng: Rng) -> tuple[Floats, Labels]:
    """A scene: dark particles in transmission or bright ones in a scanning microscope."""
    radius = log_uniform(rng, 4, 45)
    placed = _place(side, radius, rng)
    labels = tidy(placed.labels)
    film = _film(side, rng)
    bright = rng.random() < 0.4
    image = _scattered(labels, film, rng) if bright else film - _absorbed(labels, rng)
    edge = edge_distance(labels).clip(-side, side)
    if rng.random() < 0.4:  # fringe of what is out of focus
        period, reach = rng.uniform(3, 8), rng.uniform(1, 4)
        image = image + rng.normal(0, 0.25) * np.cos(2 * np.pi * edge / period) * np.exp(-np.abs(edge) / reach)
    if rng.random() < 0.3:  # a shell of ligands, or glow
        image = image + rng.normal(0, 0.2) * np.exp(-((edge.clip(0) / (0.3 * radius + 1)) ** 2)) * (edge > 0)
    return scan_image(image, rng, blur=(0.3, 1.6), noise=0.35), labels


def _place(side: int, radius: float, rng: Rng) -> Placed:
    placed, spread = Placed(side), rng.choice([0.04, 0.15, 0.35]) * rng.uniform(0.5, 1.3)
    hidden, sides, slim = rng.uniform(0, 0.3), int(rng.choice([0, 0, 3, 4, 5, 6, 8])), rng.choice([1, 1, 0.8, 0.4])
    crooked = rng.uniform(0, 0.15)
    for centre in _centres(side, radius, rng)[:900]:
        size = radius * float(np.exp(rng.normal(0, spread)))
        placed.add(centre, rng.uniform(0, 2 * np.pi), 2.2 * size + 2, _shape(size, sides, slim, crooked, rng), hidden)
    return placed


def _shape(size: float, sides: int, slim: float, crooked: float, rng: Rng) -> Inside:
    """A disc, an ellipse, a rod, or a polygon of so many sides."""
    if sides == 0:
        fullness = 0.5 if slim > 0.5 else 0.75
        return lens(size / slim**0.5, size * slim**0.5, fullness, bumps=crooked * 0.5, phase=rng.uniform(0, 6))
    turns = 2 * np.pi * (np.arange(sides) + rng.normal(0, crooked, sides)) / sides
    return facets(size, turns, np.cos(np.pi / sides) ** 0.5 * np.exp(rng.normal(0, crooked, sides)))


def _centres(side: int, radius: float, rng: Rng) -> Any:
    """Anywhere, in heaps, or in a layer with gaps."""
    wanted = int(rng.uniform(0.1, 1.2) * side**2 / (np.pi * radius**2)) + 2
    kind = rng.random()
    if kind < 0.4:
        return rng.uniform(0, side, (wanted, 2))
    if kind < 0.7:
        hubs = rng.uniform(0, side, (max(1, wanted // int(rng.integers(4, 40))), 2))
        reach = radius * np.sqrt(wanted / len(hubs)) * rng.uniform(0.5, 1.2)
        return hubs[rng.integers(len(hubs), size=wanted)] + rng.normal(0, reach, (wanted, 2))
    step = 2 * radius * rng.uniform(0.97, 1.3)
    grid = np.mgrid[0 : int(side / step / 0.86) + 2, 0 : int(side / step) + 2].reshape(2, -1).T.astype(float)
    places = np.column_stack([0.866 * grid[:, 0], grid[:, 1] + 0.5 * (grid[:, 0] % 2)])
    places = (places + rng.normal(0, rng.uniform(0, 0.12), grid.shape)) * step
    gaps = texture((side, side), side / rng.uniform(1.5, 5), rng) > rng.uniform(-1.5, 0.3)
    at = places.astype(int).clip(0, side - 1)
    return rng.permutation(places[gaps[at[:, 0], at[:, 1]]])


def _film(side: int, rng: Rng) -> Any:
    """A support of carbon: fine grain, uneven thickness, and holes."""
    shape = (side, side)
    film = 1 + rng.uniform(0, 0.12) * texture(shape, rng.uniform(2, 5), rng)
    film = film + rng.uniform(0, 0.2) * texture(shape, rng.uniform(30, 200), rng)
    if rng.random() < 0.3:
        film = film - rng.uniform(0, 0.25) * granules(shape, rng)
    if rng.random() < 0.3:
        field = ndimage.gaussian_filter(texture(shape, rng.uniform(60, 200), rng), 2)
        steep = np.hypot(*np.gradient(field)) + 1e-2
        step = np.tanh((field - rng.normal(0, 1)) / (steep * rng.uniform(1.5, 6)))
        film = film + rng.normal(0, 0.15) * step
    return film


def _absorbed(labels: Labels, rng: Rng) -> Any:
    """How much darker than the film: by thickness, each crystal by how it lies, with stripes and cores."""
    count = int(labels.max()) + 1
    depth = inner_distance(labels)
    widest = ndimage.maximum(depth, labels, np.arange(count)) + 1e-3
    part = (depth / widest[labels]).clip(0, 1)
    round_ = np.sqrt((1 - (1 - part) ** 2).clip(0))
    thick = (1 - (flat := rng.choice([0.0, 0.5, 1.0]))) * round_ + flat
    own = np.exp(rng.normal(0, rng.uniform(0, 0.5), count))[labels]
    dark = rng.uniform(0.25, 0.9) * (1 - np.exp(-2 * thick * own)) * (labels > 0)
    if rng.random() < 0.3:  # fringes of thickness or twins
        dark = dark * (1 + rng.uniform(0, 0.5) * np.sin(2 * np.pi * part * rng.uniform(1, 3)))
    if rng.random() < 0.25:  # core and shell
        dark = dark * np.where(part > rng.uniform(0.3, 0.6), 1, rng.uniform(0.4, 0.8))
    return dark * (1 + rng.uniform(0, 0.25) * texture(labels.shape, rng.uniform(2, 10), rng))


def _scattered(labels: Labels, film: Any, rng: Rng) -> Any:
    """Bright particles with brighter edges and a shaded side on a darker film."""
    count = int(labels.max()) + 1
    depth = inner_distance(labels)
    rim = np.exp(-depth / rng.uniform(1, 5))
    own = 1 + rng.normal(0, rng.uniform(0, 0.2), count)[labels]
    body = own * rng.uniform(0.4, 0.9) + rng.uniform(0, 0.8) * rim + rng.uniform(0, 0.1) * texture(labels.shape, 4, rng)
    dome = ndimage.gaussian_filter(np.minimum(depth, rng.uniform(3, 15)), 1.0)
    turn = rng.uniform(0, 2 * np.pi)
    down, right = np.gradient(dome)
    body = body + rng.uniform(0, 0.4) * (np.cos(turn) * right + np.sin(turn) * down)
    return np.where(labels > 0, body, rng.uniform(0.05, 0.5) * film)
