"""Splitting, merging, deleting, renumbering and swapping objects, in a plane and through a stack."""

from __future__ import annotations

import numpy as np
import pytest
from scenes import applied, counter, dumbbell, stack, two_discs

from napari_unet.corrections.operations.extent import follow_object, object_box
from napari_unet.corrections.operations.joining import delete_objects, merge_objects, renumber_object, swap_ids
from napari_unet.corrections.operations.splitting import split_by_line, split_by_seeds
from napari_unet.errors import UserError


def test_a_line_across_an_object_makes_two():
    labels = dumbbell()
    after = applied(labels, split_by_line(labels, [(10, 42), (50, 42)], counter(9)))
    assert set(np.unique(after)) == {0, 5, 9}
    np.testing.assert_array_equal(after > 0, labels > 0)
    assert after[30, 30] == 5  # the larger part keeps the id
    assert after[30, 55] == 9


def test_a_line_that_ends_inside_goes_on_to_the_edge():
    labels = dumbbell()
    after = applied(labels, split_by_line(labels, [(26, 42), (33, 42)], counter(9)))
    assert after[30, 30] == 5
    assert after[30, 55] == 9


def test_one_line_splits_every_object_that_it_crosses_but_not_locked_ones():
    labels = two_discs()
    line = [(30, 5), (30, 85)]
    after = applied(labels, split_by_line(labels, line, counter(9)))
    assert len(np.unique(after)) == 5
    after = applied(labels, split_by_line(labels, line, counter(9), locked={1}))
    assert (after == 1).sum() == (labels == 1).sum()
    assert len(np.unique(after)) == 4


def test_a_line_that_divides_nothing_is_told():
    with pytest.raises(UserError, match="across"):
        split_by_line(two_discs(), [(2, 2), (2, 80)], counter(9))


def test_two_seeds_divide_at_the_neck():
    labels = dumbbell()
    after = applied(labels, split_by_seeds(labels, [(30, 25), (30, 57)], counter(9)))
    assert after[30, 32] == 5
    assert after[30, 54] == 9
    np.testing.assert_array_equal(after > 0, labels > 0)
    border = np.argwhere((after[:, :-1] == 5) & (after[:, 1:] == 9))[:, 1]
    assert abs(border.mean() - 42) < 4


def test_two_seeds_in_different_slices_part_what_lies_on_top_of_one_another():
    z, y, x = np.ogrid[:13, :30, :30]
    # voxels are twice as long along z: two balls of radius 6, touching at slice 6
    near = [4 * (z - middle) ** 2 + (y - 15) ** 2 + (x - 15) ** 2 <= 49 for middle in (3, 9)]
    labels = np.where(near[0] | near[1], 4, 0).astype(np.int32)
    seeds = [(2, 15, 15), (10, 14, 16)]
    after = applied(labels, split_by_seeds(labels, seeds, counter(9), (0,), spacing=(2.0, 1.0, 1.0)))
    assert {after[seed] for seed in seeds} == {4, 9}
    np.testing.assert_array_equal(after > 0, labels > 0)
    for part in (slice(0, 6), slice(7, None)):
        assert len(np.unique(after[part][labels[part] > 0])) == 1
    with pytest.raises(UserError, match="through z"):
        split_by_seeds(labels, seeds, counter(9))


def test_the_models_distance_decides_where_seeds_divide():
    labels = np.zeros((40, 60), np.int32)
    labels[10:30, 5:55] = 3
    distance = np.ones(labels.shape, np.float16)
    distance[:, 20] = 0
    after = applied(labels, split_by_seeds(labels, [(20, 8), (20, 50)], counter(9), distance=distance))
    assert after[20, 18] != after[20, 22] == after[20, 50]


def test_seeds_in_two_objects_are_told():
    with pytest.raises(UserError, match="inside one object"):
        split_by_seeds(two_discs(), [(30, 25), (30, 52)], counter(9))


def test_splitting_through_a_stack_or_in_one_slice():
    labels = stack(dumbbell())
    line = [(1, 10, 42), (1, 50, 42)]
    whole = applied(labels, split_by_line(labels, line, counter(9), through=(0,)))
    assert (whole[:, 30, 55] == 9).all()
    one = applied(labels, split_by_line(labels, line, counter(9)))
    assert one[:, 30, 55].tolist() == [5, 9, 5, 5]


