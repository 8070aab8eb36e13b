"""Scores against figures worked out by hand, and against a plain assignment solver."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from napari_unet.labels.matching import match_objects, overlap_table
from napari_unet.labels.scores import ObjectTally, average_precision, tally_objects


def strip(*lengths: int) -> np.ndarray:
    """One row of pixels with objects 1, 2, ... of these lengths side by side."""
    return np.repeat(np.arange(1, len(lengths) + 1), lengths)[None]


def test_a_perfect_prediction_scores_one_at_every_threshold() -> None:
    labels = strip(5, 7, 9)
    assert set(average_precision([labels], [labels * 3]).values()) == {1.0}


def test_one_hit_one_miss_one_false_object() -> None:
    truth = np.array([[1, 1, 1, 1, 0, 0, 2, 2, 0, 0]])
    found = np.array([[5, 5, 5, 0, 0, 0, 0, 0, 6, 6]])
    scores = average_precision([truth], [found])
    assert scores[0.75] == pytest.approx(1 / 3)
    assert scores[0.8] == 0.0


def test_pooling_counts_objects_and_not_images() -> None:
    one, many = strip(4), strip(*[4] * 9)
    scores = average_precision([one, many], [np.zeros_like(one), many])
    assert scores[0.5] == pytest.approx(0.9)


def test_nothing_to_find_and_nothing_found_is_right() -> None:
    empty = np.zeros((3, 3), int)
    assert tally_objects(empty, empty).average_precision()[0.5] == 1.0
    assert tally_objects(empty, strip(3).repeat(3, 0)).average_precision()[0.5] == 0.0


def test_labels_of_different_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        overlap_table(np.zeros((2, 2), int), np.zeros((2, 3), int))


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 100_000), st.sampled_from([0.1, 0.3, 0.5, 0.7]))
def test_matching_is_optimal(seed: int, threshold: float) -> None:
    rng = np.random.default_rng(seed)
    truth, found = (np.kron(rng.integers(0, 6, (6, 6)), np.ones((2, 2), int)) for _ in range(2))
    found = np.roll(found, 1, axis=0)
    table = overlap_table(truth, found)
    good = np.zeros((6, 6))
    good[table.truth, table.predicted] = table.iou >= threshold
    rows, columns = linear_sum_assignment(-good)
    pairs = match_objects(table, threshold)
    assert len(pairs) == good[rows, columns].sum()
    assert len(set(pairs[:, 0])) == len(set(pairs[:, 1])) == len(pairs)


def test_tallies_add_up() -> None:
    total = tally_objects(strip(3, 3), strip(3, 3)) + ObjectTally()
    assert (total.n_truth, total.n_predicted, total.true_positives[0]) == (2, 2, 2)
