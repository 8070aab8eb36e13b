"""Restored values become grey values of the image's own kind, and disagreement is in grey values, too."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.images.normalization import Limits
from napari_unet.restoration.predicting import disagreement, to_grey


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [
        (np.uint8, [0, 100, 151, 200, 255]),
        (np.int16, [-900, 100, 151, 200, 1100]),
        (np.float32, [-900, 100, 150.75, 200, 1100]),
    ],
)
def test_values_are_rounded_and_held_within_what_the_type_can_say(dtype: type, expected: list[float]) -> None:
    found = to_grey(np.array([-10, 0, 0.5075, 1, 10], np.float32), Limits(100, 200), np.dtype(dtype))
    assert found.dtype == dtype
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_two_opinions_apart_everywhere_disagree_by_their_standard_deviation() -> None:
    first = np.zeros((9, 9), np.float32)
    np.testing.assert_allclose(disagreement(first, first + 0.5, Limits(100, 300)), 100 / np.sqrt(2), rtol=1e-5)
    np.testing.assert_array_equal(disagreement(first, first, Limits(100, 300)), 0)


def test_disagreement_of_one_pixel_is_spread_over_few_and_alike_both_ways() -> None:
    first, second = np.zeros((21, 21), np.float32), np.zeros((21, 21), np.float32)
    second[10, 10] = 1
    found = disagreement(first, second, Limits(0, 1))
    assert found.argmax() == 10 * 21 + 10
    assert (found**2).sum() == pytest.approx(0.5, rel=1e-3)
    for beside in (found[10, 13], found[13, 10]):
        assert beside == pytest.approx(found[10, 10] * np.exp(-1), rel=1e-3)
    np.testing.assert_array_equal(found, disagreement(second, first, Limits(0, 1)))
