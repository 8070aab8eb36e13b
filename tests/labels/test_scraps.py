from __future__ import annotations

import numpy as np

from napari_unet.labels.stacks.scraps import drop_scraps


def volume() -> np.ndarray:
    labels = np.zeros((6, 12, 14), np.int32)
    labels[2:4, 2:6, 2:6] = 4  # 32 voxels, inside
    labels[2, 8, 8:10] = 7  # 2 voxels, inside
    labels[3, 8, 11:13] = 9  # 2 voxels, inside, one away from the face
    return labels


def test_small_objects_inside_go_and_the_others_are_counted_from_one() -> None:
    found = drop_scraps(volume(), 3)
    np.testing.assert_array_equal(found, (volume() == 4).astype(np.int32))
    assert found.dtype == np.int32


def test_of_exactly_the_smallest_size_is_enough() -> None:
    assert np.unique(drop_scraps(volume(), 2)).tolist() == [0, 1, 2, 3]
    assert np.unique(drop_scraps(volume(), 2.5)).tolist() == [0, 1]


def test_what_a_face_may_have_cut_stays_on_each_of_the_six_faces() -> None:
    for axis in range(3):
        for end in (0, -1):
            labels = volume()
            place: list[int] = [3, 8, 8]
            place[axis] = end
            labels[tuple(place)] = 30
            assert len(np.unique(drop_scraps(labels, 3))) == 3, (axis, end)


def test_nothing_stays_nothing() -> None:
    assert not drop_scraps(np.zeros((2, 3, 4), np.int32), 5).any()
