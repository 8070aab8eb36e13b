"""What counts as reviewed: by default, the neighbourhood of what a person corrected.

A pixel that nobody reviewed is unknown and carries no loss. Objects are inside the neighbourhood wholly or not at all,
because half an object is neither a target to learn from nor one to be scored on.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import edt
import numpy as np
import numpy.typing as npt

from napari_unet.corrections.comparison import Comparison, classify, object_areas
from napari_unet.corrections.difference import Difference, find_differences
from napari_unet.corrections.editing import enclosing_box
from napari_unet.images.written import count_written
from napari_unet.labels.types import Mask, PlaneBox, Rectangle

MARGIN = 0.5
"""Reviewed around a changed object, in object diameters: beyond it begins the next object, which nobody looked at."""

_DEFAULT_DIAMETER = 24.0
_LARGEST_CROP = 2**20
"""Pixels. Larger objects (background filled by mistake) are not marked: it would take longer than a stroke."""

_PARTS_REACH = 128
"""Pixels within which the parts of an object mostly lie: all of a large plane takes a window too long to search."""


class _ChangedObject(NamedTuple):
    """A changed object: its id in the labels, or (removed objects) in the prediction; and which of its parts."""

    removed: bool
    object_id: int
    part: int = 0


@dataclass(frozen=True, eq=False)
class ReviewedPiece:
    """The reviewed neighbourhood of one changed object: `mask` (bool, YX) fills `region` of the plane."""

    region: PlaneBox
    mask: Mask


def reviewed_share(reviewed: npt.NDArray[Any]) -> float:
    """Share (0 to 1) of a mask that is reviewed (non-zero)."""
    return count_written(reviewed) / max(1, reviewed.size)


def typical_diameter(areas: Collection[int]) -> float:
    """Median diameter in pixels of the circles that have the areas of the objects of a plane."""
    areas = list(areas)
    return float(2 * np.sqrt(np.median(areas) / np.pi)) if areas else _DEFAULT_DIAMETER


def neighbourhood(
    prediction: npt.NDArray[Any], labels: npt.NDArray[Any], diameter: float | None = None, margin: float = MARGIN
) -> Mask:
    """Bool YX mask of what a person has looked at who changed `prediction` to `labels` (YX integer arrays).

    Changed objects, what was erased, and all within `margin` diameters of them; other objects wholly or not at all.
    """
    reviewed = np.zeros(labels.shape, bool)
    difference = find_differences(np.ascontiguousarray(prediction), np.ascontiguousarray(labels))
    if len(difference):
        areas = object_areas(prediction)
        pieces = Neighbourhoods(typical_diameter(areas.values()) if diameter is None else diameter, margin)
        for _ in pieces.update(prediction, labels, difference, classify(difference, areas)):
            pass
        pieces.paint(reviewed, (slice(None), slice(None)))
    return reviewed


class Neighbourhoods:
    """The neighbourhoods of all changed objects of one plane, of which only those that change are made anew.

    `diameter` is the typical object diameter in pixels.
    """

    def __init__(self, diameter: float, margin: float = MARGIN) -> None:
        self._reach = max(2.0, margin * diameter)
        self._context = int(np.ceil(self._reach + diameter))
        self._pieces: dict[_ChangedObject, tuple[int, ReviewedPiece]] = {}

    def update(
        self,
        prediction: npt.NDArray[Any],
        labels: npt.NDArray[Any],
        difference: Difference,
        comparison: Comparison,
    ) -> Iterator[PlaneBox | None]:
        """Follow a change of `labels`, an object a step; each step gives the region where the mask may have changed."""
        renamed = list(comparison.renamed)
        current = set()
        for key, region in self._regions(labels, _changed_boxes(difference, comparison), comparison):
            current.add(key)
            signature = _signature(prediction[region], labels[region], region)
            old = self._pieces.get(key)
            if old is not None and old[0] == signature:
                yield None
                continue
            mask = _mask(
                prediction[region], labels[region], key, renamed, self._reach, _open_sides(region, labels.shape)
            )
            self._pieces[key] = signature, ReviewedPiece(region, mask)
            yield region if old is None else _hull(region, old[1].region)
        for key in self._pieces.keys() - current:
            yield self._pieces.pop(key)[1].region

    def paint(self, target: Mask, region: PlaneBox) -> None:
        """Set `target` (bool, shape of the plane) to True in `region` wherever a neighbourhood is."""
        rows, columns = (part.indices(size)[:2] for part, size in zip(region, target.shape, strict=True))
        for _, piece in self._pieces.values():
            (top, bottom), (left, right) = ((part.start, part.stop) for part in piece.region)
            r0, r1, c0, c1 = max(top, rows[0]), min(bottom, rows[1]), max(left, columns[0]), min(right, columns[1])
            if r0 < r1 and c0 < c1:
                target[r0:r1, c0:c1] |= piece.mask[r0 - top : r1 - top, c0 - left : c1 - left]

    def _regions(
        self, labels: npt.NDArray[Any], boxes: dict[_ChangedObject, Rectangle], comparison: Comparison
    ) -> Iterator[tuple[_ChangedObject, PlaneBox]]:
        """What has to be looked at for each part of each changed object."""
        height, width = labels.shape
        pad = self._context
        for key, box in boxes.items():
            parts = [box] if key.removed else _boxes_of_parts(labels, key.object_id, box, comparison)
            for number, (top, bottom, left, right) in enumerate(parts):
                rows = slice(max(0, top - pad), min(height, bottom + pad))
                columns = slice(max(0, left - pad), min(width, right + pad))
                if (rows.stop - rows.start) * (columns.stop - columns.start) <= _LARGEST_CROP:
                    yield key._replace(part=number), (rows, columns)


def _changed_boxes(difference: Difference, comparison: Comparison) -> dict[_ChangedObject, Rectangle]:
    """The box of the pixels in which each changed object differs."""
    heirs: dict[int, list[int]] = defaultdict(list)
    for now, origins in comparison.origins.items():
        for before in origins:
            heirs[before].append(now)
    boxes: dict[_ChangedObject, Rectangle] = {}
    rows = zip(difference.predicted.tolist(), difference.current.tolist(), difference.boxes.tolist(), strict=True)
    for before, now, box in rows:
        owners = {_ChangedObject(False, now)} if now in comparison.changed else set()
        owners |= {_ChangedObject(False, heir) for heir in heirs[before]}
        if before in comparison.removed:
            owners.add(_ChangedObject(True, before))
        for owner in owners:
            boxes[owner] = _union(boxes.get(owner), box)
    return boxes


def _union(box: Rectangle | None, other: list[int]) -> Rectangle:
    if box is None:
        return other[0], other[1], other[2], other[3]
    return min(box[0], other[0]), max(box[1], other[1]), min(box[2], other[2]), max(box[3], other[3])


def _hull(region: PlaneBox, other: PlaneBox) -> PlaneBox:
    rows, columns = (slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(region, other, strict=True))
    return rows, columns


def _boxes_of_parts(
    labels: npt.NDArray[Any], object_id: int, box: Rectangle, comparison: Comparison
) -> list[Rectangle]:
    """Boxes that hold all of an object: one, unless it is in several parts, for which the surroundings are searched,
    and only if there are more of them the plane.
    """
    box, area = enclosing_box(labels, object_id, box), comparison.areas.get(object_id, 0)
    if np.count_nonzero(labels[box[0] : box[1], box[2] : box[3]] == object_id) == area:
        return [box]
    top, left = max(0, box[0] - _PARTS_REACH), max(0, box[2] - _PARTS_REACH)
    rows, columns = np.nonzero(labels[top : box[1] + _PARTS_REACH, left : box[3] + _PARTS_REACH] == object_id)
    rows, columns = rows + top, columns + left
    if rows.size != area:
        rows, columns = np.divmod(np.flatnonzero(labels == object_id), labels.shape[1])
    boxes = []
    while rows.size:
        top, bottom, left, right = enclosing_box(labels, object_id, (rows[0], rows[0] + 1, columns[0], columns[0] + 1))
        boxes.append((top, bottom, left, right))
        outside = (rows < top) | (rows >= bottom) | (columns < left) | (columns >= right)
        rows, columns = rows[outside], columns[outside]
    return boxes


def _signature(prediction: npt.NDArray[Any], labels: npt.NDArray[Any], region: PlaneBox) -> int:
    corner = np.array([part.start for part in region])
    signature = 0
    for array in (corner, prediction, labels):
        signature = zlib.crc32(np.ascontiguousarray(array).data, signature)
    return signature


def _open_sides(region: PlaneBox, shape: tuple[int, ...]) -> tuple[bool, bool, bool, bool]:
    """Whether the plane goes on above, below, left and right of `region`."""
    rows, columns = region
    return rows.start > 0, rows.stop < shape[0], columns.start > 0, columns.stop < shape[1]


def _mask(
    prediction: npt.NDArray[Any],
    labels: npt.NDArray[Any],
    key: _ChangedObject,
    renamed: list[int],
    reach: float,
    open_sides: tuple[bool, bool, bool, bool],
) -> Mask:
    """Reviewed pixels of a crop that holds one changed object with what lies around it."""
    seeds = prediction != labels
    if renamed:
        seeds &= ~np.isin(labels, renamed)
    if not key.removed:
        seeds |= labels == key.object_id
    near: Mask = edt.edt(~seeds, black_border=False) <= reach
    return _whole_objects(labels, near, open_sides, keep=0 if key.removed else key.object_id)


def _whole_objects(labels: npt.NDArray[Any], near: Mask, open_sides: tuple[bool, bool, bool, bool], keep: int) -> Mask:
    """`near` with every object in it wholly if most of it is (and the crop shows all of it), and else not at all."""
    areas, inside = object_areas(labels), object_areas(np.where(near, labels, 0))
    edges = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    cut = {key for edge, is_open in zip(edges, open_sides, strict=True) if is_open for key in np.unique(edge).tolist()}
    taken = [key for key, area in inside.items() if 2 * area >= areas[key] and key not in cut]
    if keep:
        taken.append(keep)
    left_out = inside.keys() - set(taken)
    near = near | np.isin(labels, taken)
    return near & ~np.isin(labels, list(left_out)) if left_out else near
