"""Slopes and spots within objects are in the order of their names, and those of a part are those of the whole."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.classification import texture
from napari_unet.classification.pooling import Pool
from napari_unet.classification.texture import MAPS, add_texture, inside_of, texture_names


def pooled(grey: np.ndarray, labels: np.ndarray, spread: bool = True) -> dict[str, np.ndarray]:
    pool = Pool(np.unique(labels[labels > 0]).astype(np.int64), len(MAPS), spread=spread)
    list(add_texture(pool, grey.astype(np.float32), labels))
    return dict(zip(texture_names(2), pool.values().T, strict=True))


def test_a_ramp_has_its_slope_and_no_spots() -> None:
    labels = np.zeros((40, 40), np.int32)
    labels[12:28, 12:28] = 3
    found = pooled((np.arange(40)[None, :] - 19.5) * np.full((40, 1), 0.25), labels)
    assert found["texture grey 2"] == pytest.approx(0, abs=1e-5)
    assert found["texture grey 2 spread"] == pytest.approx(0.25 * np.arange(14, 26).std(), rel=1e-4)
    assert found["texture slope 1 2"] == pytest.approx(0.25, rel=1e-4)
    assert found["texture slope 1 2 spread"] == pytest.approx(0, abs=1e-3)
    assert found["texture spots 1 2"] == pytest.approx(0, abs=1e-4)
    assert found["texture spots 2 2"] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_spots_of_a_bowl_grow_with_the_square_of_the_size(size: int) -> None:
    y, x = np.mgrid[-30:31, -30:31]
    labels = np.zeros((61, 61), np.int32)
    labels[26:35, 26:35] = 1
    found = pooled((y**2 + x**2) / 1000, labels)
    expected = pytest.approx(4 / 1000 * size**2, rel=0.15)  # the filter ends at three widths
    assert found[f"texture spots {size} 2"] == expected


def test_parts_of_a_plane_say_what_the_whole_says(monkeypatch: pytest.MonkeyPatch) -> None:
    labels = np.zeros((60, 70), np.int32)
    labels[4:14, 40:62], labels[20:34, 5:21], labels[44:56, 50:66] = 2, 5, 9
    grey = np.random.default_rng(0).normal(size=labels.shape)
    whole = pooled(grey, labels)
    cut = inside_of(labels)
    monkeypatch.setattr(texture, "_SIDE", 32)
    monkeypatch.setattr(texture, "inside_of", lambda part: part)
    parts = pooled(grey, cut)
    for name in texture_names(2):
        np.testing.assert_allclose(parts[name], whole[name], atol=1e-4)
