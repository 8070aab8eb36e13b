"""What merges for good is parted by its outline; what had been cut in two, or divides, stays in one piece."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.labels.stacks.frames import Backwards, HeldFrames
from napari_unet.labels.stacks.merged_frames import part_merged
from napari_unet.labels.stacks.merged_since import convexity, part_merged_since

SHAPE = (40, 60)


def disc(y: float, x: float, radius: float = 8) -> np.ndarray:
    rows, columns = np.indices(SHAPE)
    return (rows - y) ** 2 + (columns - x) ** 2 < radius**2


ONE, OTHER = disc(20, 20), disc(20, 35)
APART = ONE + 2 * (OTHER & ~ONE)
MERGED = (ONE | OTHER).astype(np.int32)
ROUND = disc(20, 27, 10).astype(np.int32)
HALVES = ROUND + (ROUND & (np.indices(SHAPE)[1] > 27))


def movie(*frames: np.ndarray) -> np.ndarray:
    return np.stack(frames).astype(np.int32)


def counts(frames: np.ndarray) -> list[int]:
    return [np.unique(frame).size - 1 for frame in frames]


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("merged", [1, 3, 8])
def test_what_is_merged_to_the_end_or_from_the_beginning_is_parted(merged: int, backwards: bool) -> None:
    frames = movie(APART, APART, *[MERGED] * merged)[:: -1 if backwards else 1]
    before = frames.copy()
    assert part_merged(frames) == merged
    assert counts(frames) == [2] * (merged + 2)
    np.testing.assert_array_equal(frames > 0, before > 0)
    for frame in frames:
        assert frame[20, 15] != frame[20, 40]


def test_what_is_merged_longer_than_five_frames_is_parted() -> None:
    frames = movie(APART, APART, *[MERGED] * 7, APART)
    assert part_merged(frames) == 7


@pytest.mark.parametrize(
    "frames",
    [
        (HALVES, HALVES, ROUND, ROUND),  # a cell that had been cut
        (ROUND, ROUND, APART, APART),  # a mother, and her daughters
    ],
)
def test_others_stay_as_they_are(frames: tuple[np.ndarray, ...]) -> None:
    labels = movie(*frames)
    before = labels.copy()
    assert part_merged(labels) == 0
    np.testing.assert_array_equal(labels, before)


@pytest.mark.parametrize("frames", [(APART, MERGED, MERGED, MERGED), (MERGED, APART, APART * 0, MERGED)])
def test_by_its_outline_nothing_is_parted_that_was_apart_once_only(frames: tuple[np.ndarray, ...]) -> None:
    held = HeldFrames(movie(*frames))
    assert sum(part_merged_since(held)) + sum(part_merged_since(Backwards(held))) == 0


def test_in_volumes_too() -> None:
    flat = movie(APART, APART, MERGED, MERGED)
    assert part_merged(np.repeat(flat[:, None], 3, axis=1)) == 2


def test_convexity_is_the_share_of_the_hull() -> None:
    assert convexity(np.ones((4, 7), bool)) == pytest.approx(1)
    assert convexity(np.ones((3, 4, 7), bool)) == pytest.approx(1)
    assert convexity(np.ones((1, 1), bool)) == pytest.approx(1)
    corner = np.ones((4, 4), bool)
    corner[:2, :2] = False
    assert convexity(corner) == pytest.approx(12 / 13)  # of the hull, three corners of pixels are cut off
    assert convexity(disc(20, 20, 7)) == convexity(disc(20.4, 20.3, 11)) == convexity(np.eye(5, dtype=bool)) == 1
    assert convexity(MERGED > 0) < 0.95
