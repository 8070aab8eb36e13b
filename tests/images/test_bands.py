"""Bands cover an array once."""

from __future__ import annotations

import numpy as np
import pytest

from napari_unet.images.bands import row_bands


@pytest.mark.parametrize("shape", [(7, 5), (3, 7, 5), (2, 3, 1, 40), (0, 5), (4, 0)])
def test_bands_cover_an_array_once(shape: tuple[int, ...]) -> None:
    seen = np.zeros(shape, int)
    sizes = []
    for band in row_bands(shape, 12):
        seen[band] += 1
        sizes.append(seen[band].size)
    assert (seen == 1).all()
    assert all(size <= max(12, shape[-1]) for size in sizes)
