"""Changing shapes, drawing outlines, adding what the model sees, and carrying objects from slice to slice."""

from __future__ import annotations

import numpy as np
import pytest
from scenes import applied, counter, dumbbell, stack, two_discs
from scipy import ndimage
from skimage.draw import disk

from napari_unet.corrections.operations.adding import add_object
from napari_unet.corrections.operations.drawing import draw_object, erase_inside
from napari_unet.corrections.operations.shaping import (
    fill_holes,
    grow_object,
    keep_largest_part,
    shrink_object,
    smooth_object,
)
from napari_unet.corrections.operations.slices import copy_to_slice, interpolate_object
from napari_unet.errors import UserError


def circle(centre, radius, plane=(), n=40):
    angles = np.linspace(0, 2 * np.pi, n)
    rows, columns = (centre[i] + radius * f(angles) for i, f in enumerate((np.sin, np.cos)))
    return [(*plane, round(r), round(c)) for r, c in zip(rows, columns, strict=True)]


def test_holes_are_filled_but_not_other_objects_in_them():
    labels = two_discs()
    labels[28:32, 20:24] = 0
    labels[24:26, 28:30] = 7
    after = applied(labels, fill_holes(labels, (30, 30)))
    assert (after[28:32, 20:24] == 1).all()
    np.testing.assert_array_equal(after == 7, labels == 7)


def test_holes_of_each_slice_are_filled():
    labels = stack(two_discs())
    labels[1:3, 28:32, 20:24] = 0
    assert applied(labels, fill_holes(labels, (0, 30, 30), (0,)))[:, 30, 22].all()
    assert applied(labels, fill_holes(labels, (1, 30, 30)))[:, 30, 22].tolist() == [1, 1, 0, 1]


def test_smoothing_takes_spikes_and_notches_and_keeps_the_size():
    labels = two_discs()
    labels[29:31, 4:14] = 1
    labels[18:24, 25] = 0
    after = applied(labels, smooth_object(labels, (30, 25)))
    assert not after[30, 4:10].any()
    assert after[22, 25] == 1
    assert abs((after == 1).sum() / (two_discs() == 1).sum() - 1) < 0.06
    np.testing.assert_array_equal(after == 2, labels == 2)


def test_growing_stops_at_others_and_shrinking_does_not_at_the_edge():
    labels = dumbbell()
    labels[:, 43:] = np.where(labels[:, 43:] > 0, 6, 0)
    grown = applied(labels, grow_object(labels, (30, 30)))
    np.testing.assert_array_equal(grown == 6, labels == 6)
    ring = ndimage.binary_dilation(labels == 5) & (labels == 0)
    assert (grown[ring] == 5).all()
    shrunk = applied(labels, shrink_object(labels, (30, 30)))
    np.testing.assert_array_equal(shrunk == 5, ndimage.binary_erosion(labels == 5))
    edge = np.zeros((20, 20), np.int32)
    edge[:8, :8] = 1
    assert (applied(edge, shrink_object(edge, (2, 2)))[:7, :7] == 1).all()


def test_only_the_largest_piece_stays():
    labels = two_discs()
    labels[30, 36:39] = 0
    labels[5:7, 20:23] = 1
    labels[18, 25] = 1  # touches the disc at a corner at least
    after = applied(labels, keep_largest_part(labels, (30, 25)))
    assert not after[:10].any()
    assert (after == 2).sum() == (labels == 2).sum()


def test_an_outline_on_background_is_a_new_object_that_spares_others():
    labels = two_discs()
    after = applied(labels, draw_object(labels, circle((30, 72), 12), counter(9)))
    assert (after == 9).sum() > 350
    np.testing.assert_array_equal(after == 2, labels == 2)


def test_an_outline_round_a_wrong_object_redraws_it():
    labels = two_discs()
    truth = labels == 1
    labels[disk((30, 25), 12)] = 0
    labels[disk((27, 22), 8)] = 1
    after = applied(labels, draw_object(labels, circle((30, 25), 11.5), counter(9)))
    assert not (after == 9).any()
    wrong = ((after == 1) ^ truth).sum()
    assert wrong < 0.12 * truth.sum()


def test_an_outline_inside_a_large_object_cuts_it_down():
    labels = np.zeros((60, 90), np.int32)
    labels[5:55, 10:60] = 3
    after = applied(labels, draw_object(labels, circle((30, 30), 12), counter(9)))
    assert set(np.unique(after)) == {0, 3}
    assert (after == 3).sum() < 500


def test_an_outline_does_not_redraw_a_locked_object():
    labels = two_discs()
    with pytest.raises(UserError, match="no other object"):
        draw_object(labels, circle((30, 25), 9), counter(9), locked={1})
    with pytest.raises(UserError, match="closed line"):
        draw_object(labels, [(2, 2), (2, 3)], counter(9))


def test_erasing_inside_an_outline():
    labels = stack(two_discs())
    after = applied(labels, erase_inside(labels, circle((30, 25), 6, (2,))))
    assert after[:, 30, 25].tolist() == [1, 1, 0, 1]
    assert after[2, 30, 15] == 1


def maps_of(*discs, shape=(80, 120), peak=0.9):
    """Foreground and distance maps of discs (row, column, radius)."""
    foreground, distance = np.zeros(shape), np.zeros(shape)
    rows, columns = np.indices(shape)
    for row, column, radius in discs:
        away = np.hypot(rows - row, columns - column)
        foreground = np.maximum(foreground, peak / (1 + np.exp(away - radius)))
        distance = np.maximum(distance, np.clip(1 - away / radius, 0, 1))
    return np.stack([foreground, distance]).astype(np.float16)


