"""Round objects that touch are parted at their neck, where a frame beside has them apart; all else stays."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from napari_unet.labels.stacks.frames import Backwards, HeldFrames
from napari_unet.labels.stacks.merged_since import convexity
from napari_unet.labels.stacks.necks import _neck, part_at_necks

SHAPE = (40, 60)


def disc(y: float, x: float, radius: float = 10) -> np.ndarray:
    rows, columns = np.indices(SHAPE)
    return (rows - y) ** 2 + (columns - x) ** 2 < radius**2


ONE, OTHER = disc(20, 20), disc(20, 35)
APART = ONE + 2 * (OTHER & ~ONE)
MERGED = (ONE | OTHER).astype(np.int32)
OVAL = ((np.indices(SHAPE)[0] - 20) ** 2 / 81 + (np.indices(SHAPE)[1] - 27) ** 2 / 225 < 1).astype(np.int32)
HALVES = OVAL + (OVAL & (np.indices(SHAPE)[1] > 27))
FAR = disc(20, 13, 8) + 2 * disc(20, 41, 8)
WEDGE = (np.abs(np.indices(SHAPE)[0] - 20) < 16 - np.indices(SHAPE)[1] / 5) & (np.indices(SHAPE)[1] > 2)
WEDGE[:, 55:] = False
BARBELL = ((FAR > 0) | (disc(20, 27, 20) & (np.abs(np.indices(SHAPE)[0] - 20) < 3))).astype(np.int32)


def parted(*frames: np.ndarray, backwards: bool = False) -> tuple[np.ndarray, list[int]]:
    """Frames as they become, and how many objects each step added."""
    labels = np.stack(frames).astype(np.int32)
    held = HeldFrames(labels)
    return labels, list(part_at_necks(Backwards(held) if backwards else held))


@pytest.mark.parametrize("backwards", [False, True])
def test_where_they_were_apart_once_they_stay_apart(backwards: bool) -> None:
    assert convexity(MERGED > 0) > 0.88
    frames = [APART, MERGED, MERGED, MERGED]
    labels, more = parted(*(frames[::-1] if backwards else frames), backwards=backwards)
    assert more == [1, 1, 1]
    np.testing.assert_array_equal(labels > 0, np.stack([MERGED] * 4) > 0)
    for frame in labels:
        assert frame[20, 13] != frame[20, 42]
        assert np.unique(frame).size == 3


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (HALVES, OVAL),  # a cell that had been cut: without a neck
        (FAR, BARBELL),  # with a neck, and not round
        (APART * (np.indices(SHAPE)[0] % 8 < 4), MERGED),  # of parts that are not round
        (1 * WEDGE + (WEDGE & (np.indices(SHAPE)[1] > 38)), WEDGE.astype(np.int32)),  # narrower to one end
        (MERGED, MERGED),
        (np.zeros(SHAPE, np.int32), MERGED),
    ],
)
def test_others_stay_as_they_are(before: np.ndarray, now: np.ndarray) -> None:
    labels, more = parted(before, now)
    assert more == [0]
    np.testing.assert_array_equal(labels[1], now)


def test_a_large_cell_keeps_a_small_one_beside_it_apart() -> None:
    """The width of a neck is a share of that of the narrower part."""
    small = disc(20, 45, 6)
    large = disc(20, 25, 16)
    together = (small | large).astype(np.int32)
    assert convexity(together > 0) > 0.88
    assert parted(large + 2 * (small & ~large), together)[1] == [1]


def test_of_three_in_a_row_with_one_neck_none_is_parted() -> None:
    oval = OVAL[:, 8:].astype(bool)
    oval = np.pad(oval, ((0, 0), (0, 8)))
    halves = 1 * oval + (oval & (np.indices(SHAPE)[1] > 18))
    beside = disc(20, 42, 9) & ~oval
    together = (oval | beside).astype(np.int32)
    assert convexity(together > 0) > 0.88
    assert parted(oval + 3 * beside, together)[1] == [1]
    assert parted(halves + 3 * beside, together)[1] == [0]


def test_in_volumes_too() -> None:
    rows = np.indices((20, *SHAPE))
    balls = [((rows[0] - 10) ** 2 + (rows[1] - 20) ** 2 + (rows[2] - x) ** 2 < 81) for x in (20, 34)]
    apart = balls[0] + 2 * (balls[1] & ~balls[0])
    labels = np.stack([apart, (balls[0] | balls[1])]).astype(np.int32)
    assert list(part_at_necks(HeldFrames(labels))) == [1]
    assert labels[1, 10, 20, 13] != labels[1, 10, 20, 41]


def test_a_neck_is_as_wide_as_its_narrowest_place() -> None:
    depth = ndimage.distance_transform_edt(BARBELL)
    ends = FAR == 1, FAR == 2
    assert depth[ends[0]].max() == pytest.approx(8, abs=0.5)
    assert _neck(BARBELL > 0, depth, *ends) == pytest.approx(3 / depth[ends[0]].max())
    assert _neck(OVAL > 0, ndimage.distance_transform_edt(OVAL), HALVES == 1, HALVES == 2) > 0.98
