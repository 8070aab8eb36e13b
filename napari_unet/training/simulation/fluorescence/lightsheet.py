"""An embryo in a light sheet: hundreds of nuclei on a glowing ground, dimmer with depth, others out of focus.

Light is lost and scattered on the way through tissue, by exp(-depth / length), and what lies out of the plane is
blurred (Huisken and Stainier, Development 136:1963, 2009; Royer et al., Nature Biotechnology 34:1267, 2016).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from napari_unet.labels.types import Floats, Labels
from napari_unet.training.simulation.detectors import detect, log_uniform
from napari_unet.training.simulation.placing import Placed, inner_distance, lens
from napari_unet.training.simulation.shapes import tidy
from napari_unet.training.simulation.textures import texture

Rng = np.random.Generator


def draw_lightsheet(side: int, rng: Rng) -> tuple[Floats, Labels]:
    """A scene: nuclei of about one size within a ball or a slab of tissue; those in focus are labelled."""
    diameter = log_uniform(rng, 8, 22)
    tissue = _draw_tissue(side, rng)
    depth = inner_distance(tissue)
    nuclei = _place(tissue, depth, diameter, rng)
    labels = tidy(nuclei.labels.clip(0))
    dimming = _dimming(depth, rng)
    own = np.exp(rng.normal(0, rng.uniform(0.1, 1.0), int(labels.max()) + 1)).clip(0.1, 4)[labels]
    body = 1 + rng.uniform(0, 0.35) * texture(labels.shape, rng.uniform(2, 5), rng)
    if rng.random() < 0.4:  # brighter or darker towards the core
        inner = (inner_distance(labels) / (0.5 * diameter)).clip(0, 1)
        body = body * (1 + rng.uniform(-0.5, 0.8) * (inner - 0.5))
    image = np.where(labels > 0, own * body.clip(0.3), 0)
    sharp = ndimage.gaussian_filter(image, 0.05 * diameter)
    soft = ndimage.gaussian_filter(image, rng.uniform(0.08, 0.2) * diameter)
    scattered = 1 - dimming / dimming.max()
    image = dimming * (sharp * (1 - scattered) + soft * scattered)
    image = image + dimming * (_out_of_focus(tissue, diameter, rng) + _glow(tissue, rng))
    return detect(image, rng, blur=(0.2, 0.9), noise=0.12), labels


def _draw_tissue(side: int, rng: Rng) -> Any:
    """True where the embryo is: a ball, partly outside of the image, uneven, perhaps hollow; or everywhere."""
    if rng.random() < 0.2:
        return np.ones((side, side), bool)
    y, x = np.mgrid[:side, :side].astype(np.float32) - side * rng.uniform(0.2, 0.8, 2)[:, None, None]
    radius = side * rng.uniform(0.3, 0.9)
    away = np.hypot(y * rng.uniform(0.7, 1.4), x)
    away = away + rng.uniform(0, 0.08) * side * texture((side, side), side / rng.uniform(2, 6), rng)
    tissue = away < radius
    if rng.random() < 0.4:  # a shell: nuclei around yolk or a hollow
        tissue &= away > radius * rng.uniform(0.3, 0.85)
    return tissue


def _place(tissue: Any, depth: Floats, diameter: float, rng: Rng) -> Placed:
    """Nuclei in focus, side by side; none too near to the outline of the tissue."""
    side = tissue.shape[0]
    placed = Placed(side)
    placed.labels[~tissue] = -1
    wanted = int(rng.uniform(0.3, 1.6) * tissue.sum() / diameter**2) + 1
    where = np.flatnonzero(depth > 0.3 * diameter)
    if len(where) == 0:
        return placed
    spread, slim, hidden = rng.uniform(0.05, 0.2), rng.uniform(0, 0.35), rng.uniform(0, 0.15)
    for spot in rng.choice(where, min(wanted, 1500)):
        size = 0.5 * diameter * np.exp(rng.normal(0, spread))
        aspect = np.exp(-abs(rng.normal(0, slim)))
        shape = lens(size / aspect**0.5, size * aspect**0.5, 0.5, bumps=0.06, phase=rng.uniform(0, 6))
        placed.add(np.divmod(spot, side) + rng.uniform(0, 1, 2), rng.uniform(0, np.pi), 2 * size + 2, shape, hidden)
    return placed


def _dimming(depth: Floats, rng: Rng) -> Floats:
    """How much light is left: less towards the core, and from one side to the other; a tenth or more is left."""
    side = depth.shape[0]
    y, x = np.mgrid[:side, :side].astype(np.float32) / side - 0.5
    turn = rng.uniform(0, 2 * np.pi)
    across = np.cos(turn) * x + np.sin(turn) * y + 0.7
    lost = rng.uniform(0, 1.6) * across + rng.uniform(0, 1.5) * depth / side
    left: Floats = np.exp(-lost).clip(0.1).astype(np.float32)
    return left


def _out_of_focus(tissue: Any, diameter: float, rng: Rng) -> Any:
    """Nuclei above and below the plane: blurred, and no objects."""
    points = np.zeros(tissue.shape, np.float32)
    where = np.flatnonzero(tissue)
    if len(where) == 0:
        return points
    glow = points
    for _ in range(2):
        points = np.zeros(tissue.shape, np.float32)
        chosen = rng.choice(where, int(rng.uniform(0.1, 1.2) * len(where) / diameter**2) + 1)
        points.ravel()[chosen] = rng.uniform(0.3, 1, len(chosen))
        blur = diameter * rng.uniform(0.4, 1.1)
        glow = glow + rng.uniform(0, 0.5) * ndimage.gaussian_filter(points, blur) * 2 * np.pi * blur**2
    return glow


def _glow(tissue: Any, rng: Rng) -> Any:
    """Light of the tissue itself, that leaks around it."""
    soft = ndimage.gaussian_filter(tissue.astype(np.float32), rng.uniform(2, 12))
    uneven = 1 + rng.uniform(0, 0.4) * texture(tissue.shape, rng.uniform(20, 100), rng)
    return log_uniform(rng, 0.02, 1.0) * soft * uneven.clip(0.1)
