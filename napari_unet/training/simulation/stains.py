"""Stained sections in transmitted light: objects, real or simulated, painted in colour as dyes absorb light.

Dyes take away light by the law of Beer and Lambert: each has a colour of its own in optical density, and densities
add up (Ruifrok and Johnston, Analytical and Quantitative Cytology and Histology 23:291, 2001). Dyes, tissue and light
are drawn far beyond what is usual, so that the network learns nuclei and not a colour (domain randomization, as in
`scenes`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.images.normalization import measure_limits, normalize
from napari_unet.labels.types import Floats
from napari_unet.training.simulation.shapes import simulate_labels
from napari_unet.training.simulation.textures import edge_distance, mixture, texture

_NUCLEAR = ((0.65, 0.70, 0.29), (0.45, 0.80, 0.40), (0.30, 0.85, 0.42))  # haematoxylin, and purple ones
_TISSUE = ((0.07, 0.99, 0.11), (0.30, 0.85, 0.42), (0.27, 0.57, 0.78), (0.45, 0.80, 0.40))  # eosin, purple, brown
_SPREAD = 0.12  # standard deviation of what is added to a dye's red, green and blue


def draw_section(side: int, rng: np.random.Generator) -> tuple[Floats, npt.NDArray[np.int32]]:
    """A normalized colour image (3, side, side) of nuclei in stained tissue, and its labels."""
    labels = simulate_labels(side, rng, rods=0.1)
    own = np.exp(rng.normal(0, rng.uniform(0, 0.35), int(labels.max()) + 1))[labels]
    amount = own * (1 + rng.uniform(0, 0.6) * mixture(labels.shape, rng))
    depth = edge_distance(labels)
    if rng.random() < 0.5:  # pale inside, with a dark rim, as vesicular nuclei are
        amount = amount * (1 - rng.uniform(0.2, 0.8)) + np.exp(-(((depth + 1.5) / rng.uniform(0.8, 2)) ** 2))
    amount = ndimage.gaussian_filter(np.where(labels > 0, amount.clip(0.15), 0), rng.uniform(0.4, 1.4))
    return paint_stained(amount.astype(np.float32), rng), labels


def paint_stained(amount: Floats, rng: np.random.Generator) -> Floats:
    """A normalized colour image (3, Y, X) in which `amount` (Y, X) of a nuclear dye lies in tissue of another colour.

    `amount` is 0 where there is none and about 1 in the nuclei, such as a normalized fluorescence image of them.
    """
    shape = amount.shape
    nuclear, tissue = draw_dye(_NUCLEAR, rng), draw_dye(_TISSUE, rng)
    density = rng.uniform(0.5, 1.8) * amount.clip(0) * nuclear[:, None, None]
    body = (1 + rng.uniform(0, 0.8) * mixture(shape, rng)).clip(0.05)
    if rng.random() < 0.6:  # gaps in the tissue
        body = body * _smooth_step(texture(shape, rng.uniform(15, 90), rng) + rng.uniform(-0.5, 1.5))
    density = density + rng.uniform(0.05, 0.9) * body * tissue[:, None, None]
    if rng.random() < 0.5:  # some of the nuclear dye is everywhere
        density = density + rng.uniform(0, 0.35) * body[None] * nuclear[:, None, None]
    return shine_through(density, rng)


def shine_through(density: npt.NDArray[Any], rng: np.random.Generator) -> Floats:
    """A normalized colour image (3, Y, X) of what takes away light by an optical `density` (3, Y, X)."""
    shape = density.shape[1:]
    light = rng.uniform(0.8, 1.0, (3, 1, 1)) + rng.normal(0, 0.03) * texture(shape, max(shape), rng)
    image = light * np.exp(-density)
    blur = rng.uniform(0.2, 1.2)
    image = ndimage.gaussian_filter(image, (0, blur, blur))
    image = image + rng.normal(0, rng.uniform(0, 0.05), image.shape)
    return normalize_each(image)


def normalize_each(image: npt.NDArray[Any]) -> Floats:
    """Each channel of `image` (C, Y, X) by its own percentiles, as images of several channels are seen by a model."""
    normalized: Floats = np.stack([normalize(one, measure_limits(one)) for one in image]).astype(np.float32)
    return normalized


def draw_dye(known: tuple[tuple[float, ...], ...], rng: np.random.Generator) -> Any:
    """Optical density in red, green and blue of a dye like one of those known, of length 1."""
    chosen = np.array(known[int(rng.integers(len(known)))]) + rng.normal(0, _SPREAD, 3)
    chosen = chosen.clip(0.02)
    return chosen / np.linalg.norm(chosen)


def _smooth_step(field: npt.NDArray[Any]) -> Any:
    """0 where `field` is well below 0, 1 well above."""
    return 1 / (1 + np.exp(-6 * field))
