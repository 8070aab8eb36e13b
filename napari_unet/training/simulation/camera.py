"""What a camera makes of light: blur and noise, each scene with its own."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from napari_unet.labels.types import Floats


def expose(
    image: Floats, rng: np.random.Generator, blur: tuple[float, float] = (0.3, 1.8), noise: float = 0.6
) -> Floats:
    """`image` blurred by a Gaussian of a width drawn from `blur`, in pixels, then with noise.

    The noise is at most `noise`**2 times the standard deviation of the image: little noise is as likely as in real
    images, where most of it is little.
    """
    image = ndimage.gaussian_filter(image, rng.uniform(*blur))
    noisy: Floats = image + rng.normal(0, 1, image.shape) * image.std() * rng.uniform(0, noise) ** 2
    return noisy
