"""Simulated rods: of one width, longer than wide, side by side rather than over each other."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import regionprops

from napari_unet.training.simulation.rods import draw_rods
from napari_unet.training.simulation.scenes import simulate_image


def _inside(labels: np.ndarray) -> list:
    side = labels.shape[0]
    return [one for one in regionprops(labels) if min(one.bbox[:2]) > 0 and max(one.bbox[2:]) < side]


def test_rods_of_an_image_have_one_width_and_different_lengths() -> None:
    for seed in range(6):
        rods = [one for one in _inside(draw_rods(256, np.random.default_rng(seed))) if one.solidity > 0.9]
        widths = np.array([one.axis_minor_length for one in rods])
        lengths = np.array([one.axis_major_length for one in rods])
        assert np.median(lengths) > 1.1 * np.median(widths)
        assert np.std(np.log(widths)) < np.std(np.log(lengths))


def test_few_rods_are_partly_hidden() -> None:
    labels = draw_rods(320, np.random.default_rng(3))
    assert len(_inside(labels)) > 10
    assert np.median([one.solidity for one in _inside(labels)]) > 0.9


def test_rods_come_in_the_share_asked_for() -> None:
    assert np.array_equal(simulate_image(96, (1, 2), rods=0.0)[1], simulate_image(96, (1, 2))[1])
    slim = [
        np.median([one.axis_minor_length / max(one.axis_major_length, 1) for one in regionprops(labels)])
        for labels in (simulate_image(160, (5, number), rods=1.0)[1] for number in range(8))
        if labels.any()
    ]
    assert np.median(slim) < 0.6


@pytest.mark.parametrize(("unequal", "at_least", "at_most"), [(0.0, 0.0, 0.35), (1.2, 0.6, np.inf)])
def test_brightness_of_objects_differs_as_much_as_asked(unequal: float, at_least: float, at_most: float) -> None:
    spreads = []
    for number in range(8):
        image, labels = simulate_image(128, (11, number), unequal=unequal)
        means = [one.intensity_mean for one in regionprops(labels, image)]
        if len(means) > 4:
            spreads.append(float(np.std(means) / np.std(image)))
    assert at_least <= np.median(spreads) <= at_most
