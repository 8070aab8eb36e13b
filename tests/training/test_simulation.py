"""Simulated images: exact labels, the same for the same seed, very different for others."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from napari_unet.training.simulation import simulate_image


def test_the_same_seed_gives_the_same_image() -> None:
    (image, labels), (again, labels_again) = simulate_image(96, (3, 1)), simulate_image(96, (3, 1))
    assert np.array_equal(image, again)
    assert np.array_equal(labels, labels_again)
    assert not np.array_equal(labels, simulate_image(96, (3, 2))[1])


def test_images_are_normalized_and_objects_whole() -> None:
    counts, contrasts = [], []
    for number in range(12):
        image, labels = simulate_image(128, (0, number))
        assert image.dtype == np.float32
        assert image.shape == labels.shape == (128, 128)
        assert np.isfinite(image).all()
        assert -0.1 < np.median(image) < 1.1
        ids = np.unique(labels[labels > 0])
        assert ids.tolist() == list(range(1, len(ids) + 1))
        assert all(ndimage.label(labels == i)[1] == 1 for i in ids)
        counts.append(len(ids))
        if len(ids):
            contrasts.append(float(image[labels > 0].mean() - image[labels == 0].mean()))
    assert max(counts) > 3 * max(1, min(counts))  # sizes and densities differ
    assert min(contrasts) < 0 < max(contrasts)  # brighter and darker than what is around
