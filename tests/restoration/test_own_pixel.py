"""What neighbours cannot foretell is taken from the pixel itself; noise is not."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.images.normalization import Limits
from napari_unet.restoration.material import NORMALIZATION
from napari_unet.restoration.own_pixel import count_own_pixels, measure_noise

UNIT = Limits(0.0, 1.0)


def draw(shape: tuple[int, int] = (120, 160)) -> tuple[np.ndarray, np.ndarray]:
    """A slope from dark to bright (Y, X), and the same with noise whose variance grows with it."""
    clean = np.broadcast_to(np.linspace(0.1, 1, shape[1], dtype=np.float32), shape).copy()
    noise = np.random.default_rng(0).normal(0, 1, shape)
    return clean, (clean + noise * np.sqrt(0.002 + 0.01 * clean)).astype(np.float32)


def count(seen: np.ndarray, foretold: np.ndarray) -> np.ndarray:
    return count_own_pixels(seen, UNIT, NORMALIZATION, foretold)


def test_the_noise_is_measured_as_a_line_over_brightness() -> None:
    clean, noisy = draw()
    found = measure_noise(noisy, clean)
    for at in (0.2, 0.5, 0.9):
        assert float(found.variance(np.float32(at))) == pytest.approx(0.002 + 0.01 * at, rel=0.15)


def test_noise_alone_is_not_brought_back() -> None:
    clean, noisy = draw()
    assert np.mean((count(noisy, clean) - clean) ** 2) < 0.01 * np.mean((noisy - clean) ** 2)


def test_missed_detail_is_brought_back_where_it_is_and_nowhere_else() -> None:
    clean, noisy = draw()
    detail = np.zeros_like(clean)
    detail[40:80, 60:100] = np.random.default_rng(1).choice([-0.3, 0.3], (40, 40))
    found = count(noisy + detail, clean)
    inside, outside = np.s_[45:75, 65:95], np.s_[:, 120:]
    wanted = clean + detail
    assert np.mean((found - wanted)[inside] ** 2) < 0.3 * np.mean(detail[inside] ** 2)
    assert np.mean((found - wanted)[outside] ** 2) < 0.01 * np.mean((noisy - clean)[outside] ** 2)


def test_a_hot_pixel_stays_away() -> None:
    clean, noisy = draw()
    noisy[60, 80] += 40
    assert abs(count(noisy, clean) - clean)[60, 80] < 0.05 * 40


def test_bands_of_rows_leave_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    clean, noisy = draw()
    noisy[30:90] += np.random.default_rng(2).choice([-0.3, 0.3], (60, 160)).astype(np.float32)
    whole = count(noisy, clean)
    monkeypatch.setattr("napari_unet.restoration.own_pixel._BAND", 32)
    np.testing.assert_allclose(count(noisy, clean), whole, atol=1e-6)


def test_an_image_of_one_grey_value_stays_as_it_is() -> None:
    grey = np.full((40, 40), 0.5, np.float32)
    np.testing.assert_array_equal(count(grey, grey), grey)
