"""Runs of pixels give what masks give, object by object."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from napari_unet.labels.object_runs import count_pairs, find_overlaps, find_runs

planes = arrays.arrays(
    np.int32, st.tuples(st.integers(0, 6), st.integers(0, 7)), elements=st.sampled_from([0, 0, 1, 2, 900])
)


@given(planes)
def test_boxes_areas_sums_and_peaks_are_those_of_the_masks(plane: np.ndarray) -> None:
    runs = find_runs(plane)
    image = np.arange(plane.size, dtype=np.float32).reshape(plane.shape) % 7
    ids = np.unique(plane[plane > 0])
    np.testing.assert_array_equal(runs.objects, ids)
    masks = [plane == one for one in ids]
    np.testing.assert_array_equal(runs.total(runs.lengths), [mask.sum() for mask in masks])
    np.testing.assert_allclose(runs.sum_of(image), [image[mask].sum() for mask in masks])
    np.testing.assert_allclose(runs.peak_of(image), [image[mask].max() for mask in masks])
    for box, mask in zip(runs.boxes(), masks, strict=True):
        rows, columns = np.nonzero(mask)
        assert box.tolist() == [rows.min(), rows.max() + 1, columns.min(), columns.max() + 1]


@given(planes)
def test_probes_lie_on_their_objects(plane: np.ndarray) -> None:
    runs = find_runs(plane)
    probes = runs.probes()
    assert probes.shape == (runs.objects.size, 5, 2)
    for one, places in zip(runs.objects, probes, strict=True):
        assert (plane[places[:, 0], places[:, 1]] == one).all()


def test_probes_of_a_large_object_are_spread_over_rows_and_columns() -> None:
    plane = np.zeros((60, 60), np.int32)
    plane[10:50, 10:50] = 1
    (places,) = find_runs(plane).probes()
    assert np.ptp(places[:, 0]) >= 30
    assert np.ptp(places[:, 1]) >= 30
    assert abs(np.corrcoef(places.T)[0, 1]) < 0.9, "not all of them on one diagonal"


def test_a_run_ends_with_its_row() -> None:
    plane = np.array([[0, 1, 1], [1, 1, 0]], np.int32)
    runs = find_runs(plane)
    assert runs.rows.tolist() == [0, 1]
    assert runs.starts.tolist() == [1, 0]
    assert runs.stops.tolist() == [3, 2]


@given(
    arrays.arrays(np.int32, (4, 6), elements=st.integers(0, 3)),
    arrays.arrays(np.uint16, (4, 6), elements=st.integers(0, 3)),
)
def test_overlaps_are_the_pixels_that_both_have(plane: np.ndarray, other: np.ndarray) -> None:
    found = {(int(a), int(b)): int(n) for a, b, n in zip(*find_overlaps(plane, other), strict=True)}
    expected = {
        (a, b): int(((plane == a) & (other == b)).sum())
        for a in range(1, 4)
        for b in range(1, 4)
        if ((plane == a) & (other == b)).any()
    }
    assert found == expected


def test_pairs_are_counted_with_their_weights() -> None:
    first, second = np.array([3, 1, 3, 3]), np.array([0, 7, 0, 7])
    assert [one.tolist() for one in count_pairs(first, second)] == [[1, 3, 3], [7, 0, 7], [1, 2, 1]]
    weighted = count_pairs(first, second, np.array([5, 1, 6, 2]))
    assert [one.tolist() for one in weighted] == [[1, 3, 3], [7, 0, 7], [1, 11, 2]]
    nothing = np.zeros(0, np.int64)
    assert [one.size for one in count_pairs(nothing, nothing)] == [0, 0, 0]


def test_the_peak_of_the_last_pixel_counts() -> None:
    plane, image = np.array([[0, 0], [0, 4]], np.int32), np.array([[9.0, 9.0], [9.0, 2.0]])
    assert find_runs(plane).peak_of(image) == pytest.approx([2.0])
