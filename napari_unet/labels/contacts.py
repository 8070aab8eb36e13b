"""Objects that touch: how much of an outline is shared, and whether the network saw a boundary there.

A network that sees two objects has a dip in its maps between them. A long contact without a dip is one object cut in
two, or a guess.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.types import Doubles, Ints


def measure_contacts(
    plane: npt.NDArray[Any], objects: Ints, core: npt.NDArray[Any] | None = None, peaks: Doubles | None = None
) -> tuple[Doubles, Doubles]:
    """(contact, weakness), both 0 to 1, of each of `objects` (sorted ids of `plane`, integers YX).

    `contact` is the share of its outline along which an object touches others. `weakness` is, for the worst of its
    neighbours, the shared part of the smaller outline times the height of `core` along it, relative to the lower of the
    two objects' `peaks` (the largest `core` in each object); NaN without `core` (a map of the network, YX).
    """
    contact, weakness = np.zeros(objects.size), np.full(objects.size, np.nan if core is None else 0.0)
    outline, first, second, places = _edges(plane, objects)
    if not first.size:
        return contact, weakness
    everyone = np.concatenate([first, second])
    contact = np.bincount(everyone, minlength=objects.size) / np.maximum(outline, 1)
    if core is not None and peaks is not None:
        flat = core.reshape(-1)
        height = (flat[places[0]].astype(float) + flat[places[1]]) / 2
        _weaken(weakness, outline, first, second, height, peaks)
    return contact, weakness


def _weaken(weakness: Doubles, outline: Doubles, first: Ints, second: Ints, height: Doubles, peaks: Doubles) -> None:
    """Put into `weakness` the worst of each object's contacts."""
    keys = np.minimum(first, second) * outline.size + np.maximum(first, second)
    pairs, inverse, lengths = np.unique(keys, return_inverse=True, return_counts=True)
    a, b = np.divmod(pairs, outline.size)
    mean = np.bincount(inverse, weights=height) / lengths
    share = np.minimum(1.0, lengths / np.maximum(1, np.minimum(outline[a], outline[b])))
    flat = np.clip(mean / np.maximum(np.minimum(peaks[a], peaks[b]), 1e-3), 0, 1)
    for side in (a, b):
        np.maximum.at(weakness, side, share * flat)


def _edges(plane: npt.NDArray[Any], objects: Ints) -> tuple[Doubles, Ints, Ints, tuple[Ints, Ints]]:
    """Pixel edges: how many each object has with anything else, and, between two objects, who they are and where.

    Objects are places in `objects`, where is two flat indices of pixels.
    """
    outline = np.zeros(objects.size)
    found: list[tuple[Ints, Ints, Ints, Ints]] = []
    width = plane.shape[1]
    steps = ((plane[:-1], plane[1:], width, width), (plane[:, :-1], plane[:, 1:], 1, width - 1))
    for here, there, step, columns in steps:
        rows, column = np.divmod(np.flatnonzero(here != there), max(1, columns))
        where = rows * width + column
        ids = tuple(plane.reshape(-1)[at].astype(np.int64) for at in (where, where + step))
        for side in ids:
            outline += np.bincount(np.searchsorted(objects, side[side > 0]), minlength=objects.size)
        both = (ids[0] > 0) & (ids[1] > 0)
        a, b = (np.searchsorted(objects, side[both]) for side in ids)
        found.append((a, b, where[both], where[both] + step))
    a, b, at, beside = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return outline, a, b, (at, beside)
