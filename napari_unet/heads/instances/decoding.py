"""From probability maps to objects: foreground gives the outline, relative distance splits what touches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
from skimage.segmentation import watershed  # type: ignore[attr-defined,unused-ignore]

from napari_unet.labels.pieces import Pieces, connect_runs, spread


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
    labels = np.zeros(foreground.shape, np.int32)
    pieces = connect_runs(foreground)
    if pieces.count == 0:
        return labels
    places = spread(pieces.starts, pieces.stops - pieces.starts)
    labels.ravel()[places] = np.repeat(pieces.ids, pieces.stops - pieces.starts)
    cores = _find_cores(probability[1], foreground, seed_threshold, max(2.0, _SMALLEST_CORE * min_size))
    owners = _owners(pieces, cores, min_size)
    _split_components(labels, pieces, cores, owners, probability[1])
    filled = _fill_holes(labels, places, foreground)
    _number(labels, np.concatenate([places, filled]), min_size, probability[0], object_threshold)
    return labels


# Chosen on the validation images: levels 0.1 to 0.2 apart, and cores of 0.5 to 0.9 of `min_size`, do about as well.
_LEVEL, _HIGHEST = 0.15, 0.9
_SMALLEST_CORE = 0.65  # as a share of the smallest object


def _find_cores(core: npt.NDArray[Any], foreground: npt.NDArray[np.bool_], lowest: float, smallest: float) -> Pieces:
    """Connected regions above `lowest`, each replaced by its parts above a higher level if at least two are large.

    Numbered without order, and not all numbers are used.
    """
    inside = (core > lowest) & foreground
    before = connect_runs(inside)
    cores = [before]
    core_of_run, count = before.ids, before.count
    replaced = np.zeros(count + 1, np.bool_)
    for level in np.arange(lowest + _LEVEL, _HIGHEST, _LEVEL):
        parts = connect_runs((core > level) & inside)
        parents = np.zeros(parts.count + 1, np.int32)
        parents[1:] = core_of_run[parts.within(before)]
        large = np.where(parts.sizes >= smallest, parents, 0)
        divides = np.bincount(large, minlength=count + 1) > 1
        divides[0] = False
        chosen = divides[large]
        replaced = np.concatenate([replaced | divides, np.zeros(int(chosen.sum()), np.bool_)])
        numbers = np.where(divides[parents], 0, parents)
        numbers[chosen] = np.arange(count + 1, replaced.size)
        before, core_of_run, count = parts, numbers[parts.ids], replaced.size - 1
        new = chosen[parts.ids]
        cores.append(Pieces(parts.starts[new], parts.stops[new], core_of_run[new], count))
    return _join(cores, replaced)


def _join(cores: list[Pieces], replaced: npt.NDArray[np.bool_]) -> Pieces:
    """The cores of all levels without those that were replaced by others."""
    starts, stops, ids = (np.concatenate([getattr(one, name) for one in cores]) for name in ("starts", "stops", "ids"))
    stay = ~replaced[ids]
    return Pieces(starts[stay], stops[stay], ids[stay], replaced.size - 1)


def _owners(pieces: Pieces, cores: Pieces, min_size: float) -> npt.NDArray[Any]:
    """The component in which each core lies, by the core's id; 0 for cores that are specks next to the smallest object.

    Those are noise of the distance map, not objects.
    """
    owners = np.zeros(cores.count + 1, np.int32)
    owners[cores.ids[cores.first_runs]] = pieces.ids[cores.within(pieces)]
    owners[cores.sizes < max(2.0, 0.1 * min_size)] = 0
    return owners


def _split_components(
    labels: npt.NDArray[np.int32],
    pieces: Pieces,
    cores: Pieces,
    owners: npt.NDArray[Any],
    distance: npt.NDArray[Any],
) -> None:
    """Divide, in place, each component of `labels` that holds more than one core."""
    held = np.bincount(owners, minlength=pieces.count + 1)
    held[0] = 0
    several = held > 1
    # In divided components cores are numbered on from the components, one component after the other.
    order = np.flatnonzero(several[owners])
    order = order[np.argsort(owners[order], kind="stable")]
    numbers = np.zeros(owners.size, np.int32)
    numbers[order] = np.arange(pieces.count + 1, pieces.count + 1 + order.size)
    used = numbers[cores.ids] > 0
    lengths = (cores.stops - cores.starts)[used]
    seeds = np.zeros(labels.shape, np.int32)
    seeds.ravel()[spread(cores.starts[used], lengths)] = np.repeat(numbers[cores.ids[used]], lengths)
    for component, box in _boxes(pieces, several, labels.shape):
        inside = labels[box] == component
        parts = watershed(-distance[box].astype(np.float32), np.where(inside, seeds[box], 0), mask=inside)
        labels[box][inside] = parts[inside]


def _boxes(
    pieces: Pieces, wanted: npt.NDArray[np.bool_], shape: tuple[int, ...]
) -> Iterator[tuple[int, tuple[slice, ...]]]:
    """(id, bounding box) of each `wanted` piece of a mask of `shape`."""
    runs = np.flatnonzero(wanted[pieces.ids])
    runs = runs[np.argsort(pieces.ids[runs], kind="stable")]
    ids, first = np.unique(pieces.ids[runs], return_index=True)
    if ids.size == 0:
        return
    low = np.unravel_index(pieces.starts[runs], shape)
    high = np.unravel_index(pieces.stops[runs] - 1, shape)
    lows = np.stack([np.minimum.reduceat(one, first) for one in low], axis=1)
    highs = np.stack([np.maximum.reduceat(one, first) for one in high], axis=1)
    for number, least, most in zip(ids, lows, highs, strict=True):
        yield int(number), tuple(slice(int(a), int(b) + 1) for a, b in zip(least, most, strict=True))


def _fill_holes(
    labels: npt.NDArray[np.int32], places: npt.NDArray[np.intp], foreground: npt.NDArray[np.bool_]
) -> npt.NDArray[np.intp]:
    """Fill, in place, background that one object alone encloses, if it is smaller than half of that object.

    `places` are the pixels of objects in the flat image; returned are those that became so.
    """
    gaps = connect_runs(~foreground)
    # Beyond the border of the image the background, or an object, may go on.
    inner = ~gaps.at_border(labels.shape)[gaps.ids]
    lengths = (gaps.stops - gaps.starts)[inner]
    pixels, ids = spread(gaps.starts[inner], lengths), np.repeat(gaps.ids[inner], lengths)
    if pixels.size == 0:
        return pixels
    least, most = _neighbours(labels, pixels, ids, gaps.count)
    fills = least == most
    fills &= gaps.sizes < 0.5 * np.bincount(labels.ravel()[places], minlength=int(most.max()) + 1)[most]
    filled: npt.NDArray[np.intp] = pixels[fills[ids]]
    labels.ravel()[filled] = most[ids[fills[ids]]]
    return filled


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
    labels: npt.NDArray[np.int32],
    places: npt.NDArray[np.intp],
    min_size: float,
    foreground: npt.NDArray[Any],
    object_threshold: float,
) -> None:
    """Number, in place, objects from 1 in the order of their ids, without those too small or too unsure.

    `places` are the pixels of objects in the flat image.
    """
    ids = labels.ravel()[places]
    sizes = np.bincount(ids)
    keep = sizes >= max(1.0, min_size)
    if object_threshold > 0:
        keep &= np.bincount(ids, foreground.ravel()[places]) >= object_threshold * sizes
    keep[:1] = False
    numbers = np.zeros(keep.size, np.int32)
    numbers[keep] = np.arange(1, int(keep.sum()) + 1)
    labels.ravel()[places] = numbers[ids]
