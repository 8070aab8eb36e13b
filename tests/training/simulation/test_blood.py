"""Stained smears: nuclei are darkest, cells around them paler, red cells objects only where asked for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_unet.training.simulation.blood import draw_smear_of_cells, draw_smear_of_nuclei
from napari_unet.training.simulation.colour import COLOUR_SCENES, simulate_stained


@pytest.mark.parametrize("name", sorted(COLOUR_SCENES))
def test_colour_scenes_are_the_same_for_the_same_seed_and_their_objects_whole(name: str) -> None:
    colours = []
    for number in range(6):
        image, labels = simulate_stained(128, (2, number), {name: 1.0})
        again, labels_again = simulate_stained(128, (2, number), {name: 1.0})
        assert np.array_equal(image, again)
        assert np.array_equal(labels, labels_again)
        assert image.dtype == np.float32
        assert labels.dtype == np.int32
        assert image.shape == (3, 128, 128)
        assert np.isfinite(image).all()
        ids = np.unique(labels[labels > 0])
        assert ids.tolist() == list(range(1, len(ids) + 1))
        assert all(ndimage.label(labels == i)[1] == 1 for i in ids)
        colours.append(np.median(image, axis=(1, 2)))
    assert (np.std(colours, axis=0) > 0.02).all()


def test_colour_scenes_are_drawn_by_share() -> None:
    shares = {"section": 1.0, "smear": 1.0}
    drawn = [simulate_stained(64, (4, number), shares)[0] for number in range(20)]
    sections = sum(
        np.array_equal(image, simulate_stained(64, (4, number), {"section": 1.0})[0])
        for number, image in enumerate(drawn)
    )
    assert 3 < sections < 17


def test_nuclei_are_darker_than_the_cells_around_them() -> None:
    darker = []
    for seed in range(12):
        image, nuclei = draw_smear_of_nuclei(192, np.random.default_rng(seed))
        beside = ndimage.binary_dilation(nuclei > 0, iterations=3) & ~ndimage.binary_dilation(nuclei > 0)
        if nuclei.any():
            grey = image.mean(0)
            darker.append(np.median(grey[beside]) - np.median(grey[nuclei > 0]))
    assert np.mean(np.array(darker) > 0.1) > 0.9


def test_whole_cells_are_darker_than_the_ground_and_larger_than_nuclei() -> None:
    darker, shares = [], []
    for seed in range(12):
        image, cells = draw_smear_of_cells(192, np.random.default_rng(seed))
        nuclei = draw_smear_of_nuclei(192, np.random.default_rng(seed))[1]
        grey = image.mean(0)
        darker.append(np.median(grey[cells == 0]) - np.median(grey[cells > 0]))
        shares.append((cells > 0).mean() / max((nuclei > 0).mean(), 1e-3))
    assert np.mean(np.array(darker) > 0.03) > 0.8
    assert min(shares) > 1
    assert np.median(shares) > 1.5
