from __future__ import annotations

import numpy as np

from napari_unet.labels.regions import middle_box


def test_a_box_lies_around_the_objects_and_within_the_plane() -> None:
    mask = np.zeros((100, 200), bool)
    mask[60:70, 100:110] = True
    assert middle_box(mask, 40) == (slice(44, 84), slice(84, 124))
    mask[:] = False
    mask[2, 199] = True
    assert middle_box(mask, 40) == (slice(0, 40), slice(160, 200))
    mask[:] = False
    assert middle_box(mask, 150) == (
        slice(0, 150),
        slice(25, 175),
    )  # larger than the plane is high
