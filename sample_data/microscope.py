"""What a fluorescence microscope does to a specimen: blur, uneven light, haze, shot noise, read noise, digitization."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.special import pdtrik
from shapes import Array, SmoothField, grid


@dataclass(frozen=True)
class Microscope:
    """Sigmas of the point-spread function in micrometers, light in photons, camera in grey values."""

    sigma_xy: float = 0.22
    sigma_z: float = 0.75
    haze: float = 0.12  # share of the light that arrives far out of focus
    photons: float = 260.0  # of a structure of density 1
    background: float = 14.0  # photons
    vignetting: float = 0.3  # light lost in the corners
    gain: float = 2.2  # grey values a photon
    offset: float = 100.0  # grey values
    read_noise: float = 3.5  # grey values

    def expose(self, density: Array, pixel: tuple[float, ...], rng: np.random.Generator) -> npt.NDArray[np.uint16]:
        """Camera image ((Z)YX, uint16) of `density` with pixels of size `pixel`, in micrometers."""
        light = self._blur(density, pixel)
        plane = light.shape[-2:]
        light = light * self._illumination(plane, rng) * self.photons
        uneven = SmoothField(rng, 2, max(plane) * pixel[-1] * 1.1, 12).at(grid(plane, pixel[-2:]))
        light += self.background * np.clip(1 + 0.25 * uneven, 0.3, None)
        # drawn pixel by pixel from the inverse distribution: rounding elsewhere cannot shift all later draws
        electrons = np.ceil(pdtrik(rng.random(light.shape), np.maximum(light, 0.05)))
        grey = self.offset + self.gain * np.maximum(electrons, 0) + rng.normal(0, self.read_noise, light.shape)
        return np.clip(np.round(grey), 0, 65535).astype(np.uint16)

    def _blur(self, density: Array, pixel: tuple[float, ...]) -> Array:
        sigmas = [self.sigma_xy / pixel[-2], self.sigma_xy / pixel[-1]]
        far = [2.2 / pixel[-2], 2.2 / pixel[-1]]
        if density.ndim == 3:
            sigmas.insert(0, self.sigma_z / pixel[0])
            far.insert(0, 3 * self.sigma_z / pixel[0])
        focus = ndimage.gaussian_filter(density, sigmas, mode="nearest")
        return (1 - self.haze) * focus + self.haze * ndimage.gaussian_filter(density, far, mode="nearest")

    def _illumination(self, plane: tuple[int, ...], rng: np.random.Generator) -> Array:
        """Relative light over the field, brightest somewhere near its middle."""
        rows, columns = np.ogrid[-1 : 1 : plane[0] * 1j, -1 : 1 : plane[1] * 1j]
        y, x = rng.uniform(-0.3, 0.3, 2)
        return np.asarray(1 - self.vignetting * ((rows - y) ** 2 + (columns - x) ** 2) / 2)


def add_debris(density: Array, pixel: tuple[float, ...], rng: np.random.Generator, count: int) -> Array:
    """`density` with fragments of dead cells: small sharp specks, and large blurred ones out of focus."""
    debris = np.zeros_like(density)
    for _ in range(count):
        speck = np.zeros_like(density)
        speck[tuple(rng.integers(0, size) for size in density.shape)] = 1
        radius = rng.choice([0.35, 0.6, 3.5], p=[0.5, 0.3, 0.2]) * rng.uniform(0.7, 1.4)
        sigma = [max(0.4, radius / step) for step in pixel]
        speck = ndimage.gaussian_filter(speck, sigma, mode="constant")
        debris += speck / speck.max() * (rng.uniform(0.4, 1.6) if radius < 1.5 else rng.uniform(0.08, 0.25))
    return density + debris
