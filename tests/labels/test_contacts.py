"""How much of an outline is shared, counted by hand and by a slow loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from napari_unet.labels.contacts import measure_contacts


def slow_contacts(plane: np.ndarray) -> dict[int, float]:
    """Share of the pixel edges of each object that another object is beyond; the image's border is no edge."""
    edges: dict[int, list[int]] = {}
    height, width = plane.shape
    for y in range(height):
        for x in range(width):
            for dy, dx in ((0, 1), (1, 0), (0, -1), (-1, 0)):
                here = int(plane[y, x])
                if here and 0 <= y + dy < height and 0 <= x + dx < width:
                    there = int(plane[y + dy, x + dx])
                    if there != here:
                        edges.setdefault(here, []).append(there > 0)
    return {one: sum(found) / len(found) for one, found in edges.items()}


@given(arrays.arrays(np.int32, (6, 9), elements=st.sampled_from([0, 3, 4, 11])))
def test_contacts_are_those_that_a_loop_over_pixels_counts(plane: np.ndarray) -> None:
    objects = np.unique(plane[plane > 0]).astype(np.int64)
    contact, weakness = measure_contacts(plane, objects)
    expected = slow_contacts(plane)
    assert dict(zip(objects.tolist(), contact.tolist(), strict=True)) == pytest.approx(
        {int(one): expected.get(int(one), 0.0) for one in objects}
    )
    assert np.isnan(weakness).all(), "nothing is known of a boundary without a map"


def two_halves() -> np.ndarray:
    plane = np.zeros((8, 14), np.int32)
    plane[2:6, 2:7], plane[2:6, 7:12] = 1, 2
    return plane


@pytest.mark.parametrize(("height", "weakness"), [(1.0, 1.0), (0.0, 0.0), (0.5, 0.5)])
def test_a_contact_is_weak_as_far_as_there_is_no_dip_along_it(height: float, weakness: float) -> None:
    plane = two_halves()
    core = np.ones(plane.shape, np.float32)
    core[:, 6:8] = height
    objects = np.array([1, 2])
    _, found = measure_contacts(plane, objects, core, np.ones(2))
    shared, outline = 4, 2 * (4 + 5)
    np.testing.assert_allclose(found, weakness * shared / outline)


def test_the_dip_is_measured_against_the_lower_of_the_two_peaks_and_never_counts_more_than_once() -> None:
    plane, objects = two_halves(), np.array([1, 2])
    core = np.full(plane.shape, 0.5, np.float32)
    share = 4 / 18
    np.testing.assert_allclose(measure_contacts(plane, objects, core, np.array([1.0, 0.5]))[1], share)
    np.testing.assert_allclose(measure_contacts(plane, objects, core, np.array([0.2, 0.2]))[1], share)
    # a map that is 0 everywhere: no division by 0
    assert measure_contacts(plane, objects, 0 * core, np.zeros(2))[1].tolist() == [0.0, 0.0]


def test_of_several_neighbours_the_worst_counts() -> None:
    plane = np.zeros((6, 20), np.int32)
    plane[1:5, 1:7], plane[1:5, 7:13], plane[1:5, 13:19] = 5, 6, 9
    core = np.ones(plane.shape, np.float32)
    core[:, 6:8] = 0.0  # a boundary between 5 and 6; none between 6 and 9
    _, weakness = measure_contacts(plane, np.array([5, 6, 9]), core, np.ones(3))
    assert weakness[0] == 0
    assert weakness[1] == weakness[2] == pytest.approx(4 / 20)


def test_objects_that_touch_nothing_have_no_contact_and_no_weak_one() -> None:
    plane = np.zeros((5, 5), np.int32)
    plane[1:3, 1:3] = 4
    contact, weakness = measure_contacts(plane, np.array([4]), np.ones((5, 5)), np.ones(1))
    assert (contact.tolist(), weakness.tolist()) == ([0.0], [0.0])
    contact, weakness = measure_contacts(np.zeros((0, 0), np.int32), np.zeros(0, np.int64))
    assert contact.size == weakness.size == 0
