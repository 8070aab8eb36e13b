"""Where next: the image that is the most suspicious of all that are open, and the part of it with most to put right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_unet.corrections.reviewed import typical_diameter
from napari_unet.labels.types import PlaneIndex
from napari_unet.review.queue import suggest_image, suggest_region
from napari_unet.review.suspicion import SUSPICIOUS
from napari_unet.ui.correct.queue.screening import ScreeningKeeper
from napari_unet.ui.session.present import present

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

_ACROSS = 10  # objects, in a view that shows them large enough to correct them


@dataclass(frozen=True, eq=False)
class Suggestion:
    """A box (row, row stop, column, column stop) of a plane of an image, with so many suspicious objects in it."""

    work: ImageWork
    plane: PlaneIndex
    box: tuple[int, int, int, int]
    n_objects: int

    def sentence(self, moved: bool) -> str:
        """What to say of it; `moved`: another image was in view before."""
        where = f"{self.work.name} is the image that the model is least sure of; here" if moved else "Here"
        counted = "is 1 suspicious object" if self.n_objects == 1 else f"are {self.n_objects} suspicious objects"
        return f"{where} {counted}."


def suggest(session: Session, keeper: ScreeningKeeper) -> Suggestion | None:
    """Where there is most to be put right, in all open images; None if nothing suspicious is left."""
    queues = {work.key: keeper.queue(work) for work in session.works}
    known = {key: (queue.table, queue.reviewed) for key, queue in queues.items() if queue is not None}
    best = suggest_image(known)
    if best is None:
        return None
    work = next(work for work in session.works if work.key == best)
    table, reviewed = known[best]
    side = _ACROSS * diameter_of(work, keeper)
    height, width = work.shape[-2:]
    window = int(min(height, max(64, side))), int(min(width, max(64, side)))
    place = present(suggest_region(table, reviewed, (height, width), window))
    rows, columns = place.region
    here = (table.planes == place.plane) & ~reviewed & (table.score >= SUSPICIOUS)
    plane = present(keeper.screening(work)).planes[place.plane]
    box = (rows.start, rows.stop, columns.start, columns.stop)
    return Suggestion(work, plane, box, _inside(table.centres[here], place.region))


def diameter_of(work: ImageWork, keeper: ScreeningKeeper) -> float:
    """The typical diameter of the objects of an image, as it is known best."""
    if work.diameter:
        return work.diameter
    screening = keeper.screening(work)
    return typical_diameter([] if screening is None else screening.joined.area.tolist())


def _inside(centres: Any, region: tuple[slice, slice]) -> int:
    """How many centres lie in rows and columns of a region."""
    rows, columns = region
    inside = (centres[:, 0] >= rows.start) & (centres[:, 0] < rows.stop)
    inside &= (centres[:, 1] >= columns.start) & (centres[:, 1] < columns.stop)
    return int(np.count_nonzero(inside))
