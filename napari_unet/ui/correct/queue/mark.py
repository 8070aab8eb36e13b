"""Marks what a person accepts, with its surroundings, in the overlay of what is reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from napari_unet.corrections.accepting import accepted_background, accepted_pixels
from napari_unet.review.object_table import ObjectTable
from napari_unet.review.screening import ObjectScreening
from napari_unet.ui.session.present import present
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

Index = tuple[npt.NDArray[np.intp], ...]


def mark_object(session: Session, work: ImageWork, parts: list[Index], value: int) -> int:
    """Give `value` (0: not reviewed) to what a row stands for (`parts_of`), as one step of the overlay's undo.

    Returns in how many slices there was something to mark.
    """
    parts = [part for part in parts if part[-1].size]
    if not parts:
        return 0
    overlay = get_trackers(session).of(work).overlay
    layer = overlay.ensure_layer()
    index = tuple(np.concatenate(axis) for axis in zip(*parts, strict=True))
    layer.data_setitem(work.geometry.layer_index(index), value)
    if not layer.visible:
        layer.visible = True
    return len(parts)


def parts_of(work: ImageWork, screening: ObjectScreening, table: ObjectTable, row: int, diameter: float) -> list[Index]:
    """For each slice of what a row stands for the pixels to mark, as index arrays over the axes of the labels.

    That is an object with the background around it, through z where there is z (each frame has rows of its own), or
    the place where one might have been missed.
    """
    found: list[Index] = []
    sections = screening.joined
    for at in np.flatnonzero(sections.ids == table.ids[row]).tolist():
        plane = screening.planes[int(sections.planes[at])]
        if work.axes.startswith("T") and plane[0] != table.frames[row]:
            continue
        top, bottom, left, right = sections.boxes[at].tolist()
        box, object_id = (top, bottom, left, right), int(sections.ids[at])
        if object_id < 0:
            rows, columns = accepted_background(present(work.labels)[plane], box)
        else:
            rows, columns = accepted_pixels(present(work.labels)[plane], object_id, box, diameter)
            open_places = sections.boxes[(sections.ids < 0) & (sections.planes == sections.planes[at])]
            asked = _within(rows, columns, open_places)  # whether something is there is a question of its own
            rows, columns = rows[~asked], columns[~asked]
        found.append((*(np.full(rows.size, position) for position in plane), rows, columns))
    return found


def _within(
    rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], boxes: npt.NDArray[np.int64]
) -> npt.NDArray[np.bool_]:
    """Which pixels lie in one of the boxes (first row, last row + 1, first column, last column + 1)."""
    inside = np.zeros(rows.shape, np.bool_)
    for top, bottom, left, right in boxes.tolist():
        inside |= (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)
    return inside
