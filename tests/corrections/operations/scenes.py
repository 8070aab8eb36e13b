"""Small labels for the tests of operations."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
from skimage.draw import disk


def two_discs() -> np.ndarray:
    """(60, 90) int32: objects 1 and 2, radius 12, two columns apart."""
    labels = np.zeros((60, 90), np.int32)
    labels[disk((30, 25), 12)] = 1
    labels[disk((30, 50), 12)] = 2
    return labels


def dumbbell() -> np.ndarray:
    """(60, 90) int32: one object of two discs that overlap."""
    labels = np.zeros((60, 90), np.int32)
    labels[disk((30, 30), 13)] = 5
    labels[disk((30, 52), 12)] = 5
    return labels


def stack(plane: np.ndarray, n: int = 4) -> np.ndarray:
    return np.stack([plane] * n)


def counter(first: int) -> Callable[[], int]:
    return itertools.count(first).__next__


def applied(labels: np.ndarray, change) -> np.ndarray:
    """Labels after the change; it must be exactly undone, and say truly which planes it changes."""
    after = labels.copy()
    change.apply(after)
    planes = {tuple(i) for i in np.argwhere((after != labels).any(axis=(-2, -1))).tolist()}
    assert change.planes == (planes if labels.ndim > 2 else ({()} if len(change) else set()))
    back = after.copy()
    back[change.index] = change.before
    np.testing.assert_array_equal(back, labels)
    return after
