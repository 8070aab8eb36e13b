"""The objects of an image, a row an object a frame, with their measures and scores, made from their sections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from napari_unet.labels.stacks.sections import Sections
from napari_unet.labels.types import Doubles, Ints, PlaneIndex
from napari_unet.review.suspicion import (
    Population,
    boundary_measure,
    combine,
    main_reason,
    risks,
    shape_measure,
)


@dataclass(frozen=True, eq=False)
class ObjectTable:
    """Objects of one image. An object of a z-stack is a row, however many slices it has; in each frame it is another.

    ids, frames : int64 (n,)
        Which object; the frame is 0 where there is no time. A negative id is a place where one may have been missed.
    planes : int64 (n,)
        Number of the plane (counted over the axes before YX) that shows best what is suspicious.
    boxes : int64 (n, 4)
        First row, last row + 1, first column, last column + 1 in that plane.
    centres : (n, 2)
        Row and column in that plane.
    sizes : (n,)
        Pixels in all planes.
    values : dict of (n,)
        By the names of `suspicion.MEASURES`; NaN where not known.
    row_of_section : int64 (sections,)
        The row of this table that each row of the sections belongs to.
    """

    ids: Ints
    frames: Ints
    planes: Ints
    boxes: Ints
    centres: Doubles
    sizes: Doubles
    values: dict[str, Doubles]
    row_of_section: Ints

    def __len__(self) -> int:
        return int(self.ids.size)

    @cached_property
    def risks(self) -> dict[str, Doubles]:
        """Risk of each measure, 0 to 1."""
        return risks(self.values)

    @cached_property
    def score(self) -> Doubles:
        """Suspicion, 0 to 1."""
        return combine(self.risks)

    @cached_property
    def reason(self) -> npt.NDArray[np.int64]:
        """The measure that counts most, as a number in `suspicion.MEASURES`; -1: none."""
        return main_reason(self.risks)

    def find(self, frame: int, object_id: int) -> int | None:
        """The row of an object, None if there is none."""
        found = np.flatnonzero((self.ids == object_id) & (self.frames == frame))
        return int(found[0]) if found.size else None


def usual_objects(sections: Sections, planes: Sequence[PlaneIndex], axes: str) -> Population:
    """What is usual among the objects of an image, to be kept while single objects are edited."""
    sections = sections.take(sections.ids > 0)
    frames = _frames(sections, planes, axes)
    _, row = _group(frames, sections.ids)
    largest = _largest_section(row, sections.area)
    sizes = np.bincount(row, weights=sections.area).astype(float)
    doubt = _mean(row, 1 - sections.foreground * sections.core, sections.area, len(sizes))
    return Population.of(sizes, sections.elongation[largest], doubt, sections.fill[largest])


def build_table(sections: Sections, planes: Sequence[PlaneIndex], axes: str, usual: Population) -> ObjectTable:
    """Put sections together to objects.

    What the network said is averaged over slices by area, since the first and last slice of any object are doubtful;
    the form is that of the largest slice; the worst slice says how it touches others and how it begins and ends.
    """
    frames = _frames(sections, planes, axes)
    keys, row = _group(frames, sections.ids)
    n, area = len(keys), sections.area
    sizes = np.bincount(row, weights=area, minlength=n).astype(float)
    largest = _largest_section(row, area)
    doubt = np.maximum(1 - sections.foreground * sections.core - usual.doubt, 0)
    boundary = boundary_measure(sections.contact, sections.weakness)
    values = {
        "confidence": _mean(row, doubt, area, n),
        "disagreement": _mean(row, sections.disagreement, area, n),
        "size": usual.size_distance(sizes),
        "shape": shape_measure(sections.fill[largest], sections.elongation[largest], usual),
        "boundary": _worst(row, boundary, n),
        "continuity": _worst(row, sections.broken, n),
    }
    missed = sections.ids[largest] < 0
    values = {name: np.where(missed, np.nan, value) for name, value in values.items()}
    values["missed"] = np.where(missed, sections.foreground[largest], np.nan)
    local = risks({"confidence": doubt, "disagreement": sections.disagreement, "boundary": boundary})
    shown = _largest_section(row, area * (0.1 + combine(local | risks({"continuity": sections.broken}))))
    return ObjectTable(
        ids=sections.ids[largest],
        frames=frames[largest],
        planes=sections.planes[shown],
        boxes=sections.boxes[shown],
        centres=sections.centres[shown],
        sizes=sizes,
        values=values,
        row_of_section=row,
    )


def _frames(sections: Sections, planes: Sequence[PlaneIndex], axes: str) -> Ints:
    """The frame of each section."""
    if not axes.startswith("T"):
        return np.zeros(len(sections), np.int64)
    return np.array([plane[0] for plane in planes], np.int64)[sections.planes]


def _group(frames: Ints, ids: Ints) -> tuple[Ints, Ints]:
    """A key for each object, in the order of frames and ids, and the number of its object for each section."""
    lowest = int(ids.min(initial=0))  # places that may have been missed have negative ids
    keys, row = np.unique(frames * (int(ids.max(initial=0)) - lowest + 1) + ids - lowest, return_inverse=True)
    return keys, row.astype(np.int64)


def _largest_section(row: Ints, weight: Doubles) -> Ints:
    """For each object its section with the largest weight."""
    order = np.lexsort((-weight, row))
    firsts = np.ones(order.size, np.bool_)
    firsts[1:] = np.diff(row[order]) != 0
    return order[firsts]


def _mean(row: Ints, values: Doubles, area: Doubles, n: int) -> Doubles:
    """Mean over the sections whose value is known, by area; NaN where none is."""
    known = ~np.isnan(values)
    weight = np.bincount(row[known], weights=area[known], minlength=n)
    total = np.bincount(row[known], weights=(area * values)[known], minlength=n)
    return np.where(weight > 0, total / np.maximum(weight, 1), np.nan)


def _worst(row: Ints, values: Doubles, n: int) -> Doubles:
    worst = np.zeros(n)
    np.maximum.at(worst, row, np.nan_to_num(values))
    return worst
