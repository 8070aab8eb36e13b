"""Round objects of one size that differ in what is inside them."""

from __future__ import annotations

import numpy as np
from scipy import ndimage


def draw_phenotypes(n: int = 6, cell: int = 32, seed: int = 0):
    """Image (Y, X) float32 and labels (Y, X) int32 of n x n discs, and the class (0 smooth, 1 spotted) of each id."""
    random = np.random.default_rng(seed)
    labels = np.zeros((n * cell, n * cell), np.int32)
    image = random.normal(20, 2, labels.shape).astype(np.float32)
    y, x = np.mgrid[:cell, :cell] - cell // 2
    classes = {}
    for number, (row, column) in enumerate(np.ndindex(n, n), start=1):
        disc = y**2 + x**2 < random.uniform(9, 12) ** 2
        classes[number] = int(random.random() < 0.5) if number > 4 else number % 2
        texture = ndimage.gaussian_filter(random.normal(0, 1, (cell, cell)), 0.7 if classes[number] else 3)
        part = slice(row * cell, (row + 1) * cell), slice(column * cell, (column + 1) * cell)
        labels[part][disc] = number
        image[part][disc] = (80 + 10 * texture / texture.std())[disc]
    return image, labels, classes
