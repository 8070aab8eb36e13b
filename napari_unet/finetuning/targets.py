"""What the network is to say: foreground and the object-normalized distance to the border, from labels."""

from __future__ import annotations

from typing import Any

import edt
import numpy as np
import numpy.typing as npt


def make_targets(labels: npt.NDArray[Any], open_sides: bool = True) -> npt.NDArray[np.float32]:
    """Targets (2, Y, X) float32, or (2, Z, Y, X), from integer `labels` of shape ((Z,) Y, X).

    Channel 0 is 1 inside objects. Channel 1 is the distance to the border of the object that a pixel belongs to,
    divided by the largest in that object: 1 at its core and near 0 at its outline, whatever its size, also where
    two objects touch. Being relative, it stays true when image and targets are scaled together. With `open_sides`
    the image's edge does not count as a border of the objects that it cuts.
    """
    ids = np.ascontiguousarray(labels, dtype=np.uint32)
    distance = edt.edt(ids, black_border=not open_sides)
    peak = np.zeros(int(ids.max(initial=0)) + 1, np.float32)
    inside = ids > 0
    np.maximum.at(peak, ids[inside], distance[inside])
    relative = np.zeros(ids.shape, np.float32)
    relative[inside] = distance[inside] / np.maximum(peak[ids[inside]], 1.0)
    return np.stack([inside.astype(np.float32), relative])


def border_weights(
    labels: npt.NDArray[Any], w0: float = 10.0, sigma: float = 5.0, inside: bool = False
) -> npt.NDArray[np.float32]:
    """The paper's border weight map, equation 2 without its class term: (Y, X) float32, 1 far from any gap.

    ``1 + w0 * exp(-(d1 + d2)^2 / (2 sigma^2))`` on background, d1 and d2 being the distances in pixels to the nearest
    and second nearest object. With `inside` also within objects (d1 = 0), where they come near a neighbour: there it is
    decided whether two that touch are told apart.
    """
    from scipy import ndimage

    ids = np.asarray(labels)
    weights = np.ones(ids.shape, np.float32)
    reach = int(np.ceil(3 * sigma))
    nearest = np.full(ids.shape, np.inf, np.float32)
    second = np.full(ids.shape, np.inf, np.float32)
    for index, where in enumerate(ndimage.find_objects(ids), start=1):
        if where is None:
            continue
        box = tuple(slice(max(0, s.start - reach), s.stop + reach) for s in where)
        distance = ndimage.distance_transform_edt(ids[box] != index).astype(np.float32)
        second[box] = np.minimum(second[box], np.maximum(nearest[box], distance))
        nearest[box] = np.minimum(nearest[box], distance)
    gap = np.isfinite(second) if inside else (ids == 0) & np.isfinite(second)
    weights[gap] += w0 * np.exp(-((nearest[gap] + second[gap]) ** 2) / (2 * sigma**2))
    return weights
