"""Objects that touch in some frames are told apart by the frames around; what divides, or never parts again, stays."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.labels.stacks.frames import HeldFrames
from napari_unet.labels.stacks.merged_frames import count_steps, part_merged, part_merged_frames


def movie(*frames: list[tuple[int, int, int]]) -> np.ndarray:
    """Frames of objects (id, first column, last column) in a 6 x 40 image."""
    found = np.zeros((len(frames), 6, 40), np.int32)
    for t, objects in enumerate(frames):
        for label, first, last in objects:
            found[t, 1:5, first:last] = label
    return found


TWO = [(1, 4, 14), (2, 14, 24)]
ONE = [(5, 4, 24), (6, 30, 36)]


@pytest.mark.parametrize("missing", [1, 2, 4])
def test_what_is_one_for_some_frames_is_parted_where_its_objects_lie(missing: int) -> None:
    frames = movie(TWO, *[ONE] * missing, TWO)
    before = frames.copy()
    assert part_merged(frames) == missing
    for frame in frames[1:-1]:
        first, second = np.unique(frame[:, 4:14]), np.unique(frame[:, 14:24])
        assert len(first[first > 0]) == len(second[second > 0]) == 1
        assert first[-1] != second[-1]
        assert (frame[1:5, 30:36] == 6).all()
    np.testing.assert_array_equal(frames > 0, before > 0)


@pytest.mark.parametrize(
    "frames",
    [
        [TWO, ONE, ONE, ONE],  # never again
        [ONE, ONE, TWO, TWO],  # a division
        [TWO, *[ONE] * 6, TWO],  # too long ago
        [[(1, 4, 24)], ONE, TWO],
        [TWO, ONE, [(1, 4, 24), (2, 24, 34)]],
        [[(1, 4, 14), (2, 26, 38)], [(5, 4, 24), (6, 26, 38)], [(1, 4, 14), (2, 26, 38)]],
    ],
)
def test_others_stay_as_they_are(frames: list[list[tuple[int, int, int]]]) -> None:
    labels = movie(*frames)
    before = labels.copy()
    assert part_merged(labels) == 0
    np.testing.assert_array_equal(labels, before)


def test_three_are_parted_and_one_that_is_lost_later_goes_with_a_neighbour() -> None:
    three = [(1, 2, 12), (2, 12, 22), (3, 22, 32)]
    frames = movie(three, [(9, 2, 32)], three)
    assert part_merged(frames) == 2
    assert len(np.unique(frames[1])) == 4
    frames = movie(three, [(9, 2, 32)], three[:2])
    assert part_merged(frames) == 1
    assert len(np.unique(frames[1])) == 3


def test_in_volumes_through_time_too() -> None:
    flat = movie(TWO, ONE, TWO)
    deep = np.repeat(flat[:, None], 3, axis=1)
    assert part_merged(deep) == 1
    assert part_merged(flat) == 1
    np.testing.assert_array_equal(deep[:, 1] > 0, flat > 0)


def test_each_step_is_told_and_who_takes_no_more_of_them_has_whole_objects() -> None:
    frames = movie(TWO, ONE, TWO, ONE, TWO)
    assert count_steps(5) == 29
    first = next(iter(part_merged_frames(HeldFrames(frames))))
    assert first == 1
    assert [np.unique(frame).size - 1 for frame in frames] == [2, 3, 2, 2, 2]
    told = list(part_merged_frames(HeldFrames(frames)))
    assert len(told) == 29
    assert sum(told) == 1


@pytest.mark.parametrize("n", range(5))
def test_as_many_steps_are_expected_as_come(n: int) -> None:
    assert len(list(part_merged_frames(HeldFrames(np.zeros((n, 4, 4), np.int32))))) == count_steps(n)


@pytest.mark.parametrize("shape", [(0, 4, 4), (1, 4, 4), (2, 4, 4), (3, 4, 4)])
def test_of_nothing_comes_nothing(shape: tuple[int, ...]) -> None:
    assert part_merged(np.zeros(shape, np.int32)) == 0
