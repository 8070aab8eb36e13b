"""Simulated fluorescence of other things than nuclei: labels lie on what is drawn, and scenes vary."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import regionprops

from napari_unet.training.simulation.fluorescence.cells import draw_cytoplasm, draw_membranes, draw_nuclei
from napari_unet.training.simulation.fluorescence.filaments import draw_filaments
from napari_unet.training.simulation.fluorescence.lightsheet import draw_lightsheet
from napari_unet.training.simulation.fluorescence.spots import draw_spots
from napari_unet.training.simulation.placing import pack

Draw = Callable[[int, np.random.Generator], tuple[np.ndarray, np.ndarray]]


def _around(labels: np.ndarray, reach: int = 3) -> np.ndarray:
    return np.asarray(ndimage.binary_dilation(labels > 0, iterations=reach) & (labels == 0))


def _contrasts(draw: Draw, seeds: int, side: int = 224) -> np.ndarray:
    """For each image, how much brighter objects are than what is beside them, in deviations of the image."""
    found = []
    for seed in range(seeds):
        image, labels = draw(side, np.random.default_rng(seed))
        beside = _around(labels)
        if beside.sum() > 100 and labels.any():
            found.append((np.median(image[labels > 0]) - np.median(image[beside])) / image.std())
    return np.array(found)


def test_nuclei_of_a_light_sheet_are_brighter_than_what_is_beside_them_and_small_and_many() -> None:
    contrasts = _contrasts(draw_lightsheet, 10)
    assert (contrasts > 0).all()
    sizes, counts = [], []
    for seed in range(10):
        labels = draw_lightsheet(256, np.random.default_rng(seed))[1]
        counts.append(labels.max())
        sizes.append(np.median([one.equivalent_diameter_area for one in regionprops(labels)]))
    assert min(sizes) > 5
    assert max(sizes) < 26
    assert max(counts) > 150


def test_some_nuclei_of_a_light_sheet_have_a_fifth_of_the_light_of_others() -> None:
    ratios = []
    for seed in range(10):
        image, labels = draw_lightsheet(256, np.random.default_rng(seed))
        means = np.array([one.intensity_mean for one in regionprops(labels, image)]) - np.percentile(image, 1)
        ratios.append(np.percentile(means, 5) / np.percentile(means, 95))
    assert min(ratios) < 0.2


def test_walls_lie_between_the_labels_of_cells() -> None:
    contrasts = _contrasts(draw_membranes, 32, 128)
    assert np.mean(np.abs(contrasts) > 0.2) > 0.7
    assert contrasts.min() < -0.5 < 0.5 < contrasts.max()  # bright walls, and dark ones


def test_cells_with_bright_cytoplasm_are_most_often_brighter_and_very_unequal() -> None:
    contrasts = _contrasts(draw_cytoplasm, 16)
    assert np.median(contrasts) > 0.2
    spreads = []
    for seed in range(16):
        image, labels = draw_cytoplasm(224, np.random.default_rng(seed))
        means = np.array([one.intensity_mean for one in regionprops(labels, image)]) - np.percentile(image, 0.5)
        spreads.append(np.std(np.log(np.abs(means) + 0.02)))
    assert max(spreads) > 0.7 > 0.3 > min(spreads)


def test_a_nucleus_is_within_its_cell() -> None:
    cells = pack(160, 40, np.random.default_rng(0))
    nuclei = draw_nuclei(cells, np.random.default_rng(1), 0.5)
    assert (nuclei[nuclei > 0] == cells[nuclei > 0]).all()
    whole = [one for one in regionprops(cells) if min(one.bbox[:2]) > 0 and max(one.bbox[2:]) < 160]
    shares = [np.sqrt((nuclei == one.label).sum() / one.area) for one in whole]
    assert np.median(shares) == pytest.approx(0.5, abs=0.12)


def test_spots_are_small_and_stand_out() -> None:
    assert np.mean(np.abs(_contrasts(draw_spots, 12)) > 0.2) > 0.7
    for seed in range(6):
        areas = [one.equivalent_diameter_area for one in regionprops(draw_spots(224, np.random.default_rng(seed))[1])]
        assert 5 < np.median(areas) < 17


def test_filaments_are_long_of_one_width_and_whole() -> None:
    slim, spreads = [], []
    for seed in range(12):
        labels = draw_filaments(256, np.random.default_rng(seed))[1]
        for one in regionprops(labels):
            inside = np.pad(one.image, 1)
            slim.append(one.area / (2 * ndimage.distance_transform_edt(inside).max()) ** 2)
        widths = [2 * ndimage.distance_transform_edt(np.pad(one.image, 1)).max() for one in regionprops(labels)]
        spreads.append(np.std(np.log(widths)) if len(widths) > 3 else 0.1)
    assert np.median(slim) > 3
    assert np.median(spreads) < 0.35
    assert np.mean(np.abs(_contrasts(draw_filaments, 12)) > 0.2) > 0.7
