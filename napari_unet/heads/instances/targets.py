"""What the network is to say: foreground, the object-normalized distance to the border, and the seams; from labels."""

from __future__ import annotations

from typing import Any

import edt
import numpy as np
import numpy.typing as npt
from scipy import ndimage

from napari_unet.labels.types import Floats

OUTPUTS = ("foreground", "distance", "seam")
"""What the channels of `make_targets` are; models have the first two, the third helps to train them."""
_SEAM = 3.0  # pixels


def make_targets(labels: npt.NDArray[Any], open_sides: bool = True, flatness: float = 1.0) -> Floats:
    """Targets (3, Y, X) float32, or (3, Z, Y, X), from integer `labels` of shape ((Z,) Y, X).

    Channel 0 is 1 inside objects. Channel 1 is the distance to the border of the object that a pixel belongs to,
    divided by the largest in that object: 1 at its core and near 0 at its outline, whatever its size, also where
    two objects touch. Being relative, it stays true when image and targets are scaled together. With `open_sides`
    the image's edge does not count as a border of the objects that it cuts. Channel 2 is 1 on the seam between two
    objects that touch or nearly do: where the distances to the nearest two add up to at most 3 px. Distances are in
    pixels of Y; voxels are `flatness` times as long along z.
    """
    ids = np.ascontiguousarray(labels, dtype=np.uint32)
    inside = ids > 0
    sides = (flatness, 1.0, 1.0)[-ids.ndim :]
    nearest, second = distances_to_two(labels, int(_SEAM) + 1, sides)
    seam = nearest + second <= _SEAM
    return np.stack(
        [inside.astype(np.float32), _relative_distance(ids, inside, open_sides, sides), seam.astype(np.float32)]
    )


def _relative_distance(
    ids: npt.NDArray[np.uint32], inside: npt.NDArray[np.bool_], open_sides: bool, sides: tuple[float, ...]
) -> Floats:
    distance = edt.edt(ids, anisotropy=sides, black_border=not open_sides)
    peak = np.zeros(int(ids.max(initial=0)) + 1, np.float32)
    np.maximum.at(peak, ids[inside], distance[inside])
    relative = np.zeros(ids.shape, np.float32)
    relative[inside] = distance[inside] / np.maximum(peak[ids[inside]], 1.0)
    return relative


def distances_to_two(
    labels: npt.NDArray[Any], reach: int, sides: tuple[float, ...] | None = None
) -> tuple[Floats, Floats]:
    """Distances to the nearest and second nearest object, within `reach` pixels of it; infinite beyond.

    `sides` are the lengths of a pixel along each axis (None: all 1).
    """
    ids = np.asarray(labels)
    nearest = np.full(ids.shape, np.inf, np.float32)
    second = np.full(ids.shape, np.inf, np.float32)
    for index, where in enumerate(ndimage.find_objects(ids), start=1):
        if where is None:
            continue
        box = tuple(slice(max(0, s.start - reach), s.stop + reach) for s in where)
        distance = np.sqrt(edt.edtsq(np.ascontiguousarray(ids[box] != index), anisotropy=sides or (1.0,) * ids.ndim))
        second[box] = np.minimum(second[box], np.maximum(nearest[box], distance))
        nearest[box] = np.minimum(nearest[box], distance)
    return nearest, second


def border_weights(labels: npt.NDArray[Any], w0: float = 10.0, sigma: float = 5.0, inside: bool = False) -> Floats:
    """The paper's border weight map, equation 2 without its class term: (Y, X) float32, 1 far from any gap.

    ``1 + w0 * exp(-(d1 + d2)^2 / (2 sigma^2))`` on background, d1 and d2 being the distances in pixels to the nearest
    and second nearest object. With `inside` also within objects (d1 = 0), where they come near a neighbour: there it is
    decided whether two that touch are told apart.
    """
    weights = np.ones(np.shape(labels), np.float32)
    nearest, second = distances_to_two(labels, int(np.ceil(3 * sigma)))
    gap = np.isfinite(second) if inside else (np.asarray(labels) == 0) & np.isfinite(second)
    weights[gap] += w0 * np.exp(-((nearest[gap] + second[gap]) ** 2) / (2 * sigma**2))
    return weights
