"""Where a step of a layer's history writes, and what: plane by plane, in the axes of the labels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_unet.labels.types import Array, Mask, PlaneBox, PlaneIndex
from napari_unet.ui.session.napari_private import atom_place, atom_values

if TYPE_CHECKING:
    from napari_unet.ui.session.layers import Geometry


@dataclass(frozen=True, eq=False)
class Written:
    """What one edit wrote in one plane: `mask`, `before` and `after` have the shape of `box`, and count in `mask`."""

    plane: PlaneIndex
    box: PlaneBox
    mask: Mask
    before: Array
    after: Array


def planes_of(atoms: Iterable[Any], geometry: Geometry) -> dict[PlaneIndex, list[slice]]:
    """The planes that a step (atoms of napari's history) writes to, and rows of each that all of it lies in."""
    found: dict[PlaneIndex, list[slice]] = {}
    for atom in atoms:
        box, pixels = atom_place(atom)
        *leading, rows, _ = _in_our_axes(pixels if box is None else box, geometry)
        if box is not None:
            planes: Iterable[PlaneIndex] = product(*(_range(part) for part in leading))
            extent = _range(rows)
        else:
            planes = set(zip(*(axis.tolist() for axis in leading), strict=True)) if leading else {()}
            extent = range(int(np.min(rows)), int(np.max(rows)) + 1) if np.size(rows) else range(0)
        for plane in planes if len(extent) else ():
            found.setdefault(plane, []).append(slice(extent.start, extent.stop))
    return found


def written_by(atom: Any, geometry: Geometry) -> Iterator[Written]:
    """What one atom of napari's history writes."""
    box, pixels = atom_place(atom)
    mask, before, after = atom_values(atom)
    if box is None:
        yield from _scattered(_in_our_axes(pixels, geometry), before, after, geometry.shape[:-2])
        return
    arrays = [_without_channels(array, geometry) for array in (mask, before, after)]
    parts = _in_our_axes(box, geometry)
    ranges = [_range(part) for part in parts]
    for at in product(*(range(len(part)) for part in ranges[:-2])):
        plane = tuple(part[number] for part, number in zip(ranges[:-2], at, strict=True))
        rows, columns = (slice(part.start, part.stop) for part in ranges[-2:])
        if arrays[0][at].any():
            yield Written(plane, (rows, columns), *(array[at] for array in arrays))


def _scattered(index: tuple[Array, ...], before: Array, after: Array, leading: tuple[int, ...]) -> Iterator[Written]:
    """Of pixels, given as index arrays; `leading`: the sizes of the axes before YX."""
    planes = np.ravel_multi_index(index[:-2], leading) if leading else np.zeros(index[-1].size, np.intp)
    for number in np.unique(planes).tolist():
        chosen = planes == number
        rows, columns = index[-2][chosen], index[-1][chosen]
        box = slice(int(rows.min()), int(rows.max()) + 1), slice(int(columns.min()), int(columns.max()) + 1)
        place = rows - box[0].start, columns - box[1].start
        shape = box[0].stop - box[0].start, box[1].stop - box[1].start
        mask, old, new = np.zeros(shape, bool), np.zeros(shape, before.dtype), np.zeros(shape, before.dtype)
        mask[place], old[place], new[place] = True, before[chosen], after[chosen]
        yield Written(
            tuple(int(at) for at in np.unravel_index(number, leading)) if leading else (), box, mask, old, new
        )


def _in_our_axes(index: Iterable[Any], geometry: Geometry) -> tuple[Any, ...]:
    at = dict(zip(geometry.layer_axes, index, strict=True))
    return tuple(at[letter] for letter in geometry.axes)


def _without_channels(array: Array, geometry: Geometry) -> Array:
    """An array over a layer's box over our axes: all channels show the same."""
    axes = geometry.layer_axes
    if "C" in axes:
        array = array.max(axis=axes.index("C"))
        axes = axes.replace("C", "")
    return array.transpose([axes.index(letter) for letter in geometry.axes])


def _range(part: slice | int) -> range:
    return range(part.start or 0, part.stop) if isinstance(part, slice) else range(int(part), int(part) + 1)
