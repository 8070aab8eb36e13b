"""COCO's run lengths go down the columns, in numbers or in its compressed text."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_unet.errors import UserError
from napari_unet.results.exports.run_lengths import decode_runs, encode_runs, expand_text

planes = hnp.arrays(np.int32, st.tuples(st.integers(1, 7), st.integers(1, 7)), elements=st.sampled_from([0, 2, 70_000]))


def compressed(counts: list[int]) -> str:
    """Counts as the COCO API writes them: differences from the third on, 5 bits a character and one for "more"."""
    text = ""
    for place, count in enumerate(counts):
        value = count - counts[place - 2] if place > 2 else count
        while True:
            bits, value = value & 0x1F, value >> 5
            more = value != (-1 if bits & 0x10 else 0)
            text += chr(bits + (0x20 if more else 0) + 48)
            if not more:
                break
    return text


def test_counts_begin_with_what_is_outside_and_a_run_goes_on_in_the_next_column() -> None:
    plane = np.array([[0, 5, 0], [0, 5, 0], [5, 0, 9]])
    found = encode_runs(plane)
    assert found == {5: ([2, 3, 4], (0, 0, 2, 3), 3), 9: ([8, 1], (2, 2, 1, 1), 1)}


@pytest.mark.parametrize(
    ("plane", "counts"),
    [
        (np.full((2, 3), 4), [0, 6]),  # the first number is of what is outside, even of nothing
        (np.array([[4, 0]]), [0, 1, 1]),
        (np.array([[0], [4]]), [1, 1]),  # nothing is said of what comes after the last pixel
    ],
)
def test_ends_of_the_plane(plane: np.ndarray, counts: list[int]) -> None:
    assert encode_runs(plane)[4][0] == counts


def test_an_empty_plane_has_no_objects() -> None:
    assert encode_runs(np.zeros((3, 4), np.uint8)) == {}


@given(planes)
def test_every_object_comes_back_with_its_box_and_area(plane: np.ndarray) -> None:
    found = encode_runs(plane)
    assert sorted(found) == np.unique(plane[plane > 0]).tolist()
    for label, (counts, (left, top, width, height), area) in found.items():
        for given_as in (counts, compressed(counts)):
            mask = np.zeros(plane.shape, bool)
            mask[decode_runs(given_as, plane.shape)] = True
            np.testing.assert_array_equal(mask, plane == label)
        rows, columns = np.nonzero(plane == label)
        assert area == rows.size
        assert (left, top) == (columns.min(), rows.min())
        assert (left + width, top + height) == (columns.max() + 1, rows.max() + 1)


@given(st.lists(st.integers(0, 2**30), max_size=9))
def test_compressed_text_is_the_numbers_again(counts: list[int]) -> None:
    assert expand_text(compressed(counts)) == counts


def test_text_that_ends_within_a_number_is_told() -> None:
    with pytest.raises(UserError, match="ends in the middle of a number: the file is damaged"):
        expand_text(compressed([1000])[:-1])


@pytest.mark.parametrize("counts", [[], [5], [7], [3, -1, 4]])
def test_counts_that_do_not_fit_say_how_many_pixels_they_are(counts: list[int]) -> None:
    with pytest.raises(UserError, match=rf"run length of {sum(counts)} pixels does not fit an image of 2 x 3"):
        decode_runs(counts, (2, 3))
