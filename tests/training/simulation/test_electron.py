"""Simulated electron microscopy: labels lie on what is drawn, however it is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from skimage.measure import regionprops

from napari_unet.training.simulation.electron.axons import draw_axons
from napari_unet.training.simulation.electron.organelles import Cells, _place, draw_organelles
from napari_unet.training.simulation.electron.particles import draw_particles
from napari_unet.training.simulation.placing import Placed, facets, lens, pack


def _ring(labels: np.ndarray) -> np.ndarray:
    """What lies just outside of objects."""
    return np.asarray(ndimage.binary_dilation(labels > 0, iterations=2) & (labels == 0))


@pytest.mark.parametrize("inverted", [False, True])
def test_myelin_just_outside_an_axon_is_darker_than_the_axon_and_brighter_if_inverted(inverted: bool) -> None:
    for seed in range(8):
        image, labels = draw_axons(256, np.random.default_rng(seed), inverted)
        axons, myelin = np.median(image[labels > 0]), np.median(image[_ring(labels)])
        assert (myelin > axons) if inverted else (myelin < axons)


def test_axons_have_very_different_calibres() -> None:
    areas = [[one.area for one in regionprops(draw_axons(256, np.random.default_rng(seed))[1])] for seed in range(12)]
    assert max(np.std(np.log(one)) for one in areas) > 0.8
    assert max(np.median(one) for one in areas) > 8 * min(np.median(one) for one in areas)


def test_organelles_end_where_the_image_changes() -> None:
    steps = []
    for seed in range(12):
        image, labels = draw_organelles(256, np.random.default_rng(seed))
        smooth = ndimage.gaussian_filter(image, 1)
        steep = ndimage.gaussian_gradient_magnitude(smooth, 1)
        edge = ndimage.binary_dilation(labels > 0) ^ ndimage.binary_erosion(labels > 0)
        steps.append(float(steep[edge].mean() / steep[~edge].mean()))
    assert np.median(steps) > 1.3


@pytest.mark.parametrize("lining", [0.0, 12.0])
def test_organelles_do_not_lie_across_walls_and_plants_have_them_along_these(lining: float) -> None:
    to_wall = np.abs(np.arange(200, dtype=np.float32) - 99.5)[None].repeat(200, 0)
    cells = Cells(to_wall, 3.0, lining)
    near = []
    for seed in range(6):
        placed, _ = _place(200, 30.0, cells, np.random.default_rng(seed))
        assert not (placed.labels[to_wall < 3] > 0).any()
        middles = [one.centroid[1] for one in regionprops(placed.labels.clip(0))]
        near.append(np.median(np.abs(np.array(middles) - 99.5)))
    assert (np.median(near) < 20) == (lining > 0)


def test_particles_are_dark_in_transmission_and_bright_in_a_scanning_microscope() -> None:
    signs = []
    for seed in range(16):
        image, labels = draw_particles(192, np.random.default_rng(seed))
        if labels.any():
            signs.append(float(np.median(image[labels > 0]) - np.median(image[labels == 0])))
    assert min(signs) < -0.05
    assert max(signs) > 0.05
    assert np.median(np.abs(signs)) > 0.1


def test_placed_objects_know_their_own_axes_and_lie_under_those_before() -> None:
    placed = Placed(100)
    assert placed.add((50, 50), np.pi / 2, 30, lens(25, 8, 0.5), 0.0)
    inside = placed.labels == 1
    rows, columns = np.nonzero(inside)
    assert np.ptp(rows) > 2.5 * np.ptp(columns)
    assert np.allclose(placed.along[inside], rows - 50, atol=1e-3)
    assert not placed.add((50, 50), 0.0, 30, lens(5, 5, 0.5), 0.5)
    assert not placed.add((-90, 50), 0.0, 30, lens(5, 5, 0.5), 0.5)
    before = placed.labels.copy()
    assert placed.add((50, 58), 0.0, 30, lens(10, 10, 0.5), 0.9)
    assert np.array_equal(placed.labels[inside], before[inside])


def test_a_lens_has_points_and_facets_are_flat() -> None:
    areas = []
    for fullness in (0.0, 0.5, 0.8):
        placed = Placed(101)
        placed.add((50, 50), 0.3, 45, lens(40, 15, fullness), 0.0)
        areas.append(int((placed.labels > 0).sum()))
    assert areas == sorted(areas)
    assert areas[1] == pytest.approx(np.pi * 40 * 15, rel=0.03)
    square = Placed(101)
    square.add((50, 50), 0.0, 45, facets(20, np.arange(4) * np.pi / 2, np.ones(4)), 0.0)
    assert (square.labels > 0).sum() == 39**2


def test_packed_cells_fill_the_image_and_differ_as_asked() -> None:
    for diameter in (16.0, 48.0):
        cells = pack(256, diameter, np.random.default_rng(1), spread=0.2)
        assert cells.min() >= 1
        areas = np.bincount(cells.ravel())
        assert np.sqrt(256**2 / (areas > 0).sum()) == pytest.approx(diameter, rel=0.3)
    even, uneven = (
        np.bincount(pack(256, 20.0, np.random.default_rng(2), spread=spread).ravel()) for spread in (0.0, 0.5)
    )
    assert np.std(uneven[uneven > 0]) > 1.2 * np.std(even[even > 0])
