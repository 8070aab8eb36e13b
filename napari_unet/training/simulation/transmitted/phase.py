"""Cells in phase contrast.

Phase contrast turns the light that passes straight through by a quarter of a wave (Zernike, Physica 9:686, 1942). Its
ring also turns what cells bend a little: so the image is about the optical path less its own blurred copy, which is
the halo outside and the shade-off inside (Yin, Kanade and Chen, Medical Image Analysis 16:1047, 2012).
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from napari_unet.labels.types import Array, Floats, Labels
from napari_unet.training.simulation.camera import expose
from napari_unet.training.simulation.transmitted.cells import draw_cells
from napari_unet.training.simulation.transmitted.surroundings import blur_away, draw_ground
from napari_unet.training.simulation.transmitted.thickness import draw_debris, draw_thickness

Rng = np.random.Generator


def draw_phase(side: int, rng: Rng) -> tuple[Floats, Labels]:
    """A scene: cells dark or bright in phase contrast, with halos."""
    labels = draw_cells(side, rng)
    thick = draw_thickness(labels, rng)
    path = thick + (draw_debris(side, rng) if rng.random() < 0.7 else 0)
    if rng.random() < 0.15:
        path = path + rng.uniform(0.3, 1) * blur_away(thick, rng)
    width = float(np.exp(rng.uniform(np.log(1.0), np.log(12))))
    image = phase_contrast(path, width, rng.uniform(0.25, 0.8), dark=rng.random() < 0.75)
    image = np.minimum(image, rng.uniform(1.4, 4)) * draw_ground(side, rng)  # cameras saturate where cells round up
    return expose(image.astype(np.float32), rng, blur=(0.2, 1.3), noise=0.5), labels


def phase_contrast(path: Array, width: float, passes: float, dark: bool = True) -> Array:
    """Light of a phase contrast microscope, 1 where there is nothing.

    Parameters
    ----------
    path
        Optical path (Y, X) in radians.
    width
        Of the halo in pixels: what the ring takes for light that passes straight through.
    passes
        Amplitude that the ring lets pass, of 1: the less, the more contrast.
    dark
        Whether what is thicker is darker (positive phase contrast).
    """
    wave = np.exp(1j * path).astype(np.complex64)
    straight = ndimage.gaussian_filter(wave.real, width) + 1j * ndimage.gaussian_filter(wave.imag, width)
    turned = straight * passes * (-1j if dark else 1j)
    light: Array = np.abs(wave - straight + turned) ** 2 / passes**2
    return light
