"""Whole cells in fluorescence: their membranes in packed tissue, or their cytoplasm around a nucleus."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from napari_unet.labels.types import Floats, Labels
from napari_unet.training.simulation.detectors import detect, log_uniform
from napari_unet.training.simulation.placing import Placed, inner_distance, lens, pack
from napari_unet.training.simulation.shapes import tidy
from napari_unet.training.simulation.textures import edge_distance, mixture, texture

Rng = np.random.Generator


def draw_membranes(side: int, rng: Rng) -> tuple[Floats, Labels]:
    """A scene: tissue whose walls are bright, or dark, unevenly stained and in places hardly at all."""
    diameter = log_uniform(rng, 11, 90)
    cells = _pack_tissue(side, diameter, rng)
    depth = inner_distance(cells)
    width = log_uniform(rng, 0.8, 0.05 * diameter + 1.5)
    tissue = cells > 0
    labels = tidy(np.where(tissue & (depth > rng.uniform(0, 1.0) * width), cells, 0).astype(np.int32))
    wall = np.exp(-((depth / width) ** 2)) * (tissue | (inner_distance(~tissue) < 2 * width))
    if rng.random() < 0.3:  # seen aslant: a soft skirt beside the sharp line
        wall = wall + rng.uniform(0, 0.5) * np.exp(-depth / (3 * width)) * tissue
    stain = np.exp(rng.uniform(0, 0.6) * texture(cells.shape, log_uniform(rng, 0.4, 4) * diameter, rng))
    stain = stain * (1 + rng.uniform(0, 0.4) * texture(cells.shape, rng.uniform(2, 5), rng)).clip(0.2)
    if rng.random() < 0.3:  # gaps
        stain = stain * (0.1 + 0.9 * (texture(cells.shape, 0.7 * diameter, rng) > -1.2))
    image = wall * stain + _inside_of_cells(cells, labels, rng)
    if rng.random() < 0.4:  # walls of another plane, and haze
        other = inner_distance(pack(side, diameter * rng.uniform(0.7, 1.4), rng))
        image = image + rng.uniform(0, 0.5) * np.exp(-((other / (2.5 * width)) ** 2)) * tissue
    image = image + rng.uniform(0, 0.5) * ndimage.gaussian_filter(image, 0.3 * diameter)
    return detect(-image if rng.random() < 0.25 else image, rng, blur=(0.3, 1.4), noise=0.3), labels


def _pack_tissue(side: int, diameter: float, rng: Rng) -> Labels:
    """Cells that fill the image, or all of it but some cells and what is outside of the tissue."""
    stretch = log_uniform(rng, 0.4, 2.5) if rng.random() < 0.4 else 1.0
    cells = pack(side, diameter, rng, rng.uniform(0, 0.4), stretch, 0.2 * rng.random() ** 2)
    if rng.random() < 0.3:
        gone = rng.random(int(cells.max()) + 1) < rng.uniform(0, 0.3)
        cells = np.where(gone[cells], 0, cells)
    if rng.random() < 0.3:
        outside = texture((side, side), side / rng.uniform(1, 4), rng) > rng.uniform(0.2, 1.5)
        count = np.bincount(cells.ravel())
        share = np.bincount(cells.ravel(), outside.ravel()) / np.maximum(count, 1)
        cells = np.where(share[cells] > 0.5, 0, cells)
    packed: Labels = cells.astype(np.int32)
    return packed


def _inside_of_cells(cells: Labels, labels: Labels, rng: Rng) -> Any:
    """Dim cytoplasm, in some cells more than in others, nuclei as shades, dots."""
    shape = cells.shape
    own = np.exp(rng.normal(0, rng.uniform(0, 0.8), int(cells.max()) + 1))[cells] * (cells > 0)
    inside = rng.uniform(0, 0.35) * own * (1 + rng.uniform(0, 0.4) * mixture(shape, rng)).clip(0.1)
    if rng.random() < 0.4 and labels.any():
        nuclei = draw_nuclei(labels, rng, 0.55)
        inside = inside * np.where(nuclei > 0, rng.choice([0.3, 1.6]), 1) + rng.uniform(0, 0.2) * (nuclei > 0)
    if rng.random() < 0.3:
        dots = ndimage.gaussian_filter(rng.random(shape, np.float32) > 0.995, rng.uniform(0.6, 1.2), output=np.float32)
        inside = inside + rng.uniform(0, 0.6) * dots / (dots.max() + 1e-6)
    return inside


def draw_cytoplasm(side: int, rng: Rng) -> tuple[Floats, Labels]:
    """A scene: cells single, in groups or packed, bright or hardly so, with a dark or bright nucleus and fibres."""
    diameter = log_uniform(rng, 18, 100)
    cells = _pack_tissue(side, diameter, rng) if rng.random() < 0.45 else _scatter(side, diameter, rng)
    gap = rng.uniform(0, 0.08) * diameter if rng.random() < 0.6 else 0.0
    labels = tidy(np.where((cells > 0) & (inner_distance(cells) > gap), cells, 0).astype(np.int32))
    count, shape = int(labels.max()) + 1, labels.shape
    unequal = rng.uniform(0.05, 1.0)
    own = np.exp(rng.normal(0, unequal, count)).clip(0.1, 6)[labels]
    depth = (inner_distance(labels) / (0.35 * diameter)).clip(0, 1)
    body = (1 - (fall := rng.uniform(0, 0.9))) + fall * depth ** rng.uniform(0.5, 2)  # thin at the border
    body = body * (1 + rng.uniform(0, 0.4) * mixture(shape, rng)).clip(0.15)
    if rng.random() < 0.5:
        body = body + rng.uniform(0.1, 0.9) * _fibres(labels, diameter, rng)
    if rng.random() < 0.3:  # the border, where cells ruffle or touch
        body = body + rng.uniform(0.1, 0.8) * np.exp(-((inner_distance(labels) / rng.uniform(1, 3)) ** 2))
    if rng.random() < 0.8 and labels.any():
        nuclei = draw_nuclei(labels, rng, rng.uniform(0.3, 0.65))
        soft = ndimage.gaussian_filter((nuclei > 0).astype(np.float32), rng.uniform(0.4, 1.5))
        body = body * (1 + soft * rng.choice([rng.uniform(-0.9, -0.4), rng.uniform(0.3, 1.5)], p=[0.6, 0.4]))
    ground = log_uniform(rng, 0.01, 0.3) * (1 + 0.4 * mixture(shape, rng)).clip(0.1)
    image = np.where(labels > 0, own * body, 0) + ground
    image = image + rng.uniform(0, 0.3) * ndimage.gaussian_filter(image, rng.uniform(0.1, 0.5) * diameter)
    return detect(-image if rng.random() < 0.1 else image, rng, blur=(0.3, 2.0), noise=0.25), labels


def _scatter(side: int, diameter: float, rng: Rng) -> Labels:
    """Single cells and groups, round, long or with uneven outlines."""
    placed, slim, spread = Placed(side), rng.uniform(0, 0.8), rng.uniform(0.05, 0.4)
    bumps, hidden, fullness = rng.uniform(0, 0.2), rng.uniform(0, 0.4), rng.uniform(0.2, 0.75)
    for _ in range(int(rng.uniform(0.2, 1.6) * side**2 / diameter**2) + 2):
        size = 0.5 * diameter * np.exp(rng.normal(0, spread))
        aspect = np.exp(-abs(rng.normal(0, slim))).clip(0.2)
        shape = lens(size / aspect**0.5, size * aspect**0.5, fullness, rng.normal(0, 0.15), bumps, rng.uniform(0, 6))
        placed.add(rng.uniform(0, side, 2), rng.uniform(0, np.pi), 2.6 * size + 2, shape, hidden)
    shift = rng.uniform(0, 0.12) * diameter
    bent = np.mgrid[:side, :side] + shift * np.stack(
        [texture((side, side), 0.5 * diameter, rng), texture((side, side), 0.5 * diameter, rng)]
    )
    rows, columns = bent.astype(int).clip(0, side - 1)
    warped: Labels = placed.labels[rows, columns]
    return warped


def draw_nuclei(cells: Labels, rng: Rng, share: float) -> Labels:
    """A nucleus in each cell, `share` of its diameter across, near its middle: labels of the cells where one is."""
    placed = Placed(cells.shape[0])
    for number, box in enumerate(ndimage.find_objects(cells), start=1):
        if box is None:
            continue
        rows, columns = np.nonzero(cells[box] == number)
        size = 0.5 * share * np.sqrt(4 * len(rows) / np.pi) * np.exp(rng.normal(0, 0.1))
        centre = np.array([rows.mean() + box[0].start, columns.mean() + box[1].start]) + rng.normal(0, 0.2 * size, 2)
        aspect = np.exp(-abs(rng.normal(0, 0.25)))
        shape = lens(size / aspect**0.5, size * aspect**0.5, 0.5)
        placed.add(centre, rng.uniform(0, np.pi), 2 * size + 2, shape, 0.9)
    nuclei: Labels = np.where(placed.labels > 0, cells, 0).astype(np.int32)
    return nuclei


def _fibres(labels: Labels, diameter: float, rng: Rng) -> Any:
    """0 to 1: fibres of a cytoskeleton, in each cell along a direction of its own, or around the core."""
    shape, side = labels.shape, labels.shape[0]
    turn = rng.uniform(0, np.pi, int(labels.max()) + 1)[labels]
    y, x = np.mgrid[:side, :side].astype(np.float32)
    straight = np.cos(turn) * x + np.sin(turn) * y
    place = straight if rng.random() < 0.6 else edge_distance(labels)
    bend = rng.uniform(0.05, 0.4) * diameter * texture(shape, diameter * rng.uniform(0.3, 1), rng)
    waves = np.sin(2 * np.pi * (place + bend) / log_uniform(rng, 3, 9))
    patch = texture(shape, rng.uniform(6, 30), rng)
    return waves.clip(0) ** 2 / (1 + np.exp(-3 * patch))
