"""Images with discs that a tiny network can learn to find."""

from __future__ import annotations

from functools import cache

import numpy as np

from napari_unet.corrections.corrected_image import CorrectedImage
from napari_unet.images.image import Image


def draw_discs(shape: tuple[int, int] = (160, 200), spacing: int = 32, radius: int = 9, seed: int = 0):
    """Noisy image (Y, X) float32 of bright discs on a grid, and their labels (Y, X) int32."""
    image, labels = _draw(shape, spacing, radius, seed)
    return image.copy(), labels.copy()


@cache
def _draw(shape: tuple[int, int], spacing: int, radius: int, seed: int):
    random = np.random.default_rng(seed)
    labels = np.zeros(shape, np.int32)
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    for y in range(spacing // 2, shape[0] - radius, spacing):
        for x in range(spacing // 2, shape[1] - radius, spacing):
            place = (y + random.integers(-3, 4), x + random.integers(-3, 4))
            labels[(rows - place[0]) ** 2 + (columns - place[1]) ** 2 <= radius**2] = labels.max() + 1
    image = 100.0 * (labels > 0) + random.normal(20, 8, shape)
    return image.astype(np.float32), labels


def correct_all(image, labels, reviewed=None, prediction=None, name="discs") -> CorrectedImage:
    """`labels` as corrections of `image` (numpy, YX or ZYX), all of it reviewed unless said otherwise."""
    axes = {2: "YX", 3: "ZYX"}[image.ndim]
    everywhere = np.ones(labels.shape, bool)
    return CorrectedImage(
        Image(image, axes, name=name), labels, everywhere if reviewed is None else reviewed, prediction, name
    )
