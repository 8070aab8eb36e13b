"""What of a segmented file is seen at a glance."""

from __future__ import annotations

import numpy as np

from napari_unet.workflows.files.glance import count_suspicious, draw_thumbnail


def test_a_thumbnail_is_small_and_outlined() -> None:
    labels = np.zeros((300, 200), np.int32)
    labels[60:200, 40:160] = 1
    picture = draw_thumbnail(np.where(labels, 900, 100).astype(np.uint16), labels)
    assert picture.shape == (75, 50, 3)
    assert tuple(picture[15, 20]) == (255, 170, 0)
    assert tuple(picture[30, 25]) == (255, 255, 255)
    assert tuple(picture[0, 0]) == (0, 0, 0)


def test_odd_objects_are_counted_and_nothing_is_looked_at_that_would_take_long() -> None:
    y, x = np.mgrid[:160, :160]
    labels = np.zeros((160, 160), np.int32)
    for number, (r, c) in enumerate(np.ndindex(4, 4), start=1):
        labels[np.hypot(y - 40 * r - 20, x - 40 * c - 20) < 8] = number
    assert count_suspicious(labels, "YX") == 0
    labels[labels == 6] = 0
    labels[60, 40:79] = 6  # a line among discs
    assert count_suspicious(labels, "YX") == 1
    assert count_suspicious(np.broadcast_to(np.int32(0), (2**13, 2**13)), "YX") is None
