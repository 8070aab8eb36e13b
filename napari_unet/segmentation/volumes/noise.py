"""Noisy volumes: each voxel is averaged with its neighbours in all three directions before a network of planes sees it.

A plane through a volume does not show what its neighbours tell of the same object, and a network of planes that sees
noise alone finds objects in it. So as much is averaged as the noise asks for, and no more than leaves outlines as they
are for objects of the size at hand.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.images.channels import ModelInput, change_channels, grey_input
from napari_unet.images.image import Image
from napari_unet.images.limits import volume_limits
from napari_unet.images.normalization import NormalizationConfig
from napari_unet.labels.types import PlaneIndex

# Standard deviation of noise, as a share of the range of grey values. Stacks whose nuclei the network finds as they are
# have .017 to .027, three in which it takes noise for nuclei .068 to .091; walls with .042 are lost if averaged.
_NOISY = 0.05
_QUIET = 0.015  # what is left of it
_LEAST = 0.4  # voxels: what is averaged over less changes nothing
_OF_DIAMETER = 0.08  # averaged over more than this share of an object, outlines move and neighbours merge
_LOOKED_AT = 5  # slices
_REACH = 3.0  # standard deviations
_LAPLACE = np.array([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])
_NORMAL = 0.6745  # median of the absolute values of a normal distribution with standard deviation 1


def noise_level(plane: npt.NDArray[Any]) -> float:
    """Standard deviation of the noise in pixels (Y, X), as far as it differs from one pixel to the next.

    By what is left when all that changes evenly is taken away (J. Immerkaer, Fast noise variance estimation, Computer
    Vision and Image Understanding 64:300, 1996), with the median in place of the mean, as few pixels are at an edge.
    """
    if min(plane.shape) < 3:
        return 0.0
    left = np.abs(ndimage.convolve(plane.astype(np.float32), _LAPLACE)[1:-1, 1:-1])
    return float(np.median(left)) / _NORMAL / float(np.sqrt((_LAPLACE**2).sum()))


def averaging_width(image: ModelInput, volume: PlaneIndex, flatness: float, diameter: float) -> float:
    """Standard deviation in pixels of the Gaussian that a noisy `volume` of `image` should be averaged with; else 0.

    Parameters
    ----------
    volume : tuple of int
        Index over the axes before ZYX.
    flatness : float
        How many times as long along z as along y a voxel is; the Gaussian is as much narrower along z.
    diameter : float
        Typical object diameter in pixels.
    """
    grey, depth = grey_input(image), image.shape[-3]
    limits = volume_limits(grey, (*volume, 0), NormalizationConfig())
    low, high = float(np.min(limits.low)), float(np.max(limits.high))
    chosen = np.unique(np.linspace(0, depth - 1, _LOOKED_AT + 2).round().astype(int)[1:-1])
    noise = np.mean([noise_level(grey.plane((*volume, int(z)))) for z in chosen]) / max(high - low, 1e-12)
    if noise < _NOISY:
        return 0.0
    # noise falls to 1 / sqrt((2 sqrt(pi) s)^3 / flatness) of what it was
    width = (noise / _QUIET) ** (2 / 3) * flatness ** (1 / 3) / (2 * math.sqrt(math.pi))
    width = min(width, _OF_DIAMETER * diameter)
    return float(width) if width >= _LEAST else 0.0


def average_voxels(image: ModelInput, width: float, flatness: float) -> ModelInput:
    """`image`, with axes out of "TCZYXS", as it looks when each voxel is averaged with its neighbours; read lazily."""
    return change_channels(image, partial(_averaged, width=width, flatness=flatness))


def _averaged(image: Image, width: float, flatness: float) -> Image:
    known = {field.name: getattr(image, field.name) for field in fields(image)}
    return AveragedImage(**known, width=width, width_z=width / flatness)


@dataclass(frozen=True, eq=False)
class AveragedImage(Image):
    """An image with z whose voxels are averaged as they are read: `width` in pixels along y and x, `width_z` in slices.

    `data` stays as it was.
    """

    width: float = 0.0
    width_z: float = 0.0

    def part(self, index: tuple[int, ...], region: tuple[slice, slice]) -> npt.NDArray[Any]:
        """Averaged pixels (Y, X) or (Y, X, S) as float32 at `index`, of rows and columns `region` alone."""
        rows, columns = self.axes.index("Y"), self.axes.index("X")
        sizes, margin = (self.shape[rows], self.shape[columns]), math.ceil(_REACH * self.width)
        inner = [one.indices(size)[:2] for one, size in zip(region, sizes, strict=True)]
        outer = [(max(0, a - margin), min(size, b + margin)) for (a, b), size in zip(inner, sizes, strict=True)]
        read = slice(*outer[0]), slice(*outer[1])
        found = self._along_z(index, read)
        widths = (self.width, self.width, *(0.0,) * (found.ndim - 2))
        found = ndimage.gaussian_filter(found, widths, mode="nearest", truncate=_REACH)
        kept = tuple(slice(a - start, b - start) for (a, b), (start, _) in zip(inner, outer, strict=True))
        return np.ascontiguousarray(found[kept])

    def _along_z(self, index: Sequence[int], region: tuple[slice, slice]) -> npt.NDArray[np.float32]:
        """The mean of a slice and its neighbours, each as often as it counts; the outermost go on beyond the stack."""
        others = [letter for letter in self.axes if letter not in "YXS"]
        if len(index) != len(others):
            raise ValueError(f"index {index} does not fit axes {self.axes}")
        at = others.index("Z")
        depth, reach = self.sizes["Z"], math.ceil(_REACH * self.width_z)
        steps = np.arange(-reach, reach + 1)
        weights = np.exp(-0.5 * (steps / max(self.width_z, 1e-6)) ** 2)
        there = np.clip(index[at] + steps, 0, depth - 1)
        total: Any = 0.0
        for z in np.unique(there):
            pixels = super().part((*index[:at], int(z), *index[at + 1 :]), region)
            total = total + np.float32(weights[there == z].sum() / weights.sum()) * pixels.astype(np.float32)
        return np.asarray(total, np.float32)
