"""What a click costs: Fitts' law, and pairs that belong together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from clicks import pointing_seconds, write_pairs
from tifffile import imread


def test_far_and_small_targets_take_longer() -> None:
    assert pointing_seconds(0, 20) == pytest.approx(0.23)
    assert pointing_seconds(60, 20) == pytest.approx(0.23 + 2 * 0.166)
    assert pointing_seconds(600, 20) > pointing_seconds(600, 80) > pointing_seconds(60, 80)


def test_pairs_have_objects_in_them(tmp_path: Path) -> None:
    write_pairs(tmp_path, 30)
    masks = sorted((tmp_path / "masks").iterdir())
    assert [path.name for path in masks] == [path.name for path in sorted((tmp_path / "images").iterdir())]
    assert len(masks) == 30
    assert all(np.unique(imread(path)).size > 3 for path in masks)
    assert {imread(path).shape for path in masks} == {(128, 128)}
