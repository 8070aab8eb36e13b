"""Long bent objects: hyphae, worms, chains of cells; few lie over each other.

Their axes are walks whose direction persists, as of semiflexible polymers (Kratky and Porod, Recueil des Travaux
Chimiques des Pays-Bas 68:1106, 1949).
"""

from __future__ import annotations

from typing import Any

import edt
import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from napari_unet.labels.types import Floats, Labels
from napari_unet.training.simulation.detectors import detect, log_uniform
from napari_unet.training.simulation.placing import Placed, inner_distance
from napari_unet.training.simulation.shapes import tidy
from napari_unet.training.simulation.textures import edge_distance, mixture, texture

Rng = np.random.Generator


def draw_filaments(side: int, rng: Rng) -> tuple[Floats, Labels]:
    """A scene: filaments of about one width, bright, dark or with rims, on a ground with texture."""
    width = log_uniform(rng, 4, 32)
    placed = _place(side, width, rng)
    labels = tidy(placed.labels)
    shape, depth = labels.shape, inner_distance(labels)
    own = 1 + rng.normal(0, rng.uniform(0, 0.35), int(labels.max()) + 1)[labels]
    body = own.clip(0.2) * (1 + rng.uniform(0, 0.4) * mixture(shape, rng))
    if rng.random() < 0.5:  # round in section
        body = body * (1 - (fall := rng.uniform(0.2, 1))) + fall * (2 * depth / width).clip(0, 1)
    if rng.random() < 0.4:  # septa, segments, cells of a chain
        period = width * rng.uniform(0.8, 4)
        walls = np.abs(np.sin(np.pi * placed.along / period)) < rng.uniform(0.1, 0.5)
        body = body + rng.normal(0, 0.5) * ndimage.gaussian_filter(walls.astype(np.float32), 0.7)
    if rng.random() < 0.3:  # a gut or a core
        core = np.exp(-((placed.across / (0.15 * width + 0.5)) ** 2))
        body = body + rng.normal(0, 0.5) * core * (1 + 0.5 * texture(shape, width, rng))
    contrast = rng.choice([-1, 1]) * rng.uniform(0.3, 1.2)
    ground = abs(contrast) * rng.uniform(0, 0.45) * mixture(shape, rng)
    ground = ground + rng.uniform(0, 0.3) * texture(shape, side / 2, rng)
    image = np.where(labels > 0, contrast * body + 0.3 * ground, ground)
    if rng.random() < 0.4:  # bright or dark sides, as walls and halos are
        rim = np.exp(-(((edge_distance(labels).clip(-side, side) - rng.uniform(-2, 1)) / rng.uniform(0.8, 2.5)) ** 2))
        image = image + rng.normal(0, 0.8) * rim
    return detect(image, rng, blur=(0.3, 1.6), noise=0.4 * abs(contrast)), labels


def _place(side: int, width: float, rng: Rng) -> Placed:
    """Filaments from anywhere; one that would be cut in two by those before it is left out."""
    placed, slim = Placed(side), log_uniform(rng, 4, 30)
    stiff, hidden = log_uniform(rng, 4, 80), rng.uniform(0.0, 0.2)
    direction, stray = rng.uniform(0, 2 * np.pi), rng.choice([0.3, 4])
    wanted = int(rng.uniform(0.2, 1.5) * side**2 / (slim * width**2)) + 2
    for _ in range(min(wanted, 60)):
        length = min(width * slim * np.exp(rng.normal(0, 0.3)), 2.0 * side)
        size = width * rng.uniform(0.85, 1.15)
        path = _walk(rng.uniform(0, side, 2), direction + rng.normal(0, stray), length, size, stiff * width, rng)
        _add_path(placed, path, size, rng.uniform(0, 0.6) if rng.random() < 0.3 else 0.0, hidden)
    return placed


def _walk(start: Any, direction: float, length: float, width: float, stiff: float, rng: Rng) -> Any:
    """Points (steps, 2) of a walk, a quarter of `width` apart, that keeps its direction for about `stiff` pixels."""
    step = max(1.0, 0.25 * width)
    count = max(3, int(length / step))
    smooth = max(1.0, 2 * width / step)  # steps over which the walk turns as it did
    turns = ndimage.gaussian_filter1d(rng.normal(0, np.sqrt(step / stiff), count), smooth, mode="nearest")
    angles = direction + np.cumsum(turns.clip(-0.7 * step / width, 0.7 * step / width))
    return start + step * np.cumsum(np.stack([np.sin(angles), np.cos(angles)], 1), 0)


def _add_path(placed: Placed, path: Any, width: float, taper: float, hidden: float) -> None:
    """Put what is within half a `width` of `path`, thinner by `taper` at its ends, unless it comes in several parts."""
    side = placed.side
    low = np.floor(path.min(0) - width).astype(int).clip(0, side)
    high = (np.ceil(path.max(0) + width).astype(int) + 1).clip(0, side)
    if (high - low < 2).any():
        return
    dense = path[:-1, None] + (path[1:] - path[:-1])[:, None] * np.linspace(0, 1, 4, endpoint=False)[None, :, None]
    pixels = np.rint(dense.reshape(-1, 2) - low).astype(int)
    pixels = pixels[((pixels >= 0) & (pixels < high - low)).all(1)]
    line = np.ones(tuple(high - low), bool)
    line[pixels[:, 0], pixels[:, 1]] = False
    near = np.argwhere(edt.edt(line) < 0.5 * width + 1.5)
    away, at = cKDTree(dense.reshape(-1, 2)).query(near + low)
    part = np.abs(2 * at / max(1, dense.shape[0] * 4 - 1) - 1)
    inside = away < 0.5 * width * (1 - taper * part**3)
    rows, columns = (near[inside] + low).T
    free = placed.labels[rows, columns] == 0
    if free.sum() < max(12, (1 - hidden) * len(free)):
        return
    rows, columns = rows[free], columns[free]
    mask = np.zeros(tuple(high - low), bool)
    mask[rows - low[0], columns - low[1]] = True
    if ndimage.label(mask)[1] > 1:
        return
    placed.count += 1
    placed.labels[rows, columns] = placed.count
    placed.along[rows, columns] = at[inside][free] * np.hypot(*(dense[0, 1] - dense[0, 0]))
    placed.across[rows, columns] = away[inside][free]
