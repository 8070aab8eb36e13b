"""Organelles in thin sections: mitochondria with cristae, chloroplasts with stacks of thylakoids and starch, granules.

Each has an envelope and a matrix, and folds that follow its own axes (Palade, Journal of Histochemistry and
Cytochemistry 1:188, 1953; Staehelin, Photosynthesis Research 76:185, 2003). Walls, vacuoles, vesicles, reticulum and
droplets around them are no objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import ndimage

from napari_unet.labels.types import Floats, Labels
from napari_unet.training.simulation.detectors import log_uniform, scan_image
from napari_unet.training.simulation.electron.clutter import contour_lines, granules, rings
from napari_unet.training.simulation.placing import Placed, inner_distance, lens, pack
from napari_unet.training.simulation.shapes import tidy
from napari_unet.training.simulation.textures import edge_distance, texture

Rng = np.random.Generator


@dataclass(frozen=True, eq=False)
class Cells:
    """What organelles lie in: how far each pixel is from the nearest wall, walls `wall` pixels thick, and vacuoles."""

    depth: Floats
    wall: float
    lining: float  # thickness of the cytoplasm along the wall, in pixels; all is cytoplasm if it is 0


def draw_organelles(side: int, rng: Rng) -> tuple[Floats, Labels]:
    """A scene: plant cells whose organelles are pressed to their walls, or cytoplasm full of organelles."""
    long = log_uniform(rng, 14, 90)
    plant = rng.random() < 0.5
    cells = pack(
        side, long * rng.uniform(1.5, 7), rng, rng.uniform(0, 0.5), rng.uniform(0.6, 1.6), rng.uniform(0, 0.15)
    )
    depth = inner_distance(cells)
    wall = log_uniform(rng, 1, 6) if plant else rng.uniform(0, 2)
    scenery = Cells(depth, wall, rng.uniform(1, 0.5 * long) if plant else 0.0)
    placed, grains = _place(side, long, scenery, rng)
    labels = tidy(placed.labels.clip(0))
    cytosol = rng.uniform(0.5, 1.0)
    matrix = cytosol + (contrast := rng.choice([-1, 1], p=[0.8, 0.2]) * rng.uniform(0.15, 0.55))
    inside, ground = _paint_inside(placed, grains, matrix, rng), _paint_ground(placed.labels, scenery, cytosol, rng)
    image = np.where(placed.labels > 0, inside, ground)
    return scan_image(
        -image if rng.random() < 0.3 else image, rng, blur=(0.3, 1.3), noise=0.2 + 0.2 * abs(contrast)
    ), labels


def _place(side: int, long: float, cells: Cells, rng: Rng) -> tuple[Placed, Labels]:
    """Organelles along the walls or anywhere, and grains of starch within some."""
    placed, grains = Placed(side), Placed(side)
    placed.labels[cells.depth < cells.wall + 1] = -1
    slim, spread = rng.uniform(0.2, 0.6 if cells.lining > 0 else 0.9), rng.uniform(0.1, 0.5)
    fullness, bent, starch = rng.uniform(0.05, 0.8), rng.uniform(0, 0.3), rng.choice([0, 1, 3, 6])
    fall_y, fall_x = np.gradient(ndimage.gaussian_filter(cells.depth, 1.5))
    wanted, hidden = int(rng.uniform(0.3, 1.6) * (side / long) ** 2 / (2 * slim)) + 2, rng.uniform(0.03, 0.3)
    for _ in range(min(wanted, 400)):
        half = 0.5 * long * np.exp(rng.normal(0, spread)) * rng.choice([1, 0.6])
        short = half * min(1.0, slim * np.exp(rng.normal(0, 0.2)))
        y, x = rng.uniform(0, side, 2)
        turn = rng.uniform(0, np.pi)
        at = int(y), int(x)
        if cells.lining > 0:  # moved to where it touches the wall, and turned along it
            steep = np.hypot(fall_y[at], fall_x[at]) + 1e-6
            move = cells.wall + 1 + short * rng.uniform(0.8, 1.3) - cells.depth[at]
            y, x = y + move * fall_y[at] / steep, x + move * fall_x[at] / steep
            turn = np.arctan2(fall_x[at], -fall_y[at]) + rng.normal(0, 0.1)
        shape = lens(half, short, fullness, rng.normal(0, bent) * 0.5, rng.uniform(0, 0.12), rng.uniform(0, 6))
        if placed.add((y, x), turn, 1.4 * half + 1, shape, hidden):
            for _ in range(int(rng.integers(0, starch + 1))):
                off = rng.uniform(-0.5, 0.5) * half
                centre = y + off * np.sin(turn), x + off * np.cos(turn)
                grain = lens(half * rng.uniform(0.1, 0.4), short * rng.uniform(0.15, 0.45), 0.4)
                grains.add(centre, turn + rng.normal(0, 0.2), half, grain, 0.0)
    return placed, grains.labels


def _paint_inside(placed: Placed, grains: Labels, matrix: float, rng: Rng) -> Any:
    """An envelope of one or two membranes, a matrix of each organelle's own grey, folds, and grains."""
    shape, labels = placed.labels.shape, placed.labels.clip(0)
    depth = inner_distance(labels)
    own = rng.normal(0, rng.uniform(0, 0.15), placed.count + 1)[labels]
    image = matrix + own + rng.uniform(0, 0.12) * texture(shape, rng.uniform(2, 8), rng)
    image = image + rng.choice([-1, 1]) * rng.uniform(0, 0.15) * granules(shape, rng)
    image = image + rng.choice([-1, 1], p=[0.6, 0.4]) * rng.uniform(0, 0.5) * _folds(placed, rng) * (depth > 2)
    if rng.random() < 0.8:
        width = rng.uniform(0.7, 1.6)
        image = image - rng.uniform(0.1, 0.5) * np.exp(-(((depth - 1) / width) ** 2))
        if rng.random() < 0.5:  # the pale space between two membranes
            image = image + rng.uniform(0, 0.4) * np.exp(-(((depth - 1 - 2.2 * width) / width) ** 2))
    edge = edge_distance(grains)
    starch = rng.uniform(0.5, 1.1) - 0.4 * np.exp(-(edge**2)) * (rng.random() < 0.6)
    return np.where((grains > 0) & (depth > 2), starch, image)


