"""From probability maps to objects: foreground gives the outline, the relative distance splits what touches."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.segmentation import watershed  # type: ignore[attr-defined,unused-ignore]


def label_instances(
    probability: npt.NDArray[Any],
    foreground_threshold: float = 0.5,
    seed_threshold: float = 0.5,
    min_size: float = 0.0,
) -> npt.NDArray[np.int32]:
    """Labels ((Z,) Y, X) int32, numbered from 1, of maps (2, (Z,) Y, X): foreground and object-normalized distance.

    A connected foreground component with one core (distance above `seed_threshold`) is an object as it is; only where
    one component has several cores is it divided, by a seeded watershed within its bounding box (Meyer 1994, as in
    scikit-image). Objects of fewer than `min_size` pixels are dropped.
    """
    foreground = probability[0] > foreground_threshold
    labels, count = ndimage.label(foreground)
    if count == 0:
        return np.zeros(foreground.shape, np.int32)
    labels = labels.astype(np.int32, copy=False)
    foreground &= probability[1] > seed_threshold
    seeds, n_seeds = ndimage.label(foreground)
    _split_components(labels, count, seeds, _owners(labels, seeds, n_seeds, min_size), probability[1])
    fill_holes(labels)
    return _number(labels, min_size)


def _owners(labels: npt.NDArray[np.int32], seeds: npt.NDArray[Any], n_seeds: int, min_size: float) -> npt.NDArray[Any]:
    """The component in which each seed lies, by seed id; 0 for cores that are specks next to the smallest object.

    Those are noise of the distance map, not objects. Only pixels of seeds are looked at: they are few.
    """
    places = np.flatnonzero(seeds)
    ids = seeds.ravel()[places]
    owners = np.zeros(n_seeds + 1, np.int32)
    owners[ids] = labels.ravel()[places]
    owners[np.bincount(ids, minlength=n_seeds + 1) < max(2.0, 0.1 * min_size)] = 0
    return owners


def _split_components(
    labels: npt.NDArray[np.int32],
    count: int,
    seeds: npt.NDArray[Any],
    owners: npt.NDArray[Any],
    distance: npt.NDArray[Any],
) -> None:
    """Divide, in place, each component of `labels` that holds more than one seed."""
    held = np.bincount(owners, minlength=count + 1)
    held[0] = 0
    several = np.flatnonzero(held > 1)
    boxes = ndimage.find_objects(labels, max_label=count) if several.size else []
    by_owner = np.argsort(owners, kind="stable")
    ends = np.searchsorted(owners[by_owner], several, side="right")
    # Where a component is divided, its seeds are numbered on from `count`; all other seeds become background.
    numbers = np.zeros(owners.size, np.int32)
    next_id = count + 1
    for component, end in zip(several, ends, strict=True):
        mine = by_owner[end - held[component] : end]
        numbers[mine] = np.arange(next_id, next_id + mine.size)
        next_id += mine.size
        box = boxes[component - 1]
        inside = labels[box] == component
        parts = watershed(-distance[box].astype(np.float32), np.where(inside, numbers[seeds[box]], 0), mask=inside)
        labels[box][inside] = parts[inside]


def fill_holes(labels: npt.NDArray[np.int32]) -> None:
    """Fill, in place, background that one object alone encloses, if it is smaller than half of that object."""
    gaps, count = ndimage.label(labels == 0)
    if count < 2:
        return
    places = _inner_places(gaps, count)
    if places.size == 0:
        return
    ids = gaps.ravel()[places]
    least, most = _neighbours(labels, places, ids, count)
    fills = least == most
    fills &= np.bincount(ids, minlength=count + 1) < 0.5 * np.bincount(labels.ravel())[most]
    chosen = fills[ids]
    labels.ravel()[places[chosen]] = most[ids[chosen]]


def _inner_places(gaps: npt.NDArray[Any], count: int) -> npt.NDArray[np.intp]:
    """Where, in the flat image, there are gaps that stay clear of its border, beyond which they may go on."""
    sides = [gaps.take(side, axis).ravel() for axis in range(gaps.ndim) for side in (0, -1)]
    at_border = np.bincount(np.concatenate(sides), minlength=count + 1)
    at_border[0] = 0
    # Nearly all background is one gap: without it few pixels are left to look at one by one.
    places = np.flatnonzero((gaps != 0) & (gaps != int(at_border.argmax())))
    inner: npt.NDArray[np.intp] = places[at_border[gaps.ravel()[places]] == 0]
    return inner


def _neighbours(
    labels: npt.NDArray[np.int32], places: npt.NDArray[np.intp], ids: npt.NDArray[Any], count: int
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Least and greatest label next to each gap, by its id, where the gaps' pixels are `places` of the flat image."""
    least, most = np.full(count + 1, np.iinfo(np.int32).max, np.int32), np.zeros(count + 1, np.int32)
    flat = labels.ravel()
    for stride in labels.strides:
        for step in (stride // labels.itemsize, -stride // labels.itemsize):
            beside = flat[places + step]
            object_there = beside > 0
            np.minimum.at(least, ids[object_there], beside[object_there])
            np.maximum.at(most, ids[object_there], beside[object_there])
    return least, most


def _number(labels: npt.NDArray[np.int32], min_size: float) -> npt.NDArray[np.int32]:
    """Number, in place, objects from 1 in the order of their ids, without those that are too small."""
    places = np.flatnonzero(labels)
    ids = labels.ravel()[places]
    keep = np.bincount(ids) >= max(1.0, min_size)
    keep[0] = False
    numbers = np.zeros(keep.size, np.int32)
    numbers[keep] = np.arange(1, int(keep.sum()) + 1)
    labels.ravel()[places] = numbers[ids]
    return labels
