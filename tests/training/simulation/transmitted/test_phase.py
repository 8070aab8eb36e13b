"""Cells in phase contrast: halos outside, many shapes, thick ones bright, and labels that end where cells do."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.draw import disk
from skimage.measure import regionprops

from napari_unet.training.simulation.textures import edge_distance
from napari_unet.training.simulation.transmitted.cells import draw_cells, draw_spread
from napari_unet.training.simulation.transmitted.phase import draw_phase, phase_contrast
from napari_unet.training.simulation.transmitted.thickness import draw_thickness


def _disc(radius: float) -> np.ndarray:
    labels = np.zeros((96, 96), np.int32)
    labels[disk((48, 48), radius)] = 1
    return labels


@pytest.mark.parametrize("dark", [True, False])
def test_a_thin_cell_has_a_halo_of_the_other_sign_and_shades_off_inside(dark: bool) -> None:
    labels = _disc(24)
    light = phase_contrast(0.3 * (labels > 0), 5, 0.5, dark)
    away, sign = edge_distance(labels), 1 if dark else -1
    halo, rim, core = light[(away > 1) & (away < 3)], light[(away < -1) & (away > -3)], light[away < -20]
    assert sign * (halo.mean() - 1) > 0.1
    assert sign * (rim.mean() - 1) < -0.1
    assert abs(core.mean() - 1) < 0.3 * abs(rim.mean() - 1)
    assert light[:4] == pytest.approx(1, abs=0.01)


def test_half_a_wave_is_bright_also_where_what_is_thin_is_dark() -> None:
    thin, thick = (phase_contrast(path * (_disc(10) > 0), 6, 0.4)[48, 48] for path in (0.4, np.pi))
    assert thin < 0.9
    assert thick > 1.5


def test_light_changes_at_the_outlines_and_not_far_from_them() -> None:
    """What is drawn and what is labelled is the same."""
    outside, inside = [], []
    for number in range(12):
        rng = np.random.default_rng((4, number))
        labels = draw_cells(160, rng)
        thick, away = draw_thickness(labels, rng), edge_distance(labels)
        assert (thick[away > 5] == 0).all()
        if labels.any() and (away > 2).any():
            outside.append(np.abs(thick[away > 1.9]).mean())
            inside.append(np.abs(thick[(away < -1) & (away > -4)]).mean())
    assert len(inside) > 6
    assert np.mean(outside) < 0.01 < 0.2 < np.mean(inside)


def test_in_most_images_what_is_just_outside_cells_differs_from_the_rim() -> None:
    seen = []
    for number in range(16):
        image, labels = draw_phase(160, np.random.default_rng((5, number)))
        away = edge_distance(labels)
        halo, rim = image[(away > 0.5) & (away < 2.5)], image[(away < -0.5) & (away > -2.5)]
        if len(halo) and len(rim):
            seen.append((halo.mean() - rim.mean()) / image.std())
    assert np.median(seen) > 0.3  # dark cells are more frequent
    assert min(seen) < 0  # bright ones are drawn too
    assert np.median(np.abs(seen)) > 0.4


def test_cells_are_polygonal_and_branched_and_round_and_rods() -> None:
    solid, slim, sizes, covered = [], [], [], []
    for number in range(24):
        labels = draw_cells(192, np.random.default_rng((6, number)))
        whole = [one for one in regionprops(labels) if one.area > 60]
        covered.append(float((labels > 0).mean()))
        if whole:
            solid.append(np.median([one.solidity for one in whole]))
            slim.append(np.median([one.axis_minor_length / one.axis_major_length for one in whole]))
            sizes.append(np.median([one.equivalent_diameter_area for one in whole]))
    assert min(solid) < 0.75 < 0.93 < max(solid)
    assert min(slim) < 0.5 < 0.75 < max(slim)
    assert max(sizes) > 3 * min(sizes)
    assert min(covered) < 0.15 < 0.6 < max(covered)


def test_in_some_images_cells_have_grown_together_and_in_some_they_are_alone() -> None:
    covered = [float((draw_spread(128, np.random.default_rng((12, number))) > 0).mean()) for number in range(24)]
    assert min(covered) < 0.12
    assert max(covered) > 0.8


def test_cells_have_the_size_asked_for() -> None:
    sizes = []
    for number in range(10):
        areas = np.bincount(draw_spread(192, np.random.default_rng((13, number)), (20, 30)).ravel())[1:]
        sizes.append(2 * np.sqrt(np.median(areas) / np.pi))
    assert 14 < np.median(sizes) < 36


def test_cells_that_others_hide_for_the_most_part_are_left_out() -> None:
    """Few slivers among the cells that lie wholly in the image."""
    slivers = []
    for number in range(40):
        labels = draw_spread(160, np.random.default_rng((13, number)), (20, 40))
        edge = {*labels[0], *labels[-1], *labels[:, 0], *labels[:, -1]}
        areas = np.array([one.area for one in regionprops(labels) if one.label not in edge])
        if len(areas) > 8:
            slivers.append(float((areas < 0.2 * np.median(areas)).mean()))
    assert np.mean(slivers) < 0.035
