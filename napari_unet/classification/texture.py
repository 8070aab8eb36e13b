"""How fine or coarse the grey values within objects are, without a network: slopes and spots at two sizes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from scipy import ndimage

from napari_unet.classification.object_features import TEXTURE
from napari_unet.classification.pooling import Pool
from napari_unet.labels.types import Array, Floats

_SIDE, _MARGIN = 1024, 12  # pixels of a part of a plane, and beyond it
_RIM = 5  # pixels across a neighbourhood that is of one object alone
MAPS = ("grey", "slope 1", "spots 1", "spots 2", "spots 4")


def texture_names(channel: int) -> tuple[str, ...]:
    """Names of the features of one channel, in the order of `Pool.values`."""
    what = [f"{TEXTURE} {name} {channel}" for name in MAPS]
    return (*what, *(f"{name} spread" for name in what))


def add_texture(pool: Pool, grey: Floats, labels: Array) -> Iterator[None]:
    """Pool the maps of a normalized plane (Y, X), a step a part of it."""
    for top, left in product(range(0, grey.shape[0], _SIDE), range(0, grey.shape[1], _SIDE)):
        core = slice(top, top + _SIDE), slice(left, left + _SIDE)
        part = inside_of(labels[core])
        if part.any():
            first = max(0, top - _MARGIN), max(0, left - _MARGIN)
            around = grey[first[0] : top + _SIDE + _MARGIN, first[1] : left + _SIDE + _MARGIN]
            inside = tuple(
                slice(at - begin, at - begin + size)
                for at, begin, size in zip((top, left), first, part.shape, strict=True)
            )
            pool.add(part, np.ascontiguousarray(_maps(around)[(slice(None), *inside)]))
        yield


def inside_of(labels: Array) -> Array:
    """`labels` (Y, X) without the rim of each object, whose slope would drown what is within; thin ones stay whole."""
    alone = ndimage.minimum_filter(labels, _RIM) == ndimage.maximum_filter(labels, _RIM)
    inside = np.where(alone, labels, 0)
    thin = np.setdiff1d(labels, np.append(inside, 0))
    return np.asarray(np.where(np.isin(labels, thin), labels, inside)) if thin.size else inside


def _maps(grey: Floats) -> Floats:
    """(maps, Y, X): see `MAPS`."""
    spots = [size**2 * ndimage.gaussian_laplace(grey, size, truncate=3) for size in (1, 2, 4)]
    return np.stack([grey, ndimage.gaussian_gradient_magnitude(grey, 1), *spots]).astype(np.float32)
