"""Splitting an object: along a line drawn across it, or between two points inside it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import edt
import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.segmentation import watershed  # type: ignore[attr-defined,unused-ignore]

from napari_unet.corrections.operations.change import (
    Change,
    change_in_box,
    join_changes,
)
from napari_unet.corrections.operations.extent import Through, along, id_at, object_box, touched_objects
from napari_unet.errors import UserError
from napari_unet.labels.types import Box, Mask, Place

_SPECK = 0.02
"""A part smaller than this share of its object is a rest at the line, and goes with its neighbour."""


def split_by_line(
    labels: npt.NDArray[Any],
    line: list[Place],
    next_id: Callable[[], int],
    through: Through = (),
    locked: Collection[int] = (),
) -> Change:
    """Cut every object that `line` crosses; the largest part keeps the id, each other one gets a free id.

    Where the line begins or ends inside an object it goes on straight to its edge. Along the axes `through` the same
    cut is made in every plane. Raises `UserError` if the line divides nothing.
    """
    changes = []
    for at in touched_objects(labels, line, locked).values():
        box = object_box(labels, at, through)
        mask = labels[box] == labels[at]
        parts = _cut(mask, _local(line, box))
        if parts is not None:
            changes.append(_write_parts(labels, box, mask, parts, next_id))
    if not changes:
        raise UserError("The line divides no object: draw it right across one.")
    return join_changes(labels, changes)


def split_by_seeds(
    labels: npt.NDArray[Any],
    seeds: list[Place],
    next_id: Callable[[], int],
    through: Through = (),
    distance: npt.NDArray[Any] | None = None,
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0),
) -> Change:
    """Divide one object between `seeds`, places inside it, by a watershed; the largest part keeps the id.

    `distance` (Y, X) is what the model said of the distance to the border in the plane of the seeds; without it the
    distance is measured from the shape. Of seeds in several slices it is measured in 3D, where voxels have the size
    `spacing` along z, y and x: so objects on top of one another come apart. Raises `UserError` if the seeds are not in
    one object, or in slices that are not worked on together.
    """
    if len({id_at(labels, seed) for seed in seeds}) != 1 or id_at(labels, seeds[0]) == 0 or len(set(seeds)) < 2:
        raise UserError("Click two places inside one object, or draw a line across it.")
    box = object_box(labels, seeds[0], through)
    if any(not part.start <= index < part.stop for seed in seeds for index, part in zip(seed, box, strict=True)):
        raise UserError("Click two places in one slice, or have tools work through z.")
    mask = labels[box] == labels[seeds[0]]
    markers = np.zeros(mask.shape, np.int32)
    for number, seed in enumerate(seeds, start=1):
        markers[tuple(index - part.start for index, part in zip(seed, box, strict=True))] = number
    height = distance[box[-2:]].astype(np.float32)[(None,) * (mask.ndim - 2)] if distance is not None else None
    if len({seed[:-2] for seed in seeds}) > 1:
        height = measure_depth(mask, spacing)
    elif height is None:
        height = measure_distance(mask)
    # The seeds are flooded first: else one that lies low would be reached from the other one before its own turn.
    height = np.where(markers > 0, height.max(), height)
    parts = watershed(-height, markers, mask=mask)
    parts = _with_rest(parts, mask)
    return _write_parts(labels, box, mask, parts, next_id)


def measure_distance(mask: Mask) -> npt.NDArray[np.float32]:
    """Distance of each pixel of a mask ((T,) (Z,) Y, X) to the edge of the object in its plane."""
    planes = mask.reshape(-1, *mask.shape[-2:])
    distances = [edt.edt(np.pad(plane, 1))[1:-1, 1:-1] for plane in planes]
    return np.asarray(distances, np.float32).reshape(mask.shape)


def measure_depth(mask: Mask, spacing: tuple[float, float, float]) -> npt.NDArray[np.float32]:
    """Distance of each voxel of a mask ((T,) Z, Y, X) to the surface of the object, in the unit of `spacing`."""
    volumes = mask.reshape(-1, *mask.shape[-3:])
    inner = (slice(1, -1),) * 3
    distances = [edt.edt(np.pad(volume, 1), anisotropy=spacing)[inner] for volume in volumes]
    return np.asarray(distances, np.float32).reshape(mask.shape)


def _local(line: list[Place], box: Box) -> npt.NDArray[np.float64]:
    return np.array([place[-2:] for place in line], float) - [box[-2].start, box[-1].start]


def _cut(mask: Mask, line: npt.NDArray[np.float64]) -> npt.NDArray[np.int32] | None:
    """Number the parts (1 is the largest) into which a line (n, 2), in pixels of the mask, cuts it; None if one."""
    barrier = _draw(line, np.asarray(mask.reshape(-1, *mask.shape[-2:]).any(axis=0)))
    open_parts, count = ndimage.label(mask & ~barrier)
    if count < 2:
        return None
    sizes = np.bincount(open_parts.ravel(), minlength=count + 1)
    sizes[0] = 0
    order = np.argsort(-sizes, kind="stable")[:count]
    kept = [part for part in order if sizes[part] >= max(2, _SPECK * mask.sum())]
    if len(kept) < 2:
        return None
    numbers = np.zeros(count + 1, np.int32)
    numbers[kept] = np.arange(1, len(kept) + 1)
    return _with_rest(numbers[open_parts], mask)


def _with_rest(parts: npt.NDArray[np.int32], mask: Mask) -> npt.NDArray[np.int32]:
    """Give what of the mask has no part yet to the part that is nearest."""
    rest = mask & (parts == 0)
    if rest.any():
        nearest = ndimage.distance_transform_edt(parts == 0, return_distances=False, return_indices=True)
        parts = parts.copy()
        parts[rest] = parts[tuple(axis[rest] for axis in nearest)]
    return parts


def _draw(line: npt.NDArray[np.float64], outline: Mask) -> Mask:
    """The line as pixels that nothing passes which moves in steps along the axes; longer where it ends inside."""
    shape = (outline.shape[0], outline.shape[1])
    reach = float(np.hypot(*shape))
    before, after = ([_beyond(way, reach)] if _is_inside(outline, way[0]) else [way[0]] for way in (line, line[::-1]))
    whole = np.rint(np.concatenate([before, line, after])).astype(int).tolist()
    pixels = np.array(along([(row, column) for row, column in whole]))
    inside = ((pixels >= 0) & (pixels < shape)).all(axis=1)
    barrier = np.zeros(shape, np.bool_)
    barrier[tuple(pixels[inside].T)] = True
    return barrier


def _is_inside(outline: Mask, point: npt.NDArray[np.float64]) -> bool:
    row, column = np.rint(point).astype(int)
    return 0 <= row < outline.shape[0] and 0 <= column < outline.shape[1] and bool(outline[row, column])


def _beyond(line: npt.NDArray[np.float64], reach: float) -> npt.NDArray[np.float64]:
    """The point `reach` pixels before the beginning of a line, in the direction in which it begins."""
    away = line[0] - line[1:]
    far = np.flatnonzero(np.hypot(*away.T) >= min(5.0, float(np.hypot(*away.T).max())))
    direction = away[far[0]] if len(far) else np.zeros(2)
    length = float(np.hypot(*direction))
    return np.asarray(line[0] if length == 0 else line[0] + direction * (reach / length))


def _write_parts(
    labels: npt.NDArray[Any], box: Box, mask: Mask, parts: npt.NDArray[np.int32], next_id: Callable[[], int]
) -> Change:
    """The largest part keeps the id, the others get free ones."""
    sizes = np.bincount(parts[mask])
    sizes[0] = 0
    ids = np.zeros(len(sizes), labels.dtype)
    for part in np.flatnonzero(sizes):
        ids[part] = labels[box][mask][0] if part == sizes.argmax() else next_id()
    return change_in_box(labels, box, np.where(mask, ids[parts], labels[box]))
