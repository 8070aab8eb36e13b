"""Simulated images in colour by scene, for networks that see red, green and blue."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from napari_unet.labels.types import Floats, Labels
from napari_unet.training.simulation.blood import draw_smear_of_cells, draw_smear_of_nuclei
from napari_unet.training.simulation.scenes import DrawScene, choose_scene
from napari_unet.training.simulation.stains import draw_section

COLOUR_SCENES: dict[str, DrawScene] = {
    "section": draw_section,
    "smear": draw_smear_of_nuclei,
    "smear_cells": draw_smear_of_cells,
}
"""By the name that a recipe calls them; their images are (3, side, side), normalized in each channel."""


def simulate_stained(
    side: int, seed: int | tuple[int, ...], scenes: Mapping[str, float] | None = None
) -> tuple[Floats, Labels]:
    """A normalized colour image (3, side, side) and its labels; the same for the same seed.

    `scenes` is how much of the images each scene makes up, compared with the others; "section" alone if not given.
    """
    scene = COLOUR_SCENES[choose_scene(scenes or {"section": 1.0}, seed)]
    return scene(side, np.random.default_rng(seed))