def _folds(placed: Placed, rng: Rng) -> Any:
    """0 to 1: stripes along the organelles (thylakoids) or across (cristae), each with its own period, in patches."""
    shape, labels = placed.labels.shape, placed.labels.clip(0)
    period = log_uniform(rng, 2.5, 9) * np.exp(rng.normal(0, 0.15, placed.count + 1))[labels]
    kind = rng.random()
    if kind < 0.2:
        return np.zeros(shape, np.float32)
    place = placed.across if kind < 0.6 else placed.along
    bend = rng.uniform(0.2, 1.5) * texture(shape, rng.uniform(8, 30), rng)
    stripes = 0.5 + 0.5 * np.sin(2 * np.pi * place / period + bend)
    patch = texture(shape, period.mean() * rng.uniform(2, 6), rng) + rng.uniform(-0.5, 1.5)
    return stripes ** rng.uniform(1, 4) / (1 + np.exp(-5 * patch))


def _paint_ground(labels: Labels, cells: Cells, cytosol: float, rng: Rng) -> Any:
    """Cytoplasm with membranes and vesicles, bright vacuoles, dark walls with a pale core, or none."""
    shape = labels.shape
    image = cytosol + rng.uniform(0, 0.1) * texture(shape, rng.uniform(3, 40), rng)
    image = image - rng.uniform(0.0, 0.25) * granules(shape, rng)
    for _ in range(int(rng.integers(0, 3))):
        image = image - rng.uniform(0.1, 0.4) * contour_lines(shape, rng)
    if rng.random() < 0.6:
        image = image - rng.uniform(0.2, 0.6) * rings(shape, (2, rng.uniform(5, 25)), int(rng.integers(3, 50)), rng)
    if rng.random() < 0.3:  # droplets and dense bodies
        image = image + rng.uniform(-0.8, 0.3) * _droplets(shape[0], rng)
    if cells.lining > 0:
        away = inner_distance(labels <= 0)
        ragged = cells.lining * (1 + 0.5 * texture(shape, rng.uniform(10, 50), rng))
        vacuole = (cells.depth > cells.wall + ragged.clip(1)) & (away > rng.uniform(1, 4))
        image = np.where(vacuole, rng.uniform(0.8, 1.1), image)
        image = image - 0.4 * (vacuole ^ ndimage.binary_erosion(vacuole)) * rng.random()
    dark = rng.uniform(-0.2, 0.3)
    wall = dark + rng.uniform(0, 0.5) * np.exp(-((cells.depth / (0.4 * cells.wall + 0.3)) ** 2)) * (rng.random() < 0.4)
    return np.where(cells.depth < cells.wall, wall, image)


def _droplets(side: int, rng: Rng) -> Any:
    """1 in round bodies, 0 around."""
    placed, size = Placed(side), log_uniform(rng, 2, 12)
    for _ in range(int(rng.integers(2, 25))):
        radius = size * np.exp(rng.normal(0, 0.3))
        placed.add(rng.uniform(0, side, 2), 0.0, radius + 1, lens(radius, radius, 0.5), 0.2)
    return placed.labels > 0
