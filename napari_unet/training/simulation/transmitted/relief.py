"""Cells in differential interference contrast, which look like a relief lit from one side.

Two waves a little beside each other meet again: light depends on how the optical path differs between them, plus a
constant that the prism is set to (Preza, Snyder and Conchello, Journal of the Optical Society of America A 16:2185,
1999). So objects are bright on one side, dark on the other, and about as bright as the ground in between.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import ndimage

from napari_unet.labels.types import Array, Floats, Labels
from napari_unet.training.simulation.camera import expose
from napari_unet.training.simulation.textures import smooth_texture
from napari_unet.training.simulation.transmitted.cells import draw_cells
from napari_unet.training.simulation.transmitted.surroundings import blur_away, draw_ground
from napari_unet.training.simulation.transmitted.thickness import draw_debris, draw_thickness

Rng = np.random.Generator


def draw_relief(side: int, rng: Rng) -> tuple[Floats, Labels]:
    """A scene: cells in differential interference contrast, lit from any side."""
    labels = draw_cells(side, rng, spread=0.55, rods=0.15)
    thick = draw_thickness(labels, rng)
    path = thick + (draw_debris(side, rng) if rng.random() < 0.6 else 0)
    if rng.random() < 0.25:
        path = path + rng.uniform(0.3, 1.5) * blur_away(thick, rng)
    if rng.random() < 0.4:  # the glass is not clean, the medium not clear
        grain = rng.uniform(2, 12)
        path = path + rng.uniform(0, 0.015) * grain * smooth_texture((side, side), grain, rng)
    shear = math.exp(rng.uniform(math.log(0.6), math.log(3)))
    image = interfere(path, rng.uniform(0, 2 * math.pi), shear, rng.uniform(0.5, 2))
    if rng.random() < 0.5:  # what is thick takes some light away
        image = image * np.exp(-rng.uniform(0, 0.3) * thick)
    image = image / image.mean() * draw_ground(side, rng)
    return expose(image.astype(np.float32), rng, blur=(0.2, 1.3), noise=0.5), labels


def interfere(path: Array, angle: float, shear: float, bias: float) -> Array:
    """Light of 0 to 1 where two waves meet that are `shear` pixels apart.

    Parameters
    ----------
    path
        Optical path (Y, X) in radians.
    angle
        Direction of the shear in radians, from the X axis: where the path rises this way, it is brighter.
    shear
        Distance of the waves in pixels.
    bias
        What the prism adds to the difference of the waves, radians: from 0 on up to pi it is the brighter.
    """
    width = max(0.5, shear / 2)
    down, across = (ndimage.gaussian_filter(path, width, order=order) for order in ((1, 0), (0, 1)))
    difference = shear * (math.cos(angle) * across + math.sin(angle) * down)
    light: Array = np.sin((np.clip(difference, -bias, math.pi - bias) + bias) / 2) ** 2
    return light
