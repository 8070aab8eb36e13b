import tracemalloc

import numpy as np
import pytest

from napari_unet.errors import UserError
from napari_unet.heads.semantic.scoring import ClassTally
from napari_unet.heads.semantic.shares import value_shares
from napari_unet.labels.ids import MOST_ID, compact_ids, count_values, free_ids, object_boxes, object_sizes
from napari_unet.labels.matching import count_objects
from napari_unet.labels.places import check_single_objects, count_parts, tell_scattered
from napari_unet.labels.regions import whole_objects
from napari_unet.labels.scores import tally_objects
from napari_unet.ui.session.review_counter import count_classes


def grid(dtype=np.int64):
    """Thirty squares with ids of their own."""
    labels = np.zeros((60, 80), dtype)
    for number in range(30):
        row, column = divmod(number, 6)
        labels[12 * row : 12 * row + 8, 12 * column : 12 * column + 8] = number + 1
    return labels


def test_small_ids_stay_as_they_are():
    (labels,), ids = compact_ids([grid()])
    assert ids is None
    assert labels.dtype == np.int32
    np.testing.assert_array_equal(labels, grid())


@pytest.mark.parametrize("offset", [MOST_ID, 2 * 10**9, 2**31 - 31, 2**63 - 100])
@pytest.mark.parametrize("dtype", [np.int64, np.uint64])
def test_large_ids_are_numbered_anew_in_their_order_and_known_again(offset, dtype):
    large = np.where(grid(dtype) > 0, grid(dtype) + dtype(offset), dtype(0))
    (labels, second), ids = compact_ids([large, large[::-1]])
    np.testing.assert_array_equal(labels, grid())
    np.testing.assert_array_equal(second, grid()[::-1])
    np.testing.assert_array_equal(ids[labels], large)
    assert object_boxes(large)[offset + 1] == (slice(0, 8), slice(0, 8))
    assert object_sizes(large)[offset + 30] == 64
    assert count_objects(large) == 30
    assert tally_objects(large, grid()).true_positives.tolist() == [30] * 9
    assert [found[0] for found in whole_objects(large, np.ones(large.shape, bool))] == [*range(offset + 1, offset + 31)]


def test_ids_in_many_places_are_told():
    labels = np.where(grid() > 9, 5, grid())
    scattered = check_single_objects([labels], "a")
    assert scattered == {5: 22}
    assert "id 5 in 22" in tell_scattered("a", scattered)
    assert tell_scattered("a", check_single_objects([grid()], "a")) == ""


@pytest.mark.parametrize(("labels", "word"), [(255 * (grid() > 0), "mask"), (1 + grid() % 3, "classes")])
def test_masks_and_classes_are_no_objects(labels, word):
    labels = np.where(grid() > 0, labels, 0)
    with pytest.raises(UserError, match=word):
        check_single_objects([labels], "a")


def test_scattered_ids_have_the_numbers_that_users_know():
    large = np.where(grid() > 9, 5, grid()) + 2 * 10**9
    (labels,), ids = compact_ids([np.where(grid() > 0, large, 0)])
    assert list(check_single_objects([labels], "a", ids)) == [2 * 10**9 + 5]


def test_slips_of_the_brush_are_no_places():
    labels = grid()
    labels[10, ::12] = 1
    assert count_parts(labels)[1] == 1


@pytest.mark.parametrize(
    "count",
    [
        lambda values: count_values(values, 3).tolist(),
        lambda values: list(count_classes(values, np.ones(values.shape, np.uint8), 3)),
        lambda values: [round(share * values.size) for share in value_shares(values, "abc").values()],
        lambda values: ClassTally.of(values, values, "abc").counts[2].tolist(),
    ],
)
def test_values_that_nobody_meant_take_no_memory(count):
    """Somebody paints a huge value by mistake where values are classes: a table up to it would be 17 GB."""
    values = np.zeros((40, 50), np.int32)
    values[:4], values[4:6] = 1, 2
    values[10, 10] = 2**31 - 1
    tracemalloc.start()
    assert count(values) == [2000 - 300 - 1, 200, 100]
    assert tracemalloc.get_traced_memory()[1] < 2**20
    tracemalloc.stop()


@pytest.mark.parametrize(("highest", "kept"), [(MOST_ID, True), (MOST_ID + 1, False)])
def test_ids_stay_up_to_the_largest_by_which_tables_are_made(highest, kept):
    labels = np.array([[0, 3, highest]], np.int64)
    (found,), ids = compact_ids([labels])
    assert (ids is None) == kept
    assert found.tolist() == ([[0, 3, highest]] if kept else [[0, 1, 2]])


def test_no_arrays_and_empty_arrays_have_no_ids():
    assert compact_ids([]) == ([], None)
    (found,), ids = compact_ids([np.zeros((0, 4), np.uint16)])
    assert (found.shape, found.dtype, ids) == ((0, 4), np.int32, None)
    assert object_boxes(np.zeros((3, 3), np.int32)) == {}
    assert object_sizes(np.zeros((3, 3), np.int32)) == {}


def test_boxes_are_of_those_ids_that_there_are():
    labels = np.zeros((8, 9), np.int32)
    labels[1:3, 4:9], labels[7, 0] = 2, 5
    assert object_boxes(labels) == {2: (slice(1, 3), slice(4, 9)), 5: (slice(7, 8), slice(0, 1))}
    assert object_sizes(labels) == {2: 10, 5: 1}


@pytest.mark.parametrize(
    ("first", "n", "ids"),
    [
        (7, 3, [7, 8, 9]),
        (2**31 - 4, 3, [2**31 - 4, 2**31 - 3, 2**31 - 2]),
        (2**31 - 3, 3, [1, 4, 5]),
        (2**31, 2, [1, 4]),
        (7, 0, []),
    ],
)
def test_free_ids_never_leave_int32(first, n, ids):
    found = free_ids({2, 3, 2**31 - 1}, first, n)
    assert found.tolist() == ids
    assert found.dtype == np.int32


def test_values_beyond_the_classes_and_below_0_do_not_count():
    assert count_values(np.array([-5, -1, 0, 0, 1, 3, 4]), 3).tolist() == [2, 1, 0]
    assert count_values(np.zeros((0, 2), np.uint8), 2).tolist() == [0, 0]
