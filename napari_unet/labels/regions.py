"""Which objects lie in a region: whole, or most of each; and a box around the middle of one."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.ids import object_boxes

WHOLE = 0.9
"""Share of an object that must be reviewed for its shape to count as known."""


def whole_objects(
    labels: npt.NDArray[Any], region: npt.NDArray[np.bool_], share: float = WHOLE
) -> list[tuple[int, tuple[float, float], int]]:
    """Id, centre (y, x) and area of the objects of a YX plane of which at least `share` lies in `region`."""
    found = []
    for label, box in object_boxes(labels).items():
        if not region[box].any():
            continue
        mask = labels[box] == label
        area = int(np.count_nonzero(mask))
        if np.count_nonzero(mask & region[box]) >= share * area:
            rows, columns = np.nonzero(mask)
            found.append((label, (box[0].start + float(rows.mean()), box[1].start + float(columns.mean())), area))
    return found


def widest_slice(labels: npt.NDArray[Any], z: int, label: int, center: tuple[float, float], area: int) -> int:
    """The largest area (pixels) that an object of a stack (Z, Y, X) has in one slice.

    It is followed from slice `z`, where it has `area` around `center`, up and down as long as it lies near where it
    was.
    """
    widest = area
    for step in (-1, 1):
        at, place, size = z + step, center, area
        while 0 <= at < len(labels):
            reach = 1.5 * np.sqrt(size) + 4
            rows, columns = (slice(max(0, int(i - reach)), int(i + reach) + 1) for i in place)
            y, x = np.nonzero(labels[at, rows, columns] == label)
            if not y.size:
                break
            place, size = (rows.start + float(y.mean()), columns.start + float(x.mean())), y.size
            widest, at = max(widest, size), at + step
    return widest


def reviewed_ids(labels: npt.NDArray[Any], reviewed: npt.NDArray[Any], rows: int = 256) -> set[int]:
    """Ids of the objects of a YX plane of which more than half is reviewed (non-zero).

    Done a band of `rows` at a time, because counting holds up other threads, the window's among them.
    """
    known = np.flatnonzero(reviewed.any(axis=1))
    areas: dict[int, int] = {}
    inside: dict[int, int] = {}
    for start in range(0, labels.shape[0] if len(known) else 0, rows):
        band, seen = labels[start : start + rows], reviewed[start : start + rows] != 0
        for total, values in ((areas, band[band > 0]), (inside, band[seen & (band > 0)])):
            for label, count in zip(*np.unique(values, return_counts=True), strict=True):
                total[int(label)] = total.get(int(label), 0) + int(count)
    return {label for label, count in inside.items() if 2 * count > areas[label]}


def middle_box(region: npt.NDArray[np.bool_], side: int) -> tuple[slice, slice]:
    """A box of at most `side` pixels a side around the middle of `region` (Y, X), or of the plane, within the plane."""
    found = region.any()
    middle = [int(np.median(at)) for at in np.nonzero(region)] if found else [size // 2 for size in region.shape]
    starts = [int(np.clip(at - side // 2, 0, max(0, n - side))) for at, n in zip(middle, region.shape, strict=True)]
    rows, columns = (slice(start, start + side) for start in starts)
    return rows, columns
