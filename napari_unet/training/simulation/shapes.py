"""Objects without an image: round and bumpy ones, tissue, rods; labels are exact."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from napari_unet.training.simulation.rods import draw_rods
from napari_unet.training.simulation.textures import texture

Rng = np.random.Generator


def simulate_labels(side: int, rng: Rng, rods: float = 0.0) -> npt.NDArray[np.int32]:
    """Objects without an image: (side, side), numbered from 1; `rods` is the chance that they are rods."""
    if rods > 0 and rng.random() < rods:
        return tidy(draw_rods(side, rng))
    return _draw_tissue(side, rng) if rng.random() < 0.2 else _draw_objects(side, rng)


def _draw_objects(side: int, rng: Rng) -> npt.NDArray[np.int32]:
    """Bumpy, more or less round shapes, scattered or in clusters, side by side or partly over each other."""
    diameter = float(np.exp(rng.uniform(np.log(9), np.log(60))))
    wanted = int(rng.uniform(0.1, 0.7) * side**2 / (np.pi / 4 * diameter**2)) + 1
    centres = rng.uniform(0, side, (wanted, 2))
    if rng.random() < 0.5:  # clusters
        hubs = rng.uniform(0, side, (max(1, wanted // 8), 2))
        centres = hubs[rng.integers(len(hubs), size=wanted)] + rng.normal(0, 1.3 * diameter, (wanted, 2))
    labels = np.zeros((side, side), np.int32)
    spread, bumps, slim = rng.uniform(0.05, 0.4), rng.uniform(0, 0.2), rng.uniform(0, 0.7)
    hidden = rng.uniform(0.05, 0.5)
    for number, centre in enumerate(centres, start=1):
        radius = diameter / 2 * float(np.exp(rng.normal(0, spread)))
        add_shape(labels, number, centre, radius, bumps, float(np.exp(rng.normal(0, slim))), hidden, rng)
    return tidy(labels)


def add_shape(
    labels: npt.NDArray[np.int32],
    number: int,
    centre: npt.NDArray[np.float64],
    radius: float,
    bumps: float,
    aspect: float,
    hidden: float,
    rng: Rng,
) -> None:
    """Draw one star-shaped object where others hide at most a share `hidden` of it."""
    aspect = min(max(aspect, 0.35), 2.8)
    reach = int(radius * max(aspect, 1 / aspect) ** 0.5 * (1 + 2 * bumps)) + 2
    low = np.maximum(0, centre.astype(int) - reach)
    high = np.minimum(labels.shape, centre.astype(int) + reach)
    if (high <= low).any():
        return
    y, x = np.mgrid[low[0] : high[0], low[1] : high[1]] - centre[:, None, None]
    turn = rng.uniform(0, np.pi)
    u = (np.cos(turn) * x + np.sin(turn) * y) / aspect**0.5
    v = (np.cos(turn) * y - np.sin(turn) * x) * aspect**0.5
    angle, outline = np.arctan2(v, u), np.ones(u.shape)
    for wave in range(2, 6):
        outline += bumps * rng.normal() / wave * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    inside = np.hypot(u, v) < radius * outline
    box = labels[low[0] : high[0], low[1] : high[1]]
    free = inside & (box == 0)
    if free.sum() > (1 - hidden) * inside.sum():
        box[free] = number


def _draw_tissue(side: int, rng: Rng) -> npt.NDArray[np.int32]:
    """Cells that fill the image, with gaps between them or none: nearest of warped points."""
    diameter = float(np.exp(rng.uniform(np.log(12), np.log(60))))
    step = diameter * rng.uniform(0.9, 1.2)
    grid = np.mgrid[-1 : side / step + 1, -1 : side / step + 1].reshape(2, -1).T
    points = (grid + rng.uniform(-0.35, 0.35, grid.shape)) * step
    y, x = np.mgrid[:side, :side].astype(np.float32)
    bend = rng.uniform(0, 0.25) * diameter
    places = np.stack(
        [y + bend * texture((side, side), diameter, rng), x + bend * texture((side, side), diameter, rng)], -1
    )
    distances, nearest = cKDTree(points).query(places.reshape(-1, 2), k=2)
    gap = rng.uniform(0, 0.25) * diameter if rng.random() < 0.7 else 0.0
    labels = np.where(distances[:, 1] - distances[:, 0] > gap, nearest[:, 0] + 1, 0).reshape(side, side)
    if rng.random() < 0.5:  # some cells are missing
        labels[np.isin(labels, rng.integers(1, len(points) + 1, len(points) // 3))] = 0
    return tidy(labels.astype(np.int32))


def tidy(labels: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Largest connected part of each object, specks dropped, numbered from 1."""
    tidy = np.zeros_like(labels)
    count = 0
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is None:
            continue
        parts, found = ndimage.label(labels[box] == number)
        part = parts == 1 + int(np.argmax(np.bincount(parts.ravel())[1:])) if found else parts > 0
        if part.sum() >= 20:
            count += 1
            tidy[box][part] = count
    return tidy
