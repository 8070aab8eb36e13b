"""What is measured of each object in one plane: where it is, its form, and how sure the network was of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import fastremap
import numpy as np
import numpy.typing as npt

from napari_unet.labels.contacts import measure_contacts
from napari_unet.labels.object_runs import (
    Runs,
    find_overlaps,
    find_runs,
)
from napari_unet.labels.types import Doubles, Ints


@dataclass(frozen=True, eq=False)
class Sections:
    """Objects as they are cut by planes: a row an object and plane, sorted by plane and id. NaN: not known.

    ids, planes : int64 (n,)
        The object, and the number of the plane (counted over the axes before YX).
    boxes : int64 (n, 4)
        First row, last row + 1, first column, last column + 1.
    area : (n,)
        Pixels.
    centres : (n, 2)
        Row and column of the centre of mass.
    elongation : (n,)
        Longer by shorter axis of the ellipse with the same moments, from 1.
    fill : (n,)
        Area by the area of that ellipse: 1 for an ellipse, less with bays, tails, and two objects in one.
    on_border : bool (n,)
        Cut by the border of the image.
    foreground, core : (n,)
        Mean of the foreground map in the object, and the peak of the map of cores; 0 to 1.
    contact, weakness : (n,)
        See `contacts.measure_contacts`.
    disagreement : (n,)
        1 - IoU with the object of a second opinion that fits best.
    broken : (n,)
        See `continuity.measure_breaks`.
    probes : int64 (n, 5, 2)
        Row and column of pixels spread over the object, to ask quickly what it lies on.
    """

    ids: Ints
    planes: Ints
    boxes: Ints
    area: Doubles
    centres: Doubles
    elongation: Doubles
    fill: Doubles
    on_border: npt.NDArray[np.bool_]
    foreground: Doubles
    core: Doubles
    contact: Doubles
    weakness: Doubles
    disagreement: Doubles
    broken: Doubles
    probes: Ints

    def __len__(self) -> int:
        return int(self.ids.size)

    def take(self, where: npt.NDArray[Any]) -> Sections:
        """The rows of a mask, or rows by their numbers, in that order."""
        return Sections(*(getattr(self, field.name)[where] for field in fields(self)))

    @staticmethod
    def join(parts: Sequence[Sections]) -> Sections:
        """One table of several; rows are sorted by plane and id."""
        if not parts:
            return measure_sections(np.zeros((0, 0), np.int32))
        joined = Sections(
            *(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Sections))
        )
        return joined.take(np.lexsort((joined.ids, joined.planes)))


def measure_sections(
    plane: npt.NDArray[Any],
    number: int = 0,
    maps: npt.NDArray[Any] | None = None,
    second: npt.NDArray[Any] | None = None,
    origin: tuple[int, int] = (0, 0),
    shape: tuple[int, int] | None = None,
) -> Sections:
    """Measure all objects of `plane` (integers YX).

    Parameters
    ----------
    number : int
        Of the plane, for the table.
    maps : array, optional
        (1 to 3, Y, X): probability of foreground, of an object's core, and of a seam between two objects, as the
        network gave them. There is no core on a seam.
    second : array, optional
        Labels (YX) of a second opinion on the same plane; ids do not matter.
    origin, shape : tuple of int
        Where `plane` lies in the whole plane, and how large that is, if it is only a part.
    """
    runs = find_runs(plane)
    centres, elongation, fill = _form(runs)
    boxes = runs.boxes()
    unknown = np.full(runs.objects.size, np.nan)
    area = runs.total(runs.lengths)
    foreground = unknown if maps is None else runs.sum_of(maps[0]) / np.maximum(area, 1)
    core = None if maps is None else _core(maps)
    peaks = unknown if core is None else runs.peak_of(core)
    contact, weakness = measure_contacts(plane, runs.objects, core, peaks)
    boxes += np.array([origin[0], origin[0], origin[1], origin[1]])
    height, width = plane.shape if shape is None else shape
    border = (boxes[:, 0] == 0) | (boxes[:, 1] == height) | (boxes[:, 2] == 0) | (boxes[:, 3] == width)
    return Sections(
        ids=runs.objects,
        planes=np.full(runs.objects.size, number, np.int64),
        boxes=boxes,
        area=area,
        centres=centres + np.array(origin),
        elongation=elongation,
        fill=fill,
        on_border=border,
        foreground=foreground,
        core=peaks,
        contact=contact,
        weakness=weakness,
        disagreement=unknown if second is None else measure_disagreement(plane, second, runs.objects, area),
        broken=np.zeros(runs.objects.size),
        probes=runs.probes() + np.array(origin),
    )


def measure_disagreement(plane: npt.NDArray[Any], second: npt.NDArray[Any], objects: Ints, area: Doubles) -> Doubles:
    """1 - IoU with the best match in `second`, for each of `objects` (sorted ids of `plane`, with their `area`)."""
    ids, others, shared = find_overlaps(plane, second)
    best = np.zeros(objects.size)
    if ids.size:
        known, sizes = fastremap.unique(np.ascontiguousarray(second), return_counts=True)
        others = np.searchsorted(known, others)
        at = np.searchsorted(objects, ids)
        np.maximum.at(best, at, shared / (area[at] + sizes[others] - shared))
    return 1 - best


def _core(maps: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """How much each pixel is inside an object, as far from others: what a dip between two objects shows in."""
    if len(maps) < 3:
        return np.asarray(maps[-1])
    return np.asarray(maps[1] * (1 - maps[2]))


def _form(runs: Runs) -> tuple[Doubles, Doubles, Doubles]:
    """Centres (n, 2), elongation and fill from the moments of whole runs, which have closed sums."""
    n = runs.lengths.astype(float)
    area = np.maximum(runs.total(n), 1)
    rows, middle = runs.rows.astype(float), (runs.starts + runs.stops - 1) / 2
    centres = np.stack([runs.total(n * rows) / area, runs.total(n * middle) / area], axis=1)
    y, x = rows - centres[runs.owner, 0], middle - centres[runs.owner, 1]
    # a pixel is a square, not a point: 1/12 along each axis
    yy = runs.total(n * y**2) / area + 1 / 12
    xx = runs.total(n * (x**2 + (n**2 - 1) / 12)) / area + 1 / 12
    xy = runs.total(n * x * y) / area
    root = np.sqrt(((yy - xx) / 2) ** 2 + xy**2)
    long, short = (yy + xx) / 2 + root, np.maximum((yy + xx) / 2 - root, 1e-6)
    return centres, np.sqrt(long / short), area / (4 * np.pi * np.sqrt(long * short))
