"""Smears: the dark nuclei are the objects, the pale bodies around them are not."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from napari_unet.training.simulation.textures import edge_distance
from napari_unet.training.simulation.transmitted.smears import draw_smear


def test_nuclei_are_darker_than_what_is_around_them_and_bodies_are_no_objects() -> None:
    steps, grounds, covered = [], [], []
    for number in range(16):
        image, labels = draw_smear(160, np.random.default_rng((10, number)))
        away = edge_distance(labels)
        inside, near = image[away < -1], image[(away > 2) & (away < 5)]
        far = ndimage.gaussian_filter(image, 1.5)[away > 6]
        covered.append(float((labels > 0).mean()))
        if len(inside) and len(far) > 100:
            steps.append(float((near.mean() - inside.mean()) / image.std()))
            grounds.append(float(np.ptp(np.quantile(far, [0.1, 0.9])) / (np.median(far) - inside.mean())))
    assert len(steps) > 8
    assert np.mean(np.array(steps) > 0.3) > 0.85
    assert np.median(grounds) > 0.35  # bodies of cells are seen where no object is
    assert 0.02 < np.median(covered) < 0.4


def test_nuclei_are_of_many_sizes() -> None:
    sizes = []
    for number in range(12):
        labels = draw_smear(192, np.random.default_rng((11, number)))[1]
        areas = np.bincount(labels.ravel())[1:]
        if len(areas):
            sizes.append(2 * np.sqrt(np.median(areas) / np.pi))
    assert min(sizes) >= 5
    assert max(sizes) > 2 * min(sizes)
