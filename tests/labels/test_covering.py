"""Going through the frames of a movie for what may be several objects in one."""

from __future__ import annotations

import numpy as np

from napari_unet.labels.stacks.covering import Covering, part_covering
from napari_unet.labels.stacks.frames import Frames, FrameSizes, HeldFrames


def test_what_was_parted_in_a_frame_is_known_in_the_next() -> None:
    labels = np.zeros((3, 20, 40), np.int32)
    labels[:, 5:15, 5:35] = 1
    labels[0, 5:15, 20:35] = 2
    seen = []

    def part(frames: Frames, t: int, one: Covering, sizes: FrameSizes) -> int:
        seen.append((t, one.held.tolist(), sizes.of(t, np.array([one.label])).tolist()))
        labels[t, 5:15, 20:35] = 3
        return 1

    assert list(part_covering(HeldFrames(labels), 1, part)) == [1, 1]
    assert seen == [(1, [1, 2], [300]), (2, [1, 3], [300])]
