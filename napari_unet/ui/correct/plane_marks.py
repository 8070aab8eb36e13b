"""Marks of what is reviewed in a plane seen from the side: they lie in that plane, as deep as the brush is wide.

A mark one pixel deep is one row in each slice, of which nothing is learned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_unet.corrections.operations.brushing import brush
from napari_unet.corrections.operations.change import change_in_box
from napari_unet.corrections.operations.turning import Turn
from napari_unet.segmentation.volumes.choice import measure_flatness
from napari_unet.ui.session.present import present
from napari_unet.ui.session.reviewed_layer import BY_HAND
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.labels.types import Place, PlaneBox
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


@dataclass(frozen=True)
class Pointed:
    """Where the mouse is in a side view: a place of the labels, which plane is seen, and which part of it.

    `part` has rows and columns of the plane once it is turned: slices, and columns or rows of these.
    """

    place: Place
    turn: Turn
    part: PlaneBox


def mark_part(session: Session, work: ImageWork, pointed: Pointed, reviewed: bool = True) -> bool:
    """Mark a part of the plane that is seen, as one step of undo; False if it was marked so before."""
    overlay = get_trackers(session).of(work).overlay
    deep = int(overlay.ensure_layer().brush_size) // 2
    marks = pointed.turn.labels(present(work.reviewed))
    *leading, at = pointed.turn.place(pointed.place)[:-2]
    rows, columns = (slice(*part.indices(size)) for part, size in zip(pointed.part, marks.shape[-2:], strict=True))
    across = slice(max(0, at - deep), min(marks.shape[-3], at + deep + 1))
    box = (*(slice(i, i + 1) for i in leading), across, rows, columns)
    new = np.full(marks[box].shape, BY_HAND if reviewed else 0, marks.dtype)
    change = change_in_box(marks, box, new)
    overlay.write(pointed.turn.turn_back(change))
    return len(change) > 0


def dab_mark(session: Session, work: ImageWork, turn: Turn, start: Place, end: Place) -> None:
    """Mark what the brush of the overlay covers from one place to the next: a ball, in real size."""
    overlay = get_trackers(session).of(work).overlay
    diameter = float(overlay.ensure_layer().brush_size)
    flatness, _ = measure_flatness(work.image)
    marks = turn.labels(present(work.reviewed))
    change = brush(marks, turn.place(start), turn.place(end), BY_HAND, diameter, (1.0, flatness, 1.0), ball=True)
    overlay.write(turn.turn_back(change))


def box_between(turn: Turn, first: Place, last: Place) -> PlaneBox:
    """Rows and columns, in the plane that is seen, from one place to another."""
    (top, left), (bottom, right) = turn.place(first)[-2:], turn.place(last)[-2:]
    low, high = np.minimum((top, left), (bottom, right)), np.maximum((top, left), (bottom, right)) + 1
    rows, columns = (slice(max(0, int(a)), max(0, int(b))) for a, b in zip(low, high, strict=True))
    return rows, columns
