"""Connected pieces of masks as runs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_unet.labels.pieces import Pieces, connect_runs, spread

shapes = st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple)


def paint(pieces: Pieces, shape: tuple[int, ...]) -> np.ndarray:
    """The image of ids that `pieces` stand for."""
    labels = np.zeros(shape, np.int32)
    lengths = pieces.stops - pieces.starts
    labels.ravel()[spread(pieces.starts, lengths)] = np.repeat(pieces.ids, lengths)
    return labels


@settings(max_examples=150, deadline=None)
@given(shapes, st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_pieces_are_those_of_scipy_with_its_numbers(shape: tuple[int, ...], share: float, seed: int) -> None:
    mask = np.random.default_rng(seed).random(shape) < share
    labels, count = ndimage.label(mask)
    pieces = connect_runs(mask)
    assert pieces.count == count
    np.testing.assert_array_equal(paint(pieces, shape), labels)
    np.testing.assert_array_equal(pieces.sizes[1:], np.bincount(labels.ravel(), minlength=count + 1)[1:])


@settings(max_examples=50, deadline=None)
@given(shapes, st.integers(0, 2**32 - 1))
def test_a_piece_knows_its_place_in_a_larger_mask_and_whether_it_ends_at_the_border(
    shape: tuple[int, ...], seed: int
) -> None:
    values = np.random.default_rng(seed).random(shape)
    larger, smaller = connect_runs(values > 0.3), connect_runs(values > 0.6)
    around, labels = paint(larger, shape), paint(smaller, shape)
    owners = larger.ids[smaller.within(larger)]
    inner = np.zeros(shape, np.bool_)
    inner[tuple(slice(1, -1) for _ in shape)] = True
    for number in range(1, smaller.count + 1):
        assert (around[labels == number] == owners[number - 1]).all()
        assert smaller.at_border(shape)[number] == (~inner[labels == number]).any()


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_nothing_and_all(share: float) -> None:
    mask = np.full((4, 5), bool(share))
    assert connect_runs(mask).count == int(share)
    assert connect_runs(mask).starts.size == 4 * int(share)
