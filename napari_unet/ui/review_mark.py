"""Marks an object that a person accepts, with its surroundings, in the overlay of what is reviewed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from napari_unet.corrections.accepting import accepted_pixels
from napari_unet.corrections.object_table import ObjectTable
from napari_unet.corrections.survey import ObjectSurvey
from napari_unet.ui.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.ui.image_work import ImageWork
    from napari_unet.ui.session import Session


def mark_object(
    session: Session, work: ImageWork, survey: ObjectSurvey, table: ObjectTable, row: int, value: int, diameter: float
) -> None:
    """Give `value` (0: not reviewed) to the object of a row in the slice in view, as one step of the overlay's undo.

    If the object is not in the slice in view, it is marked in the one that the queue shows it in.
    """
    object_id = int(table.ids[row])
    plane = work.plane_at(session.viewer.dims.point)
    found = survey.sections(plane)
    at = np.flatnonzero(found.ids == object_id)
    if at.size and not (work.axes.startswith("T") and plane[0] != table.frames[row]):
        box = found.boxes[at[0]]
    else:
        plane, box = survey.planes[int(table.planes[row])], table.boxes[row]
    top, bottom, left, right = box.tolist()
    rows, columns = accepted_pixels(work.labels[plane], object_id, (top, bottom, left, right), diameter)
    if not rows.size:
        return
    overlay = get_trackers(session).of(work).overlay
    layer = overlay.ensure_layer()
    index = (*(np.full(rows.size, position) for position in plane), rows, columns)
    layer.data_setitem(work.geometry.layer_index(index), value)
    overlay.notice_erased(plane)
    if not layer.visible:
        layer.visible = True
