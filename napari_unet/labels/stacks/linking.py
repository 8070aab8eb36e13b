"""Slices become 3D objects: labels of neighbouring planes that overlap enough get one id."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from napari_unet.labels.matching import OverlapTable, overlap_table


def link_planes(labels: npt.NDArray[Any], overlap: float = 0.25) -> npt.NDArray[np.int32]:
    """Labels (Z, Y, X) with ids of their own a plane -> (Z, Y, X) int32 with one id an object through z, from 1.

    Objects of neighbouring planes are the same where each is the other's best partner and their IoU is at least
    `overlap`.
    """
    linked = np.zeros(labels.shape, np.int32)
    used = 0
    for z, plane in enumerate(labels):
        if z:
            numbers = inherit(overlap_table(linked[z - 1], plane), overlap)
        else:
            numbers = np.zeros(int(plane.max(initial=0)) + 1, np.int32)
        present = np.flatnonzero(np.bincount(plane.ravel(), minlength=numbers.size))
        new = present[(numbers[present] == 0) & (present > 0)]
        numbers[new] = np.arange(used + 1, used + 1 + new.size)
        used += new.size
        linked[z] = numbers[plane]
    return linked


def inherit(table: OverlapTable, overlap: float) -> npt.NDArray[np.int32]:
    """For each id of a plane (`predicted`), the id of the object in the plane before (`truth`) that it continues, or 0.

    `table` is what the two planes share.
    """
    numbers = np.zeros(table.predicted_size.size, np.int32)
    if table.iou.size == 0:
        return numbers
    best_above = np.zeros(table.predicted_size.size)
    best_below = np.zeros(table.truth_size.size)
    np.maximum.at(best_above, table.predicted, table.iou)
    np.maximum.at(best_below, table.truth, table.iou)
    mutual = (
        (table.iou >= overlap) & (table.iou == best_above[table.predicted]) & (table.iou == best_below[table.truth])
    )
    taken: set[int] = set()
    for old, new in zip(table.truth[mutual], table.predicted[mutual], strict=True):
        if numbers[new] == 0 and int(old) not in taken:
            numbers[new] = old
            taken.add(int(old))
    return numbers
