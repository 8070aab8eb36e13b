"""Stacks whose voxels are longer along z: planes seen from the side, and sharp planes made as coarse as these.

A side view (Z, X) or (Z, Y) has few rows; stretched to square pixels it is blurred along them. Planes (Y, X) of the
same stack that are blurred and thinned along one axis look alike, and what they were before is known: from them a
network learns to sharpen side views (Weigert et al., Content-aware image restoration, Nature Methods 2018, its
isotropic reconstruction).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from napari_unet.errors import UserError
from napari_unet.images.image import Image
from napari_unet.labels.types import Array, Floats

BLURS = (0.0, 0.25, 0.4, 0.55, 0.75, 1.0)
"""Widths of the blur along z, in slices, of which one is chosen."""
_LEAST_RATIO, _MOST_RATIO, _LEAST_SLICES = 1.25, 16.0, 4


def voxel_ratio(image: Image, wanted: float = 0.0) -> float:
    """How many times as long along z as across a voxel of `image` is; `wanted`, if it is not 0.

    Raises
    ------
    UserError
        If there are too few slices, the size of a voxel is not known, or there is nothing to mend.
    """
    slices = image.sizes.get("Z", 1)
    if slices < _LEAST_SLICES:
        several = "1 slice" if slices == 1 else f"{slices} slices"
        raise UserError(f"{image.name} has {several}: a z-stack of at least {_LEAST_SLICES} is needed.")
    known = {"Z", "X"} <= image.scale.keys() and "Z" not in image.assumed
    if not wanted and not known:
        raise UserError(
            f"{image.name} does not say how long its voxels are along z: give the voxel ratio, or set the voxel size."
        )
    ratio = wanted or image.scale["Z"] / image.scale["X"]
    if not _LEAST_RATIO <= ratio <= _MOST_RATIO:
        raise UserError(
            f"Voxels of {image.name} are {ratio:.2g} times as long along z as across: only from {_LEAST_RATIO:g} to "
            f"{_MOST_RATIO:g} times there is something to mend, and something to mend it from."
        )
    return float(ratio)


def stretched_length(n: int, ratio: float) -> int:
    """Rows of `n` slices once they are `ratio` times as many: the first and the last slice keep their places."""
    return int(np.floor((n - 1) * ratio + 1e-6)) + 1


def stretch(plane: Array, ratio: float, n: int | None = None) -> Floats:
    """(Z, X) -> (rows, X) float32 with square pixels: cubic between slices. `n` rows, else as many as there are."""
    rows = np.arange(n or stretched_length(len(plane), ratio)) / ratio
    return np.asarray(_weights(rows, len(plane)) @ np.asarray(plane, np.float32), np.float32)


def thin(plane: Array, ratio: float, blur: float) -> Floats:
    """(Y, X) -> (slices, X) float32: blurred along the rows by `blur` slices, and a row kept every `ratio`."""
    values = np.asarray(plane, np.float32)
    if blur:
        values = ndimage.gaussian_filter1d(values, blur * ratio, axis=0, mode="reflect", truncate=3)
    rows = np.arange(int(np.floor((len(plane) - 1) / ratio + 1e-6)) + 1) * ratio
    return np.asarray(_weights(rows, len(plane)) @ values, np.float32)


def coarsen(plane: Array, ratio: float, blur: float) -> Floats:
    """A sharp plane (Y, X) as a side view shows it: fewer rows at its end, as `stretch` leaves them."""
    return stretch(thin(plane, ratio, blur), ratio)


def choose_blur(planes: Sequence[Floats], sides: Sequence[Floats], ratio: float) -> float:
    """The blur with which thinned sharp planes differ from row to row as much as side views (Z, X) do.

    What is in the image is taken to look alike from all sides.
    """
    wanted = np.mean([_roughness(side) for side in sides])
    found = [np.mean([_roughness(thin(plane, ratio, blur)) for plane in planes]) for blur in BLURS]
    return BLURS[int(np.argmin(np.abs(np.array(found) - wanted)))]


def _roughness(plane: Floats) -> float:
    """Mean squared difference from row to row, for one of the grey values."""
    return float(np.mean(np.diff(plane, axis=0) ** 2) / max(float(plane.var()), 1e-12))


def _weights(places: Array, n: int) -> Floats:
    """(places, n) float32: cubic convolution (Keys 1981) between `n` rows; beyond the ends these go on."""
    weights = np.zeros((len(places), n), np.float32)
    first = np.floor(places).astype(int)
    for step in (-1, 0, 1, 2):
        far = np.abs(places - (first + step))
        near = 1.5 * far**3 - 2.5 * far**2 + 1
        value = np.where(far <= 1, near, -0.5 * far**3 + 2.5 * far**2 - 4 * far + 2)
        np.add.at(weights, (np.arange(len(places)), np.clip(first + step, 0, n - 1)), value.astype(np.float32))
    return weights
