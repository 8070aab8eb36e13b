"""Smears of blood, marrow and scraped cells in colour: pale bodies with a dark nucleus, among red cells.

Giemsa's and Papanicolaou's dyes stain nuclei purple, cytoplasm blue to pink and red cells salmon (Bain, Blood Cells,
Wiley 2015). They are drawn with colours far beyond that, and densities add up where cells lie over each other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from napari_unet.labels.types import Floats, Labels
from napari_unet.training.simulation.detectors import log_uniform
from napari_unet.training.simulation.placing import Placed, inner_distance, lens
from napari_unet.training.simulation.shapes import tidy
from napari_unet.training.simulation.stains import draw_dye, shine_through
from napari_unet.training.simulation.textures import mixture, texture

Rng = np.random.Generator

_NUCLEUS = ((0.55, 0.78, 0.30), (0.65, 0.70, 0.29), (0.45, 0.85, 0.25))
_CYTOPLASM = ((0.75, 0.55, 0.25), (0.30, 0.80, 0.40), (0.60, 0.60, 0.50), (0.20, 0.75, 0.60))
_RED_CELLS = ((0.15, 0.70, 0.65), (0.25, 0.65, 0.70), (0.20, 0.85, 0.45))

_SEEN = 0.6  # share of a nucleus that other cells must leave free for it to be drawn: slivers are no objects


def draw_smear_of_nuclei(side: int, rng: Rng) -> tuple[Floats, Labels]:
    """A colour image (3, side, side), normalized, and its nuclei; red cells and debris are no objects."""
    bodies, nuclei = _place_bodies(side, rng)
    red = _place_red_cells(side, rng, np.zeros((side, side), bool)) if rng.random() < 0.6 else None
    return _paint(bodies, nuclei, red, rng), tidy(nuclei)


def draw_smear_of_cells(side: int, rng: Rng) -> tuple[Floats, Labels]:
    """A colour image (3, side, side), normalized, and its whole cells, with a nucleus or red."""
    bodies, nuclei = _place_bodies(side, rng)
    red = _place_red_cells(side, rng, bodies > 0) if rng.random() < 0.6 else None
    cells = bodies if red is None else np.where(bodies > 0, bodies, (red + int(bodies.max())) * (red > 0))
    return _paint(bodies, nuclei, red, rng), tidy(cells.astype(np.int32))


def _place_bodies(side: int, rng: Rng) -> tuple[Labels, Labels]:
    """Cells, and the nucleus of each under the same number."""
    diameter, share = log_uniform(rng, 18, 110), rng.uniform(0.25, 0.85)
    placed, nuclei = Placed(side), np.zeros((side, side), np.int32)
    spread, slim, bumps = rng.uniform(0.05, 0.35), rng.uniform(0, 0.4), rng.uniform(0, 0.12)
    hidden, fullness, lobed = rng.uniform(0, 0.3), rng.uniform(0.45, 0.7), rng.choice([0, 0.3, 0.7])
    for _ in range(int(rng.uniform(0.1, 1.2) * side**2 / diameter**2) + 2):
        size = 0.5 * diameter * np.exp(rng.normal(0, spread))
        aspect, centre = np.exp(-abs(rng.normal(0, slim))), rng.uniform(0, side, 2)
        shape = lens(size / aspect**0.5, size * aspect**0.5, fullness, rng.normal(0, 0.08), bumps, rng.uniform(0, 6))
        if placed.add(centre, rng.uniform(0, np.pi), 2 * size + 2, shape, hidden):
            inner = min(0.9, share * np.exp(rng.normal(0, 0.15))) * size
            nucleus = _draw_nucleus(side, centre, inner, aspect, rng.random() < lobed, rng)
            seen = nucleus & (placed.labels == placed.count)
            if seen.sum() > _SEEN * nucleus.sum():
                nuclei[seen] = placed.count
    return placed.labels, nuclei


def _draw_nucleus(side: int, centre: Any, size: float, aspect: float, lobed: bool, rng: Rng) -> Any:
    """True in a nucleus: round, bent like a bean, or of two to five lobes in a row along an arc."""
    drawn, turn = Placed(side), rng.uniform(0, 2 * np.pi)
    if not lobed:
        shape = lens(size / aspect**0.5, size * aspect**0.5, 0.5, rng.normal(0, 0.2), 0.06, rng.uniform(0, 6))
        drawn.add(centre + rng.normal(0, 0.12 * size, 2), turn, 2 * size + 2, shape, 1.0)
        return drawn.labels > 0
    lobes = int(rng.integers(2, 6))
    radius = size * rng.uniform(0.35, 0.55)
    arc = turn + np.arange(lobes) * rng.uniform(0.7, 1.25) * radius / (0.55 * size)
    for angle in arc:
        place = centre + 0.55 * size * np.array([np.sin(angle), np.cos(angle)])
        own = radius * rng.uniform(0.8, 1.1)
        drawn.add(place, angle, 2 * own + 2, lens(own, own * rng.uniform(0.8, 1), 0.5), 1.0)
    return drawn.labels > 0


def _place_red_cells(side: int, rng: Rng, taken: Any) -> Labels:
    """Round cells of one size, where none of those with a nucleus is."""
    diameter, placed = log_uniform(rng, 12, 45), Placed(side)
    placed.labels[taken] = -1
    hidden, slim = rng.uniform(0, 0.35), rng.uniform(0, 0.25)
    for _ in range(min(700, int(rng.uniform(0.1, 1.3) * side**2 / diameter**2) + 1)):
        size, aspect = 0.5 * diameter * np.exp(rng.normal(0, 0.08)), np.exp(-abs(rng.normal(0, slim)))
        shape = lens(size / aspect**0.5, size * aspect**0.5, 0.5)
        placed.add(rng.uniform(0, side, 2), rng.uniform(0, np.pi), 2 * size + 2, shape, hidden)
    red: Labels = placed.labels.clip(0)
    return red


def _paint(bodies: Labels, nuclei: Labels, red: Labels | None, rng: Rng) -> Floats:
    """Each part in its dye, over plasma of a little colour, with platelets and specks."""
    shape, count = bodies.shape, int(bodies.max()) + 1
    depth = inner_distance(bodies)
    body = np.exp(rng.normal(0, rng.uniform(0.05, 0.4), count))[bodies] * (bodies > 0)
    body = body * (1 + rng.uniform(0, 0.5) * mixture(shape, rng)).clip(0.1)
    body = body * (1 + rng.uniform(-0.7, 1.0) * np.exp(-depth / rng.uniform(1, 8)))  # thin or folded borders
    nucleus = np.exp(rng.normal(0, rng.uniform(0, 0.25), count))[nuclei] * (nuclei > 0)
    nucleus = nucleus * (1 + rng.uniform(0, 0.5) * texture(shape, rng.uniform(2, 8), rng)).clip(0.2)
    density = rng.uniform(0.05, 0.6) * _soften(body, rng) * draw_dye(_CYTOPLASM, rng)[:, None, None]
    density = density + rng.uniform(0.5, 1.8) * _soften(nucleus, rng) * draw_dye(_NUCLEUS, rng)[:, None, None]
    if rng.random() < 0.4:  # granules in the cytoplasm
        grain = (texture(shape, rng.uniform(1.5, 4), rng) - rng.uniform(0.5, 1.5)).clip(0) * (bodies > 0)
        density = density + rng.uniform(0.1, 0.6) * grain * draw_dye(_NUCLEUS + _RED_CELLS, rng)[:, None, None]
    if red is not None:
        density = density + _paint_red_cells(red, rng) * draw_dye(_RED_CELLS, rng)[:, None, None]
    specks = (rng.random(shape, np.float32) < rng.uniform(0, 0.001)).astype(np.float32)
    specks = ndimage.gaussian_filter(specks, blur := rng.uniform(0.6, 2)) * 2 * np.pi * blur**2
    density = density + rng.uniform(0.2, 1) * specks * draw_dye(_NUCLEUS, rng)[:, None, None]
    plasma = rng.uniform(0, 0.25) * (1 + rng.uniform(0, 0.5) * mixture(shape, rng)).clip(0)
    return shine_through(density + plasma * draw_dye(_CYTOPLASM, rng)[:, None, None], rng)


def _paint_red_cells(red: Labels, rng: Rng) -> Any:
    """Density of red cells: thinner in the middle, each of its own thickness."""
    depth = inner_distance(red)
    radius = np.sqrt((red > 0).sum() / max(1, len(np.unique(red)) - 1) / np.pi)
    own = np.exp(rng.normal(0, rng.uniform(0, 0.2), int(red.max()) + 1))[red] * (red > 0)
    hollow = 1 - rng.uniform(0, 0.8) * (depth / (radius + 1e-6)).clip(0, 1) ** rng.uniform(1, 3)
    return rng.uniform(0.15, 0.9) * _soften(own * hollow, rng)


def _soften(amount: Any, rng: Rng) -> Any:
    return ndimage.gaussian_filter(np.asarray(amount, np.float32), rng.uniform(0.3, 1.2))
