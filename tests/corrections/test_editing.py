"""Ids that are free, and where an object is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_unet.corrections.editing import FreeIds, enclosing_box
from napari_unet.errors import UserError


def test_free_ids_are_never_given_twice_nor_taken():
    labels = np.array([[0, 3], [7, 0]], np.uint16)
    ids = FreeIds(labels)
    assert [ids.take(), ids.take()] == [8, 9]
    ids.note(40)
    ids.note(5)
    assert ids.take() == 41
    assert FreeIds(np.zeros((0, 3), np.int32)).take() == 1


def test_no_id_left():
    with pytest.raises(UserError, match="int32"):
        FreeIds(np.array([[255]], np.uint8)).take()


@given(st.integers(0, 59), st.integers(0, 79), st.integers(1, 60), st.integers(1, 80), st.data())
@settings(deadline=None)
def test_a_box_grows_to_hold_the_object(row, column, height, width, data):
    plane = np.zeros((60, 80), np.int32)
    plane[row : row + height, column : column + width] = 4
    rows, columns = np.nonzero(plane == 4)
    r, c = data.draw(st.sampled_from(list(zip(rows.tolist(), columns.tolist(), strict=True))))
    top, bottom, left, right = enclosing_box(plane, 4, (r, r + 1, c, c + 1))
    assert (plane[top:bottom, left:right] == 4).sum() == rows.size
