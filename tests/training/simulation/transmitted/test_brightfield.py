"""Cells in bright field: rims by the side of the focus, no light lost on the way, dyes that take light away."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.draw import disk

from napari_unet.training.simulation.textures import edge_distance
from napari_unet.training.simulation.transmitted.brightfield import defocused, draw_brightfield


def _disc() -> np.ndarray:
    labels = np.zeros((96, 96), np.int32)
    labels[disk((48, 48), 20)] = 1
    return labels


def _thick() -> np.ndarray:
    depth: np.ndarray = np.clip(-edge_distance(_disc()), 0, 6) / 6
    return depth


@pytest.mark.parametrize("defocus", [4.0, -4.0])
def test_beside_the_focus_the_rim_is_dark_outside_and_bright_inside_or_the_reverse(defocus: float) -> None:
    light, away = defocused(0.5 * _thick(), 0 * _thick(), defocus), edge_distance(_disc())
    foot, shoulder = light[np.abs(away - 0.5) < 1], light[np.abs(away + 6) < 1]
    assert np.sign(defocus) * (shoulder.mean() - foot.mean()) > 0.1
    assert light[:8].mean() == pytest.approx(1, abs=0.01)
    assert light.mean() == pytest.approx(1, abs=0.01)  # bent, not lost


def test_in_focus_only_what_absorbs_is_seen() -> None:
    absorbs = 0.7 * _thick()
    assert defocused(2 * _thick(), absorbs, 0.0) == pytest.approx(np.exp(-absorbs), abs=1e-4)


def test_objects_are_dark_or_bright_or_seen_by_their_rim_alone() -> None:
    contrasts = []
    for number in range(24):
        image, labels = draw_brightfield(128, np.random.default_rng((9, number)))
        assert (image > -0.5 * image.mean()).all()
        if labels.any() and (labels == 0).any():
            contrasts.append((image[labels > 0].mean() - image[labels == 0].mean()) / image.std())
    assert np.mean(np.array(contrasts) < -1) > 0.15  # stained
    assert np.mean(np.abs(contrasts) < 0.8) > 0.15  # by the rim
    assert max(contrasts) > 0.5
