from __future__ import annotations

import numpy as np
import pytest

from napari_unet.labels.growing import move_outlines


def disc(radius: float, size: int = 64) -> np.ndarray:
    rows, columns = np.mgrid[:size, :size]
    return (np.hypot(rows - 32, columns - 32) <= radius).astype(np.int32)


@pytest.mark.parametrize(("pixels", "radius"), [(3, 18), (-3, 12)])
def test_outlines_move_by_so_many_pixels(pixels: float, radius: float) -> None:
    moved = move_outlines(disc(15), pixels)
    assert (moved > 0).sum() == pytest.approx(np.pi * radius**2, rel=0.05)


def test_neighbours_do_not_give_way_and_small_ones_stay() -> None:
    labels = np.zeros((20, 30), np.int32)
    labels[5:15, 5:15], labels[5:15, 15:25], labels[0, 0] = 1, 2, 3
    grown = move_outlines(labels, 4)
    assert (grown[labels > 0] == labels[labels > 0]).all()
    assert (grown > 0).sum() > (labels > 0).sum()
    assert set(np.unique(move_outlines(labels, -8))) == {0, 1, 2, 3}


def test_every_plane_by_itself_and_nothing_for_nothing() -> None:
    labels = np.stack([disc(10), 2 * disc(6)])
    np.testing.assert_array_equal(move_outlines(labels, 2)[1], move_outlines(labels[1], 2))
    assert move_outlines(labels, 0) is labels
    assert not move_outlines(np.zeros((4, 4), np.int32), 3).any()


@pytest.mark.parametrize("pixels", [1.0, 1.5, 2.0])
def test_growing_gives_each_near_pixel_to_the_nearest_object(pixels: float) -> None:
    labels = np.zeros((12, 15), np.int32)
    labels[3, 3], labels[8, 10], labels[11, 0] = 5, 2, 9
    grown = move_outlines(labels, pixels)
    rows, columns = np.mgrid[:12, :15]
    centers = {5: (3, 3), 2: (8, 10), 9: (11, 0)}
    for value, (row, column) in centers.items():
        near = np.hypot(rows - row, columns - column) <= pixels
        np.testing.assert_array_equal(grown == value, near)
    assert grown.dtype == np.int32


def test_an_object_cut_by_the_edge_of_the_image_does_not_shrink_from_there() -> None:
    labels = np.zeros((20, 20), np.int32)
    labels[0:10, 5:15] = 1
    shrunk = move_outlines(labels, -2)
    assert shrunk[0, 10] == 1
    assert not shrunk[8:].any()
    assert shrunk[7, 10] == 1


def test_touching_objects_shrink_from_each_other_and_none_loses_more_than_half_its_depth() -> None:
    labels = np.zeros((12, 30), np.int32)
    labels[1:11, 5:15], labels[1:11, 15:25] = 1, 2
    shrunk = move_outlines(labels, -1)
    assert not shrunk[:, 14:16].any()
    assert (shrunk == 1).sum() == (shrunk == 2).sum() == 64
    core = move_outlines(labels, -100)
    assert (core == 1).sum() > 10
