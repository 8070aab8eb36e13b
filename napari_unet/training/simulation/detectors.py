"""What an instrument adds to an image: blur, shading, and noise of several kinds."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage

from napari_unet.labels.types import Floats
from napari_unet.training.simulation.textures import texture

Rng = np.random.Generator


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """A number between, each ratio as likely as any other."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def detect(image: Any, rng: Rng, blur: tuple[float, float] = (0.3, 1.6), noise: float = 0.25) -> Floats:
    """`image` (Y, X), about 0 to 1, through an objective onto a camera; `noise` is the most in parts of its range."""
    image = ndimage.gaussian_filter(np.asarray(image, np.float32), rng.uniform(*blur))
    if rng.random() < 0.5:  # light or staining falls off over the field
        image = image * (1 + rng.uniform(0, 0.3) * texture(image.shape, image.shape[0], rng)).clip(0.2)
    amount = noise * rng.random() ** 2
    grain = rng.standard_normal(image.shape, np.float32)
    if rng.random() < 0.3:  # noise that was smoothed, as after scaling or compression
        grain = ndimage.gaussian_filter(grain, rng.uniform(0.4, 1.0))
        grain = grain / (grain.std() + 1e-6)
    if rng.random() < 0.5:  # the brighter the noisier, as of photons
        low, high = np.percentile(image, (1, 99))
        grain = grain * np.sqrt(((image - low) / (high - low + 1e-6)).clip(0, 4) + 0.1)
    detected: Floats = (image + amount * grain).astype(np.float32)
    return detected


def scan_image(image: Any, rng: Rng, blur: tuple[float, float] = (0.3, 1.4), noise: float = 0.35) -> Floats:
    """`image` as an electron microscope gives it: grain, a gradient of charging, lines of the scan."""
    image = ndimage.gaussian_filter(np.asarray(image, np.float32), rng.uniform(*blur))
    amount = noise * rng.random() ** 2
    image = image + amount * rng.standard_normal(image.shape, np.float32)
    if rng.random() < 0.5:
        image = image + rng.uniform(0, 0.25) * texture(image.shape, image.shape[0] * rng.uniform(0.3, 1), rng)
    if rng.random() < 0.25:  # charging streaks along the scan
        streaks = ndimage.gaussian_filter(rng.standard_normal(image.shape, np.float32), (0.4, rng.uniform(8, 40)))
        image = image + rng.uniform(0, 0.12) * streaks / (streaks.std() + 1e-6)
    if rng.random() < 0.3:
        image = np.clip(image, *np.percentile(image, (rng.uniform(0, 6), 100 - rng.uniform(0, 6))))
    scanned: Floats = np.asarray(image, np.float32)
    return scanned
