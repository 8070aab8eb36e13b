"""Simulated images by scene: what is drawn, by which kind of microscope.

Domain randomization (Tobin et al., IROS 2017, arXiv:1703.06907; for medical images SynthSeg, Billot et al., Medical
Image Analysis 86:102789, 2023): shapes, textures, contrast, blur and noise are drawn far beyond what is real.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from napari_unet.images.normalization import measure_limits, normalize
from napari_unet.labels.types import Floats, Labels
from napari_unet.training.simulation.electron.axons import draw_axons
from napari_unet.training.simulation.electron.organelles import draw_organelles
from napari_unet.training.simulation.electron.particles import draw_particles
from napari_unet.training.simulation.fluorescence.cells import draw_cytoplasm, draw_membranes
from napari_unet.training.simulation.fluorescence.filaments import draw_filaments
from napari_unet.training.simulation.fluorescence.lightsheet import draw_lightsheet
from napari_unet.training.simulation.fluorescence.spots import draw_spots
from napari_unet.training.simulation.transmitted.brightfield import draw_brightfield
from napari_unet.training.simulation.transmitted.phase import draw_phase
from napari_unet.training.simulation.transmitted.relief import draw_relief
from napari_unet.training.simulation.transmitted.smears import draw_smear
from napari_unet.training.simulation.varied import draw_varied

DrawScene = Callable[[int, np.random.Generator], tuple[Floats, Labels]]
"""Draws (side, generator) an image (side, side) and its labels, connected and numbered from 1.

The image is as a camera gives it: blur and noise are in it (`camera.expose`), since they differ between microscopes;
its unit is any, as it is normalized afterwards.
"""

SCENES: dict[str, DrawScene] = {
    "varied": draw_varied,
    "phase": draw_phase,
    "em_axons": draw_axons,
    "em_organelles": draw_organelles,
    "em_particles": draw_particles,
    "dic": draw_relief,
    "brightfield": draw_brightfield,
    "membranes": draw_membranes,
    "cytoplasm": draw_cytoplasm,
    "lightsheet": draw_lightsheet,
    "spots": draw_spots,
    "filaments": draw_filaments,
    "smear": draw_smear,
}
"""By the name that a recipe calls them."""

_CHOICE = 1  # what the choice of a scene is drawn with beside the seed, so that the scene itself draws as if alone


def simulate_image(
    side: int,
    seed: int | tuple[int, ...],
    rods: float = 0.0,
    unequal: float = 0.35,
    scenes: Mapping[str, float] | None = None,
) -> tuple[Floats, Labels]:
    """A normalized image and its labels, both (side, side); the same for the same seed.

    Parameters
    ----------
    side
        Pixels.
    seed
        Of all that is drawn at random.
    rods, unequal
        Of the scene "varied", see `varied.draw_varied`.
    scenes
        How much of the images each scene makes up, compared with the others; "varied" alone if not given.
    """
    drawing = SCENES | {"varied": partial(draw_varied, rods=rods, unequal=unequal)}
    scene = drawing[choose_scene(scenes or {"varied": 1.0}, seed)]
    image, labels = scene(side, np.random.default_rng(seed))
    return normalize(image, measure_limits(image)), labels


def choose_scene(scenes: Mapping[str, float], seed: int | tuple[int, ...]) -> str:
    """The name of the scene to draw, by the shares that are asked for."""
    shares = np.array(list(scenes.values()), float)
    rng = np.random.default_rng((*np.atleast_1d(seed).tolist(), _CHOICE))
    return str(rng.choice(list(scenes), p=shares / shares.sum()))
