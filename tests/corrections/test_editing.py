"""Ids that are free, and where an object is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_unet.corrections.editing import FreeIds, enclosing_box, next_free_id, object_indices
from napari_unet.errors import UserError


def test_free_ids_are_never_given_twice_nor_taken():
    labels = np.array([[0, 3], [7, 0]], np.uint16)
    assert next_free_id(labels) == 8
    ids = FreeIds(labels)
    assert [ids.take(), ids.take()] == [8, 9]
    ids.note(40)
    ids.note(5)
    assert ids.take() == 41
    assert next_free_id(np.zeros((0, 3), np.int32)) == 1


def test_no_id_left():
    with pytest.raises(UserError, match="int32"):
        next_free_id(np.array([[255]], np.uint8))


@given(hnp.arrays(np.int32, (2, 4, 3, 5), elements=st.integers(0, 2)), st.integers(1, 2))
@settings(deadline=None)
def test_indices_of_an_object(labels, object_id):
    everywhere = object_indices(labels, object_id)
    np.testing.assert_array_equal(everywhere, np.nonzero(labels == object_id))
    plane = np.zeros(labels.shape, bool)
    plane[object_indices(labels, object_id, (1, 2))] = True
    expected = np.zeros(labels.shape, bool)
    expected[1, 2] = labels[1, 2] == object_id
    np.testing.assert_array_equal(plane, expected)


def test_through_z_the_object_ends_where_a_slice_has_none_of_it():
    labels = np.zeros((2, 6, 4, 4), np.int32)
    labels[0, [0, 1, 2, 4], 1, 1:3] = 5
    labels[1, :, 0, 0] = 5
    found = np.zeros(labels.shape, bool)
    found[object_indices(labels, 5, (0, 1), through=1)] = True
    assert sorted(set(zip(*(axis.tolist() for axis in np.nonzero(found)[:2]), strict=True))) == [(0, 0), (0, 1), (0, 2)]
    assert found.sum() == 6


@given(st.integers(0, 59), st.integers(0, 79), st.integers(1, 60), st.integers(1, 80), st.data())
@settings(deadline=None)
def test_a_box_grows_to_hold_the_object(row, column, height, width, data):
    plane = np.zeros((60, 80), np.int32)
    plane[row : row + height, column : column + width] = 4
    rows, columns = np.nonzero(plane == 4)
    r, c = data.draw(st.sampled_from(list(zip(rows.tolist(), columns.tolist(), strict=True))))
    top, bottom, left, right = enclosing_box(plane, 4, (r, r + 1, c, c + 1))
    assert (plane[top:bottom, left:right] == 4).sum() == rows.size
