"""What slices and side views say together."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.heads.instances.volume import join_views, soften
from napari_unet.models.record import ModelRecord


def test_foreground_is_the_mean_of_three_views_and_the_smaller_distance_counts() -> None:
    slices = np.array([[[[0.9, 0.0]]], [[[0.5, 0.4]]]], np.float16)
    sides = np.array([[[[0.3, 0.6]]], [[[0.7, 0.1]]]], np.float32)
    joined = join_views(slices, sides)
    np.testing.assert_allclose(joined, [[[[0.5, 0.4]]], [[[0.5, 0.1]]]], atol=1e-3)
    assert joined.dtype == np.float32
    np.testing.assert_array_equal(join_views(slices, None), slices.astype(np.float32))


def test_views_together_are_less_extreme_so_thresholds_are_others() -> None:
    record = ModelRecord(seed_threshold=0.3, object_threshold=0.8)
    softened = soften(record)
    assert softened.seed_threshold == pytest.approx(0.4)
    assert softened.object_threshold == pytest.approx(0.736)
    assert softened.foreground_threshold == pytest.approx(7 / 6 * record.foreground_threshold)
    assert soften(record.model_copy(update={"seed_threshold": 0.8})).seed_threshold == 0.95
