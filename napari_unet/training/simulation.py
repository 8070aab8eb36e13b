"""Simulated images of very varied look, whose labels are exact and free.

Domain randomization (Tobin et al., IROS 2017, arXiv:1703.06907; for medical images SynthSeg, Billot et al., Medical
Image Analysis 86:102789, 2023): shapes, textures, contrast, blur and noise are drawn far beyond what is real.
"""

from __future__ import annotations

from typing import Any

import edt
import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from napari_unet.heads.instances.targets import make_targets
from napari_unet.images.normalization import measure_limits, normalize
from napari_unet.labels.types import Floats
from napari_unet.training.rods import draw_rods

Rng = np.random.Generator


def simulate_image(
    side: int, seed: int | tuple[int, ...], rods: float = 0.0, unequal: float = 0.35
) -> tuple[Floats, npt.NDArray[np.int32]]:
    """A normalized image and its labels, both (side, side); the same for the same seed.

    `rods` is the share of images with rods in place of roundish cells; `unequal` is the largest standard deviation of
    the logarithm of the objects' brightness within one image.
    """
    rng = np.random.default_rng(seed)
    labels = simulate_labels(side, rng, rods)
    image = _paint(labels, rng, unequal)
    image = ndimage.gaussian_filter(image, rng.uniform(0.3, 1.8))
    image = image + rng.normal(0, 1, image.shape) * image.std() * rng.uniform(0, 0.6) ** 2
    return normalize(image, measure_limits(image)), labels


def simulate_labels(side: int, rng: Rng, rods: float = 0.0) -> npt.NDArray[np.int32]:
    """Objects without an image: (side, side), numbered from 1; `rods` is the chance that they are rods."""
    if rods > 0 and rng.random() < rods:
        return _tidy(draw_rods(side, rng))
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
        _add_shape(labels, number, centre, radius, bumps, float(np.exp(rng.normal(0, slim))), hidden, rng)
    return _tidy(labels)


def _add_shape(
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
    return _tidy(labels.astype(np.int32))


def _tidy(labels: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
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


def texture(shape: tuple[int, ...], scale: float, rng: Rng) -> Floats:
    """A random field of `shape` (Y, X), zero mean and unit deviation with structure of about `scale` pixels."""
    side = max(shape)
    coarse = max(4, int(2 * side / max(scale, 2.0)))
    field = ndimage.zoom(rng.standard_normal((coarse, coarse)), side / coarse, order=1 if coarse > 200 else 3)
    field = field[: shape[0], : shape[1]]
    scaled: Floats = ((field - field.mean()) / (field.std() + 1e-6)).astype(np.float32)
    return scaled


def _paint(labels: npt.NDArray[np.int32], rng: Rng, unequal: float) -> Floats:
    """Grey values: background, objects that differ from it by brightness, texture, rim or shading, and clutter."""
    shape, side, inside = labels.shape, labels.shape[0], labels > 0
    background = mixture(shape, rng) * rng.uniform(0, 0.35) + rng.uniform(0, 0.3) * texture(labels.shape, side / 2, rng)
    own = rng.normal(0, rng.uniform(0, unequal), int(labels.max()) + 1)[labels]  # each object its own brightness
    contrast = rng.choice([-1, 1], p=[0.4, 0.6]) * (
        rng.uniform(0.6, 1.6) if rng.random() < 0.75 else rng.uniform(0, 0.4)
    )
    body = contrast * np.exp(own) + mixture(shape, rng) * rng.uniform(0, 0.4)
    depth = _depth(labels)
    if rng.random() < 0.4:  # round objects: brighter or darker towards the core
        body = body + rng.normal(0, 0.5) * depth
    image = np.where(inside, body, background)
    if rng.random() < 0.4 or abs(contrast) < 0.4:  # a rim: membranes, halos, phase contrast
        width = rng.uniform(0.7, 2.5)
        rim = np.exp(-(((edge_distance(labels) - rng.uniform(-1, 1)) / width) ** 2))
        image = image + rng.choice([-1, 1]) * rng.uniform(0.5, 1.6) * rim
    if rng.random() < 0.15:  # relief, as of differential interference contrast
        soft = ndimage.gaussian_filter(image, 1.5)
        image = image * rng.uniform(0, 0.5) + rng.uniform(3, 8) * (soft - np.roll(soft, (1, 1), (0, 1)))
    cluttered: Floats = (image + _clutter(side, rng)).astype(np.float32)
    return cluttered


def mixture(shape: tuple[int, ...], rng: Rng) -> Floats:
    """Texture of one fine and one coarse scale."""
    fine, coarse = np.exp(rng.uniform(np.log(2), np.log(8))), np.exp(rng.uniform(np.log(8), np.log(60)))
    share = np.float32(rng.random())
    mixed: Floats = share * texture(shape, fine, rng) + (1 - share) * texture(shape, coarse, rng)
    return mixed


def _clutter(side: int, rng: Rng) -> Any:
    """Out-of-focus light and small specks that are no objects."""
    clutter = np.zeros((side, side), np.float32)
    if rng.random() < 0.4:
        haze = np.zeros((side, side), np.float32)
        haze[tuple(rng.integers(0, side, (2, rng.integers(2, 12))))] = 1
        haze = ndimage.gaussian_filter(haze, rng.uniform(8, 30))
        clutter += rng.normal(0, 0.5) * haze / (haze.max() + 1e-6)
    if rng.random() < 0.3:
        specks = np.zeros((side, side), np.float32)
        specks[tuple(rng.integers(0, side, (2, rng.integers(5, 80))))] = 1
        specks = ndimage.gaussian_filter(specks, rng.uniform(0.5, 1.2))
        clutter += rng.normal(0, 0.8) * specks / (specks.max() + 1e-6)
    return clutter


def _depth(labels: npt.NDArray[np.int32]) -> Floats:
    """0 at the border of an object, 1 at its core, 0 outside."""
    depth: Floats = make_targets(labels)[1]
    return depth


def edge_distance(labels: npt.NDArray[np.int32]) -> Floats:
    """Signed distance in pixels to the nearest outline: negative inside objects."""
    inner = edt.edt(np.ascontiguousarray(labels, np.uint32))
    outer = edt.edt(np.ascontiguousarray(labels == 0))
    signed: Floats = (outer - inner).astype(np.float32)
    return signed
