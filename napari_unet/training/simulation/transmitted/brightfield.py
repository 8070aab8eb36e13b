"""Cells in bright field: unstained ones, seen by what their edges bend, and stained ones, dark on a bright ground.

Light that passes a cell and goes on out of focus interferes with itself: rims turn dark and insides bright or the
other way round, by the side of the focus (transport of intensity, Teague, Journal of the Optical Society of America
73:1434, 1983). Dyes take light away by the law of Beer and Lambert, as in `stains`.
"""

from __future__ import annotations

import math

import edt
import numpy as np
from scipy import fft, ndimage

from napari_unet.labels.types import Array, Floats, Labels
from napari_unet.training.simulation.camera import expose
from napari_unet.training.simulation.textures import smooth_mixture, smooth_texture
from napari_unet.training.simulation.transmitted.cells import draw_cells
from napari_unet.training.simulation.transmitted.surroundings import blur_away, draw_ground
from napari_unet.training.simulation.transmitted.thickness import draw_debris, draw_thickness

Rng = np.random.Generator

_PAD = 20  # pixels that are added at each side, since a wave that leaves on one side comes in again on the other


def draw_brightfield(side: int, rng: Rng) -> tuple[Floats, Labels]:
    """A scene: cells in bright field, unstained beside the focus, or stained."""
    if rng.random() < 0.4:
        labels = draw_cells(side, rng, spread=0.35, rods=0.2)
        image = _draw_stained(labels, rng)
    else:
        labels = draw_cells(side, rng, spread=0.5, rods=0.2)
        image = _draw_unstained(labels, rng)
    image = image * draw_ground(side, rng)
    return expose(image.astype(np.float32), rng, blur=(0.2, 1.4), noise=0.5), labels


def _draw_unstained(labels: Labels, rng: Rng) -> Array:
    thick, side = draw_thickness(labels, rng), labels.shape[0]
    path = thick + (draw_debris(side, rng) if rng.random() < 0.6 else 0)
    if rng.random() < 0.15:
        path = path + rng.uniform(0.3, 1.5) * blur_away(thick, rng)
    absorbs = rng.uniform(0, 0.2) * thick if rng.random() < 0.4 else 0 * thick
    defocus = float(rng.choice([-1, 1])) * math.exp(rng.uniform(math.log(0.5), math.log(25)))
    light = defocused(path, absorbs, defocus)
    # the lamp is no point
    soft: Array = ndimage.gaussian_filter(light, rng.uniform(0, 0.5) * abs(defocus) ** 0.5)
    return soft


def defocused(path: Array, absorbs: Array, defocus: float) -> Array:
    """Light of a bright field microscope, 1 where there is nothing.

    Parameters
    ----------
    path
        Optical path (Y, X) in radians.
    absorbs
        Optical density (Y, X), natural logarithm.
    defocus
        Distance from the focus over the wave number, in square pixels. Above 0, what is thick gathers light.
    """
    wave = np.pad(np.exp(1j * path - absorbs / 2).astype(np.complex64), _PAD, mode="reflect")
    down, across = (2 * np.pi * fft.fftfreq(length).astype(np.float32) for length in wave.shape)
    travel = np.exp(-0.5j * defocus * (down[:, None] ** 2 + across**2)).astype(np.complex64)
    light: Array = np.abs(fft.ifft2(fft.fft2(wave) * travel)) ** 2
    return light[_PAD:-_PAD, _PAD:-_PAD]


def _draw_stained(labels: Labels, rng: Rng) -> Array:
    """Objects that took up a dye, unequally; around them paler stuff that did too, and specks."""
    shape = labels.shape[0], labels.shape[1]
    own = np.exp(rng.normal(0, rng.uniform(0, 0.5), int(labels.max()) + 1))[labels]
    amount = own * (1 + rng.uniform(0, 0.7) ** 1.5 * smooth_mixture(shape, rng)).clip(0.1)
    depth = edt.edt(np.ascontiguousarray(labels, np.uint32))
    amount = amount * (1 - rng.uniform(0.3, 1) * np.exp(-depth / rng.uniform(0.7, 3)))  # neighbours can be told apart
    if rng.random() < 0.5:  # as thick as it is, darkest in the middle, or granular
        amount = amount * draw_thickness(labels, rng)
    density = rng.uniform(0.4, 2) * amount * (labels > 0) / (amount[labels > 0].mean() if labels.any() else 1)
    if rng.random() < 0.6:  # bodies or tissue around, a little stained
        body = ndimage.gaussian_filter((labels > 0).astype(np.float32), rng.uniform(2, 12))
        gaps = 1 / (1 + np.exp(-6 * (smooth_texture(shape, rng.uniform(10, 90), rng) + rng.uniform(-0.5, 1.5))))
        pale = body if rng.random() < 0.5 else gaps
        density = density + rng.uniform(0.05, 0.6) * pale * (1 + rng.uniform(0, 0.5) * smooth_mixture(shape, rng))
    if rng.random() < 0.5:
        density = density + rng.uniform(0, 1) * np.abs(draw_debris(shape[0], rng))
    density = ndimage.gaussian_filter(density.clip(0), rng.uniform(0.3, 1))
    return defocused(rng.uniform(0, 0.5) * density, density, rng.normal(0, 3))
