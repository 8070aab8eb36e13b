"""Smears of stained cells in grey: pale bodies that lie over each other, and in them dark nuclei: the objects.

Dyes take light away by the law of Beer and Lambert, so that bodies which lie over each other are darker together.
"""

from __future__ import annotations

import edt
import numpy as np
from scipy import ndimage

from napari_unet.labels.types import Array, Floats, Labels
from napari_unet.training.simulation.camera import expose
from napari_unet.training.simulation.shapes import add_shape, simulate_labels, tidy
from napari_unet.training.simulation.textures import smooth_mixture
from napari_unet.training.simulation.transmitted.cells import draw_spread
from napari_unet.training.simulation.transmitted.surroundings import draw_ground
from napari_unet.training.simulation.transmitted.thickness import draw_debris

Rng = np.random.Generator

_LEAST_RADIUS = 3.5  # of a nucleus, pixels


def draw_smear(side: int, rng: Rng) -> tuple[Floats, Labels]:
    """A scene: dark nuclei in pale bodies of cells, single, touching or over each other."""
    nuclei, bodies = np.zeros((side, side), np.int32), np.zeros((side, side), np.float32)
    share, spread_of_share = rng.uniform(0.2, 0.75), rng.uniform(0.05, 0.3)
    for _ in range(int(rng.integers(1, 4))):
        layer = draw_spread(side, rng, (28, 110)) if rng.random() < 0.6 else simulate_labels(side, rng)
        bodies += _stain_bodies(layer, rng)
        _add_nuclei(nuclei, layer, share, spread_of_share, rng)
    nuclei = tidy(nuclei)
    density = rng.uniform(0.1, 0.7) * bodies + _stain_nuclei(nuclei, rng)
    if rng.random() < 0.7:  # specks, and a little dye that went everywhere
        density = density + rng.uniform(0, 0.8) * np.abs(draw_debris(side, rng)) + rng.uniform(0, 0.1)
    density = ndimage.gaussian_filter(density.clip(0), rng.uniform(0.3, 1.2))
    image = np.exp(-density) * draw_ground(side, rng)
    return expose(image.astype(np.float32), rng, blur=(0.2, 1.3), noise=0.5), nuclei


def _stain_bodies(layer: Labels, rng: Rng) -> Array:
    """Dye in bodies of cells, about 1: cloudy, grained, with edges paler or darker."""
    own = np.exp(rng.normal(0, rng.uniform(0.05, 0.4), int(layer.max()) + 1))[layer]
    depth = edt.edt(np.ascontiguousarray(layer, np.uint32))
    edge = 1 + rng.uniform(-0.8, 0.8) * np.exp(-depth / rng.uniform(1, 10))
    cloudy = 1 + rng.uniform(0, 0.45) * smooth_mixture((layer.shape[0], layer.shape[1]), rng)
    dye: Array = own * edge * cloudy.clip(0) * (layer > 0)
    return dye


def _add_nuclei(nuclei: Labels, layer: Labels, share: float, spread: float, rng: Rng) -> None:
    """One nucleus in most cells of a layer, about `share` as wide as the cell, where no other lies."""
    numbers = np.arange(1, int(layer.max()) + 1)
    if not len(numbers):
        return
    depth = edt.edt(np.ascontiguousarray(layer, np.uint32))
    centres = ndimage.maximum_position(depth, layer, numbers)
    for centre, radius in zip(centres, ndimage.maximum(depth, layer, numbers), strict=True):
        own = min(share * float(np.exp(rng.normal(0, spread))), 0.85)
        size = max(own * float(radius), _LEAST_RADIUS)
        if size > 0.9 * radius or rng.random() < 0.05:
            continue
        place = np.array(centre, float) + rng.normal(0, 0.25, 2) * (1 - own) * radius
        aspect = float(np.exp(rng.normal(0, 0.25)))
        add_shape(nuclei, int(nuclei.max()) + 1, place, size, rng.uniform(0, 0.12), aspect, 0.3, rng)


def _stain_nuclei(nuclei: Labels, rng: Rng) -> Array:
    """Dye in nuclei: even, with clumps, or vesicular with a dark rim."""
    own = np.exp(rng.normal(0, rng.uniform(0.05, 0.4), int(nuclei.max()) + 1))[nuclei]
    depth = edt.edt(np.ascontiguousarray(nuclei, np.uint32))
    amount = own * (1 + rng.uniform(0, 0.6) * smooth_mixture((nuclei.shape[0], nuclei.shape[1]), rng)).clip(0.2)
    if rng.random() < 0.4:
        amount = amount * (1 - rng.uniform(0.2, 0.7)) + 0.8 * np.exp(-(((depth - 1.5) / rng.uniform(0.8, 2)) ** 2))
    dye: Array = rng.uniform(0.5, 2) * amount * (nuclei > 0)
    return dye
