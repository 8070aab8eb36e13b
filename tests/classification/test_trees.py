"""Trees as arrays say what walking through them by hand says."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from napari_unet.classification.trees import Trees

# tree 0 adds to output 1: feature 1 <= 0.5 -> 10, else feature 0 <= 2 -> 20, else 30; tree 1 adds 7 to output 0
TREES = Trees(
    feature=np.array([1, 0, 0, 0, 0, 0]),
    threshold=np.array([0.5, 0, 2, 0, 0, 0]),
    left=np.array([1, -1, 3, -1, -1, -1]),
    right=np.array([2, -1, 4, -1, -1, -1]),
    value=np.array([-99.0, 10, -99, 20, 30, 7]),
    roots=np.array([0, 5]),
    owner=np.array([1, 0]),
    start=np.array([100.0, 200.0]),
)


@pytest.mark.parametrize(
    ("values", "leaf"),
    [((9, 0.5), 10), ((9, 0.25), 10), ((2, 0.75), 20), ((2.5, 0.75), 30), ((0, 1), 20)],
)
def test_a_value_at_the_threshold_goes_left(values: tuple[float, float], leaf: float) -> None:
    assert TREES.scores(np.array([values], np.float32)).tolist() == [[107, 200 + leaf]]


def test_objects_take_their_own_ways_and_none_is_no_fault() -> None:
    values = np.array([[9, 0], [0, 1], [9, 1]], np.float32)
    assert TREES.scores(values)[:, 1].tolist() == [210, 220, 230]
    assert TREES.scores(values[:0]).shape == (0, 2)
    assert TREES.start.tolist() == [100, 200]


def test_tensors_bring_back_the_same_trees() -> None:
    tensors = TREES.tensors()
    assert set(tensors) == {f"trees.{one.name}" for one in fields(Trees)}
    again = Trees.from_tensors(tensors)
    for one in fields(Trees):
        np.testing.assert_array_equal(getattr(again, one.name), getattr(TREES, one.name))
