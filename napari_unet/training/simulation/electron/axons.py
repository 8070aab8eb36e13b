"""Axons in electron microscopy: fields of fibres of very different calibre, each in a sheath of myelin.

An object is what lies inside of the sheath. Axons take up .6 to .8 of the diameter of their fibres, thin ones less
regularly (Rushton, Journal of Physiology 115:101, 1951; Chomiak and Hu, PLoS ONE 4:e7754, 2009); here .35 to .9 does.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from napari_unet.labels.types import Floats, Labels
from napari_unet.training.simulation.detectors import log_uniform, scan_image
from napari_unet.training.simulation.electron.clutter import contour_lines, granules, specks
from napari_unet.training.simulation.placing import Placed, inner_distance, lens
from napari_unet.training.simulation.shapes import tidy
from napari_unet.training.simulation.textures import texture

Rng = np.random.Generator


def draw_axons(side: int, rng: Rng, inverted: bool | None = None) -> tuple[Floats, Labels]:
    """A scene: myelin is dark, or bright if `inverted`; drawn by chance if not given."""
    if inverted is None:
        inverted = bool(rng.random() < 0.5)
    fibres = _draw_fibres(side, rng)
    thickness = _draw_thickness(fibres, rng)
    depth = inner_distance(fibres)
    wander = rng.uniform(0, 0.35) * texture(fibres.shape, rng.uniform(6, 30), rng)
    inside = depth > thickness[fibres] * (1 + wander).clip(0.4, 1.8)
    labels = tidy(np.where(inside & (fibres > 0), fibres, 0).astype(np.int32))
    image = _paint(fibres, labels, depth, rng)
    return scan_image(-image if inverted else image, rng, blur=(0.3, 1.5), noise=0.3), labels


def _draw_fibres(side: int, rng: Rng) -> Labels:
    """Axons with their sheaths, the large ones first, small ones in between; nearly round, or all cut aslant."""
    median = log_uniform(rng, 9, 48)
    spread, bumps = rng.uniform(0.15, 0.75), rng.uniform(0, 0.12)
    slant, turn = rng.uniform(0.6, 1.0), rng.uniform(0, np.pi)
    wanted = int(rng.uniform(0.3, 3.2) * side**2 / median**2) + 2
    diameters = np.sort(median * np.exp(rng.normal(0, spread, wanted)).clip(0.35, 5))[::-1]
    placed, hidden = Placed(side), rng.uniform(0.0, 0.35)
    for diameter in diameters[:1200]:
        aspect = slant * np.exp(-abs(rng.normal(0, 0.2)))
        long, short = diameter / 2 / aspect**0.5, diameter / 2 * aspect**0.5
        shape = lens(long, short, rng.uniform(0.45, 0.6), rng.normal(0, 0.08), bumps, rng.uniform(0, 6))
        direction = turn + rng.normal(0, 0.4 + 2 * (slant > 0.9))
        placed.add(rng.uniform(0, side, 2), direction, 1.3 * long + 1, shape, hidden)
    return placed.labels


def _draw_thickness(fibres: Labels, rng: Rng) -> Floats:
    """Of the sheath of each fibre, in pixels."""
    areas = np.bincount(fibres.ravel()).astype(np.float64)
    inner = rng.uniform(0.45, 0.85) + rng.normal(0, rng.uniform(0.02, 0.12), len(areas))
    thickness: Floats = (np.sqrt(areas / np.pi) * (1 - inner.clip(0.35, 0.9))).clip(1.2).astype(np.float32)
    return thickness


def _paint(fibres: Labels, labels: Labels, depth: Any, rng: Rng) -> Floats:
    """Dark sheaths, lighter axons, and what is between: none, grey tissue, or a light ground."""
    shape = fibres.shape
    axon, ground = rng.uniform(0.55, 1.0), rng.uniform(0.15, 1.0)
    own = rng.normal(0, rng.uniform(0, 0.12), int(fibres.max()) + 1)[fibres]
    body = axon + own + rng.uniform(0, 0.1) * texture(shape, rng.uniform(2, 6), rng)
    tissue = ground + rng.uniform(0, 0.2) * texture(shape, rng.uniform(8, 40), rng)
    if rng.random() < 0.7:  # thin processes without myelin, and other cells: no objects
        tissue = tissue - rng.uniform(0.1, 0.5) * contour_lines(shape, rng)
    if rng.random() < 0.5:
        tissue = tissue + rng.choice([-1, 1]) * rng.uniform(0.1, 0.4) * granules(shape, rng)
    if rng.random() < 0.6:  # organelles and filaments in the axons
        body = body - rng.uniform(0.1, 0.5) * specks(shape, rng.uniform(1.0, 3.5), rng.uniform(0.002, 0.02), rng)
    sheath = rng.uniform(0.0, 0.15) + rng.uniform(0, 0.1) * texture(shape, rng.uniform(2, 12), rng)
    if rng.random() < 0.4:  # layers of the sheath
        sheath = sheath + rng.uniform(0, 0.15) * np.sin(depth * rng.uniform(1.2, 3))
    image = np.where(fibres > 0, sheath.clip(-0.1, axon - 0.25), tissue)
    if rng.random() < 0.4:  # a cleft around fibres
        outer = inner_distance(fibres == 0)
        image = image + rng.uniform(-0.3, 0.5) * np.exp(-((outer / rng.uniform(1, 4)) ** 2)) * (fibres == 0)
    painted = np.where(labels > 0, body.clip(sheath.mean() + 0.2), image)
    if rng.random() < 0.3:  # a space between axon and sheath, or a rim
        edge = inner_distance(labels)
        painted = painted + rng.uniform(-0.1, 0.3) * np.exp(-((edge - 1) ** 2)) * (labels > 0)
    smooth: Floats = ndimage.gaussian_filter(painted.astype(np.float32), 0.5)
    return smooth
