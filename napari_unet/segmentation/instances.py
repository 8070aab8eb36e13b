"""From probability maps to objects: foreground gives the outline, relative distance splits what touches."""

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
    object_threshold: float = 0.0,
) -> npt.NDArray[np.int32]:
    """Labels ((Z,) Y, X) int32, numbered from 1, of the maps (2, (Z,) Y, X) that a network gives.

    The maps are foreground and object-normalized distance. A connected foreground component with one core is an object
    as it is; only where one component has several cores is it divided, by a seeded watershed within its bounding box
    (Meyer 1994, as in scikit-image). A core is where the distance is above `seed_threshold`; where a higher level parts
    it in two or more of some size, these are the cores (leaves of the component tree, Salembier et al. 1998, with an
    area filter). Objects of fewer than `min_size` pixels, or of a mean foreground probability below
    `object_threshold`, are dropped.
    """
    foreground = probability[0] > foreground_threshold
    labels, count = ndimage.label(foreground)
    if count == 0:
        return np.zeros(foreground.shape, np.int32)
    labels = labels.astype(np.int32, copy=False)
    core = probability[1]
    seeds = _find_cores(np.where(foreground, core, np.float32(0)), seed_threshold, max(2.0, _SMALLEST_CORE * min_size))
    owners = _owners(labels, seeds, int(seeds.max(initial=0)), min_size)
    _split_components(labels, count, seeds, owners, core)
    fill_holes(labels)
    return _number(labels, min_size, probability[0], object_threshold)


# Chosen on the validation images: levels 0.1 to 0.2 apart, and cores of 0.5 to 0.9 of `min_size`, do about as well.
_LEVEL, _HIGHEST = 0.15, 0.9
_SMALLEST_CORE = 0.65  # as a share of the smallest object


def _find_cores(core: npt.NDArray[Any], lowest: float, smallest: float) -> npt.NDArray[np.int32]:
    """Connected regions above `lowest`, each replaced by its parts above a higher level if at least two are large."""
    found, count = ndimage.label(core > lowest)
    seeds: npt.NDArray[np.int32] = found.astype(np.int32, copy=False)
    places = np.flatnonzero(seeds)
    flat = seeds.ravel()
    for level in np.arange(lowest + _LEVEL, _HIGHEST, _LEVEL):
        higher, n_parts = ndimage.label(core > level)
        places = places[higher.ravel()[places] > 0]
        parts = higher.ravel()[places]
        parents = np.zeros(n_parts + 1, np.int32)
        parents[parts] = flat[places]
        parents[np.bincount(parts, minlength=n_parts + 1) < smallest] = 0
        children = np.bincount(parents, minlength=count + 1)
        children[0] = 0
        divided = children[parents] > 1
        if divided.any():
            numbers = np.zeros(n_parts + 1, np.int32)
            numbers[divided] = np.arange(count + 1, count + 1 + divided.sum())
            flat[(children > 1)[flat]] = 0
            flat[places] = np.where(numbers[parts] > 0, numbers[parts], flat[places])
            count += int(divided.sum())
    return seeds


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


def _number(
    labels: npt.NDArray[np.int32], min_size: float, foreground: npt.NDArray[Any], object_threshold: float
) -> npt.NDArray[np.int32]:
    """Number, in place, objects from 1 in the order of their ids, without those too small or too unsure."""
    places = np.flatnonzero(labels)
    ids = labels.ravel()[places]
    sizes = np.bincount(ids)
    keep = sizes >= max(1.0, min_size)
    if object_threshold > 0:
        keep &= np.bincount(ids, foreground.ravel()[places]) >= object_threshold * sizes
    keep[:1] = False
    numbers = np.zeros(keep.size, np.int32)
    numbers[keep] = np.arange(1, int(keep.sum()) + 1)
    labels.ravel()[places] = numbers[ids]
    return labels
