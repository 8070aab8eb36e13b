"""What images of all kinds are painted with: random fields of a given scale, and how far a pixel is from an outline."""

from __future__ import annotations

from functools import lru_cache

import edt
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.labels.types import Floats

Rng = np.random.Generator


def texture(shape: tuple[int, ...], scale: float, rng: Rng) -> Floats:
    """A random field of `shape` (Y, X), zero mean and unit deviation with structure of about `scale` pixels."""
    side = max(shape)
    coarse = max(4, int(2 * side / max(scale, 2.0)))
    field = rng.standard_normal((coarse, coarse))
    if coarse > 200:
        field = ndimage.zoom(field, side / coarse, order=1)[: shape[0], : shape[1]]
    else:
        spline = _spline(coarse, side)
        field = spline[: shape[0]] @ field @ spline[: shape[1]].T
    scaled: Floats = ((field - field.mean()) / (field.std() + 1e-6)).astype(np.float32)
    return scaled


@lru_cache(maxsize=64)
def _spline(coarse: int, side: int) -> npt.NDArray[np.float64]:
    """(side, coarse) what takes `coarse` samples to `side` by cubic splines: several times as fast as `zoom` in 2D."""
    spline: npt.NDArray[np.float64] = ndimage.zoom(np.eye(coarse), (side / coarse, 1), order=3)
    return spline


def mixture(shape: tuple[int, ...], rng: Rng) -> Floats:
    """Texture of one fine and one coarse scale."""
    fine, coarse = np.exp(rng.uniform(np.log(2), np.log(8))), np.exp(rng.uniform(np.log(8), np.log(60)))
    share = np.float32(rng.random())
    mixed: Floats = share * texture(shape, fine, rng) + (1 - share) * texture(shape, coarse, rng)
    return mixed


def smooth_texture(shape: tuple[int, int], scale: float, rng: Rng) -> Floats:
    """As `texture`, in a tenth of its time: bumps of Gaussian profile, of random heights, on a grid."""
    ways = []
    for length in shape:
        knots = np.arange(-scale, length + scale, scale / 2, dtype=np.float32)
        ways.append(np.exp(-0.5 * ((np.arange(length, dtype=np.float32)[:, None] - knots) / (0.3 * scale)) ** 2))
    down, across = ways
    field = down @ rng.standard_normal((down.shape[1], across.shape[1]), np.float32) @ across.T
    scaled: Floats = ((field - field.mean()) / (field.std() + 1e-6)).astype(np.float32)
    return scaled


def smooth_mixture(shape: tuple[int, int], rng: Rng) -> Floats:
    """As `mixture`, of smooth textures."""
    share = np.float32(rng.random())
    fine, coarse = np.exp(rng.uniform(np.log(2), np.log(8))), np.exp(rng.uniform(np.log(8), np.log(60)))
    mixed: Floats = share * smooth_texture(shape, fine, rng) + (1 - share) * smooth_texture(shape, coarse, rng)
    return mixed


def edge_distance(labels: npt.NDArray[np.int32]) -> Floats:
    """Signed distance in pixels to the nearest outline: negative inside objects."""
    inner = edt.edt(np.ascontiguousarray(labels, np.uint32))
    outer = edt.edt(np.ascontiguousarray(labels == 0))
    signed: Floats = (outer - inner).astype(np.float32)
    return signed