def test_merging_closes_the_seam_and_leaves_third_objects():
    labels = two_discs()
    labels[45:50, 35:40] = 7
    after = applied(labels, merge_objects(labels, [(30, 25), (30, 52)]))
    assert not (after == 2).any()
    assert (after[30, 25:53] == 1).all()
    np.testing.assert_array_equal(after == 7, labels == 7)
    assert (after > 0).sum() - (labels > 0).sum() < 60


def test_merging_needs_two_objects_that_are_free():
    for locked in ((), {1}):
        stroke = [(30, 25), (30, 30)] if not locked else [(30, 25), (30, 52)]
        with pytest.raises(UserError, match="merge"):
            merge_objects(two_discs(), stroke, locked=locked)


def test_merging_objects_far_apart_touches_nothing_between():
    labels = np.zeros((20, 3000), np.int32)
    labels[5:10, 5:10], labels[5:10, 2980:2990], labels[5:10, 1000:1010] = 1, 2, 3
    after = applied(labels, merge_objects(labels, [(6, 6), (6, 2985)]))
    assert (after == 1).sum() == 5 * 5 + 5 * 10 + 5 * 10  # the line touches the third one, too
    after = applied(labels, merge_objects(labels, [(6, 6), (15, 500), (15, 2000), (6, 2985)]))
    assert (after == 3).sum() == 50


def test_delete_takes_all_that_a_stroke_touches_between_its_points():
    labels = two_discs()
    assert not applied(labels, delete_objects(labels, [(30, 5), (30, 88)])).any()
    after = applied(labels, delete_objects(labels, [(30, 5), (30, 88)], locked={2}))
    assert set(np.unique(after)) == {0, 2}


def test_an_object_is_followed_through_slices_as_it_moves_but_not_over_a_gap():
    labels = np.zeros((5, 60, 60), np.int32)
    for z, column in enumerate((10, 16, 22, None, 30)):
        if column:
            labels[z, 20:32, column : column + 12] = 4
    assert sorted(follow_object(labels, 4, (1, 25, 20), (0,))) == [(0,), (1,), (2,)]
    assert object_box(labels, (1, 25, 20), (0,))[0] == slice(0, 3)
    after = applied(labels, delete_objects(labels, [(1, 25, 20)], through=(0,)))
    assert np.flatnonzero(after.any(axis=(1, 2))).tolist() == [4]


def test_time_and_z_are_followed_apart():
    labels = np.stack([stack(two_discs(), 3)] * 2)
    frame = applied(labels, delete_objects(labels, [(0, 1, 30, 25)], through=(1,)))
    assert not (frame[0] == 1).any()
    assert (frame[1] == 1).any()
    assert not (applied(labels, delete_objects(labels, [(0, 1, 30, 25)], through=(0, 1))) == 1).any()


def test_new_id_and_swap():
    labels = stack(two_discs())
    after = applied(labels, renumber_object(labels, (2, 30, 25), counter(9)))
    assert after[:, 30, 25].tolist() == [1, 1, 9, 1]
    after = applied(labels, swap_ids(labels, (0, 30, 25), (0, 30, 52), (0,)))
    np.testing.assert_array_equal(after == 1, labels == 2)
    np.testing.assert_array_equal(after == 2, labels == 1)
    with pytest.raises(UserError, match="two different"):
        swap_ids(labels, (0, 30, 25), (0, 30, 26))
    with pytest.raises(UserError, match="no object"):
        renumber_object(labels, (0, 1, 1), counter(9))


def test_two_clicks_in_different_slices_join_what_was_clicked_and_nothing_between() -> None:
    labels = np.zeros((5, 20, 40), np.int32)
    labels[0, 5:12, 3:9], labels[0, 5:12, 15:21], labels[3, 5:12, 25:31] = 1, 2, 3
    after = applied(labels, merge_objects(labels, [(0, 8, 5), (3, 8, 28)], through=(0,)))
    assert (after[3, 5:12, 25:31] == 1).all()
    assert (after[0, 5:12, 15:21] == 2).all()
