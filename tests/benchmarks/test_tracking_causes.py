"""The benchmark of tracking says why a link was lost: each cause is told from the others."""

from __future__ import annotations

import numpy as np
import pytest
from tracking_causes import Lost, lost_links

TRUTH = np.zeros((4, 30, 60), np.int32)
TRUTH[:, 10:20, 10:20] = 1
TRUTH[:, 10:20, 20:30] = 2
TRUTH[:, 0:8, 45:55] = 3


def changed(old: int, *ids: int) -> np.ndarray:
    """The truth, but for one object that has other ids in the second frame, from its left to its right."""
    labels = TRUTH.copy()
    there = np.argwhere(labels[1] == old)
    for part, new in zip(np.array_split(there[np.argsort(there[:, 1], kind="stable")], len(ids)), ids, strict=True):
        labels[1][tuple(part.T)] = new
    return labels


GROWN = TRUTH.copy()
GROWN[1, 9:29, 9:20] = 1


@pytest.mark.parametrize(
    ("labels", "cause", "border"),
    [
        (changed(2, 1), "merged", False),
        (changed(3, 0), "missed", True),
        (changed(1, 7, 8, 9), "split", False),
        (GROWN, "outlined otherwise", False),
    ],
)
def test_an_object_that_is_wrong_in_one_frame_loses_its_two_links(labels: np.ndarray, cause: str, border: bool) -> None:
    lost = [one for one in lost_links(TRUTH, {}, labels) if one.cause == cause]
    assert lost[:2] == [Lost(cause, 1, border)] * 2
    assert {one.cause for one in lost_links(TRUTH, {}, labels)} == {cause}


def test_nothing_is_lost_of_the_truth_and_how_long_it_was_wrong_counts() -> None:
    assert lost_links(TRUTH, {}, TRUTH) == []
    labels = TRUTH.copy()
    labels[1:3][labels[1:3] == 3] = 0
    assert lost_links(TRUTH, {}, labels) == [Lost("missed", 2, True)] * 3