@pytest.mark.parametrize("peak", [0.95, 0.3])
def test_what_the_model_sees_is_added_also_where_it_is_unsure(peak):
    labels = np.zeros((80, 120), np.int32)
    change = add_object(labels, (42, 41), maps_of((40, 40, 12), peak=peak), (0, 0), counter(3))
    after = applied(labels, change)
    truth = np.zeros_like(labels, bool)
    truth[disk((40, 40), 12)] = True
    assert ((after == 3) & truth).sum() / ((after == 3) | truth).sum() > 0.85


def test_of_touching_objects_only_the_one_that_was_clicked_is_added():
    labels = np.zeros((3, 80, 120), np.int32)
    change = add_object(labels, (1, 40, 62), maps_of((40, 40, 14), (40, 64, 14)), (0, 0), counter(3))
    after = applied(labels, change)
    assert after[1, 40, 64] == 3
    assert not after[1, 40, :46].any()
    assert not after[[0, 2]].any()


def stack_of(*balls, shape=(20, 60, 80), peak=0.9):
    """Foreground and distance maps of balls (slice, row, column, radius) in voxels twice as long along z."""
    foreground, distance = np.zeros(shape), np.zeros(shape)
    at = np.indices(shape)
    for z, row, column, radius in balls:
        away = np.sqrt((2.0 * (at[0] - z)) ** 2 + (at[1] - row) ** 2 + (at[2] - column) ** 2)
        foreground = np.maximum(foreground, peak / (1 + np.exp(away - radius)))
        distance = np.maximum(distance, np.clip(1 - away / radius, 0, 1))
    return np.stack([foreground, distance]).astype(np.float16), at


def test_in_a_stack_an_object_is_added_through_its_slices():
    maps, at = stack_of((10, 30, 25, 12), (10, 30, 47, 12))
    labels = np.zeros((2, 24, 100, 100), np.int32)
    change = add_object(labels, (1, 14, 40, 35), maps, (3, 10, 10), counter(3), flatness=2.0)
    after = applied(labels, change)
    truth = np.sqrt((2.0 * (at[0] - 10)) ** 2 + (at[1] - 30) ** 2 + (at[2] - 25) ** 2) < 12
    found = after[1, 3:23, 10:70, 10:90] == 3
    assert (found & truth).sum() / (found | truth).sum() > 0.8
    assert not after[0].any()
    assert not after[1, 13, 40, 57:].any(), "the other one, which touches it, is not added"


def test_through_a_stack_what_fades_out_around_others_is_theirs():
    maps, at = stack_of((10, 30, 20, 11))
    there, missed = (np.sqrt((2.0 * (at[0] - 10)) ** 2 + (at[1] - 30) ** 2 + (at[2] - x) ** 2) for x in (20, 40))
    rim = (there >= 10) & (there < 13)
    for where, foreground, distance in ((missed < 9, 0.4, 1 - missed / 9), (rim, 0.3, np.full(rim.shape, 0.03))):
        maps[0][where] = np.maximum(maps[0], foreground)[where]
        maps[1][where] = np.maximum(maps[1], distance)[where]
    labels = np.where(there < 10, 1, 0).astype(np.int32)
    after = applied(labels, add_object(labels, (10, 30, 40), maps, (0, 0, 0), counter(9), flatness=2.0))
    assert (after[missed < 8] == 9).mean() > 0.95
    assert not (after[:, :, :20] == 9).any(), "it would have gone on around the object that is there"


def test_adding_spares_what_is_there_and_uses_the_corner():
    labels = np.zeros((300, 300), np.int32)
    labels[238:260, 100:200] = 1
    after = applied(labels, add_object(labels, (230, 140), maps_of((40, 40, 14)), (200, 100), counter(3)))
    assert (after[238:260, 100:200] == 1).all()
    assert (after == 3).sum() > 150


def test_where_there_is_nothing_to_add_it_is_told():
    labels = np.zeros((80, 120), np.int32)
    maps = maps_of((40, 40, 12))
    with pytest.raises(UserError, match="sees no object"):
        add_object(labels, (40, 100), maps, (0, 0), counter(3))
    labels[40, 40] = 1
    with pytest.raises(UserError, match="already"):
        add_object(labels, (40, 40), maps, (0, 0), counter(3))


def test_copying_to_the_next_slice_keeps_id_and_others():
    labels = np.zeros((3, 60, 90), np.int32)
    labels[0] = two_discs()
    labels[1, 28:33, 20:23] = 8
    after = applied(labels, copy_to_slice(labels, (0, 30, 25), axis=0))
    assert (after[1] == 1).sum() == (labels[0] == 1).sum() - 15
    assert (after[1] == 8).sum() == 15
    with pytest.raises(UserError, match="no slice"):
        copy_to_slice(labels, (2, 30, 25), axis=0)


def test_slices_between_are_interpolated_along_either_axis():
    labels = np.zeros((6, 60, 90), np.int32)
    labels[0][disk((30, 30), 6)] = 2
    labels[4][disk((34, 34), 14)] = 2
    for seen, at in ((labels, (0, 30, 30)), (labels, (4, 34, 34))):
        after = applied(seen, interpolate_object(seen, at, axis=0))
        areas = (after == 2).sum(axis=(1, 2))
        assert (np.diff(areas[:5]) > 0).all()
        assert areas[5] == 0
        assert np.abs(np.argwhere(after[2] == 2).mean(axis=0) - 32).max() < 2
    frames = labels[:, None]
    after = applied(frames, interpolate_object(frames, (0, 0, 30, 30), axis=0))
    assert (after == 2).any(axis=(1, 2, 3)).tolist() == [True] * 5 + [False]
    with pytest.raises(UserError, match="nothing to fill"):
        interpolate_object(stack(two_discs()), (1, 30, 25), axis=0)
