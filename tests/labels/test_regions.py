"""What lies in a region: thresholds on a knife's edge, and boxes that stay within the plane."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from napari_unet.labels.regions import middle_box, reviewed_ids, whole_objects


def test_a_box_lies_around_the_objects_and_within_the_plane() -> None:
    mask = np.zeros((100, 200), bool)
    mask[60:70, 100:110] = True
    assert middle_box(mask, 40) == (slice(44, 84), slice(84, 124))
    mask[:] = False
    mask[2, 199] = True
    assert middle_box(mask, 40) == (slice(0, 40), slice(160, 200))
    mask[:] = False
    # larger than the plane is high
    assert middle_box(mask, 150) == (slice(0, 150), slice(25, 175))


def test_without_a_region_the_box_is_in_the_middle_of_the_plane() -> None:
    assert middle_box(np.zeros((50, 90), bool), 20) == (slice(15, 35), slice(35, 55))


def test_a_far_speck_does_not_move_the_box_as_it_would_move_a_mean() -> None:
    mask = np.zeros((300, 300), bool)
    mask[20:30, 20:30] = True
    mask[299, 299] = True
    rows, columns = middle_box(mask, 20)
    assert rows == columns == slice(15, 35)


def plane_of_ten_pixels() -> np.ndarray:
    labels = np.zeros((6, 14), np.int32)
    labels[2, 2:12] = 7
    return labels


@pytest.mark.parametrize(("n_reviewed", "found"), [(5, set()), (6, {7}), (10, {7}), (0, set())])
def test_half_of_an_object_is_not_enough_to_be_reviewed(n_reviewed: int, found: set[int]) -> None:
    labels = plane_of_ten_pixels()
    reviewed = np.zeros(labels.shape, np.uint8)
    reviewed[2, 2 : 2 + n_reviewed] = 3
    assert reviewed_ids(labels, reviewed) == found


@given(
    arrays.arrays(np.int32, (9, 5), elements=st.integers(0, 3)),
    arrays.arrays(np.uint8, (9, 5), elements=st.integers(0, 1)),
    st.integers(1, 10),
)
def test_reviewed_ids_are_the_same_however_wide_the_bands_are(
    labels: np.ndarray, reviewed: np.ndarray, rows: int
) -> None:
    ids = [int(one) for one in np.unique(labels) if one]
    expected = {one for one in ids if (reviewed[labels == one] > 0).mean() > 0.5}
    assert reviewed_ids(labels, reviewed, rows) == expected


@pytest.mark.parametrize(("inside", "known"), [(8, False), (9, True), (10, True)])
def test_nine_tenths_of_an_object_are_its_shape(inside: int, known: bool) -> None:
    labels = plane_of_ten_pixels()
    region = np.zeros(labels.shape, bool)
    region[2, 2 : 2 + inside] = True
    assert whole_objects(labels, region) == ([(7, (2.0, 6.5), 10)] if known else [])


def test_an_object_that_touches_no_region_is_never_whole_and_centres_are_of_the_whole_plane() -> None:
    labels = np.zeros((20, 30), np.int32)
    labels[10:13, 20:25], labels[0:2, 0:2] = 2, 1
    region = np.zeros(labels.shape, bool)
    region[:, 15:] = True
    assert whole_objects(labels, region, share=0.0) == [(2, (11.0, 22.0), 15)]
    region[:] = True
    assert [one[0] for one in whole_objects(labels, region)] == [1, 2]
