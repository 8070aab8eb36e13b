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
    core = probability[1] if len(probability) < 3 else probability[1] * (1 - probability[2])
    components, count = ndimage.label(foreground)
    if count == 0:
        return np.zeros(foreground.shape, np.int32)
    seeds, _ = ndimage.label(foreground & (core > seed_threshold))
    labels = components.astype(np.int32, copy=False)
    _split_components(labels, count, _drop_small_seeds(seeds, min_size), core)
    fill_holes(labels)
    return _number(labels, min_size)


def _drop_small_seeds(seeds: npt.NDArray[Any], min_size: float) -> npt.NDArray[Any]:
    """Cores that are specks next to the smallest object are noise of the distance map, not objects."""
    small = np.bincount(seeds.ravel()) < max(2.0, 0.1 * min_size)
    small[0] = False
    seeds[small[seeds]] = 0
    return seeds


def _split_components(
    labels: npt.NDArray[np.int32], count: int, seeds: npt.NDArray[Any], distance: npt.NDArray[Any]
) -> None:
    """Divide, in place, each component of `labels` that holds more than one seed."""
    places = np.flatnonzero(seeds)
    if places.size == 0:
        return
    ids, first = np.unique(seeds.ravel()[places], return_index=True)
    owners = labels.ravel()[places[first]]
    several = np.flatnonzero(np.bincount(owners, minlength=count + 1) > 1)
    boxes = ndimage.find_objects(labels, max_label=count) if several.size else []
    next_id = count + 1
    for component in several:
        box = boxes[component - 1]
        inside = labels[box] == component
        parts = watershed(-distance[box].astype(np.float32), np.where(inside, seeds[box], 0), mask=inside)
        mine = ids[owners == component]
        numbers = np.zeros(int(mine.max()) + 1, np.int32)
        numbers[mine] = np.arange(next_id, next_id + mine.size)
        labels[box][inside] = numbers[parts[inside]]
        next_id += mine.size


def fill_holes(labels: npt.NDArray[np.int32]) -> None:
    """Fill, in place, background that one object alone encloses, if it is smaller than half of that object."""
    gaps, count = ndimage.label(labels == 0)
    sizes = np.bincount(labels.ravel()) if count > 1 else np.zeros(1)
    for gap, box in enumerate(ndimage.find_objects(gaps) if count > 1 else [], start=1):
        if any(part.start == 0 or part.stop == size for part, size in zip(box, labels.shape, strict=True)):
            continue  # it may go on beyond the image
        around = tuple(slice(part.start - 1, part.stop + 1) for part in box)
        inside = gaps[around] == gap
        neighbours = labels[around][ndimage.binary_dilation(inside) & ~inside]
        owner = neighbours[0]
        if (neighbours == owner).all() and inside.sum() < 0.5 * sizes[owner]:
            labels[around][inside] = owner


def _number(labels: npt.NDArray[np.int32], min_size: float) -> npt.NDArray[np.int32]:
    """Number objects from 1 in the order of their ids, without those that are too small."""
    keep = np.bincount(labels.ravel()) >= max(1.0, min_size)
    keep[0] = False
    numbers = np.zeros(keep.size, np.int32)
    numbers[keep] = np.arange(1, int(keep.sum()) + 1)
    return numbers[labels]
