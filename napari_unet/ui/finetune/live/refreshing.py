"""Writing what live mode found into labels that a person is painting on: where nobody did, and past the undo history.

What can be undone stays so: strokes and what lies under them are never written to. The prediction is written to alike,
in place, because what is new is no correction.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.napari_private import redraw_all, redraw_part
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.finetuning.live.events import ViewRefreshed
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


def write_refreshed(session: Session, work: ImageWork, event: ViewRefreshed) -> int | None:
    """Write what `event` says, but for objects that were corrected, reviewed or locked meanwhile.

    Returns how many pixels that is; None while a stroke is being made: then nothing is written, and it is tried again.
    """
    layer, labels, prediction = work.labels_layer, work.labels, work.prediction
    if layer is None or labels is None or prediction is None or prediction is not event.view.prediction:
        return 0
    keeper = get_keeper(session)
    if not keeper.settle(work):
        return None
    rows, columns, after = _untouched(work, event)
    if not rows.size:
        return 0
    at: Any = (*event.plane, rows, columns)
    labels[at] = prediction[at] = after
    box = (*(slice(i, i + 1) for i in event.plane), _extent(rows), _extent(columns))
    keeper.record_refresh(work, box)
    get_trackers(session).of(work).note_refreshed(event.plane)
    if not redraw_part(layer, work.geometry.layer_box(box)):
        redraw_all(layer)
    session.refreshed.emit(work)
    return int(rows.size)


def _untouched(work: ImageWork, event: ViewRefreshed) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Rows, columns and new values of the objects of which no pixel is another one than was seen."""
    labels, prediction, reviewed = work.labels, work.prediction, work.reviewed
    assert labels is not None
    assert prediction is not None
    rows, columns, before, after = event.rows, event.columns, event.before, event.after
    at: Any = (*event.plane, rows, columns)
    touched = (labels[at] != before) | (prediction[at] != before)
    if reviewed is not None:
        touched |= reviewed[at] != 0
    if work.locked:
        touched |= np.isin(before, list(work.locked))
    touched |= after > np.iinfo(labels.dtype).max
    if touched.any() and work.head.draws_objects:
        touched |= np.isin(before, _ids(before[touched])) | np.isin(after, _ids(after[touched]))
    return rows[~touched], columns[~touched], after[~touched]


def _ids(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    found = np.unique(values)
    return found[found > 0]


def _extent(places: npt.NDArray[Any]) -> slice:
    return slice(int(places.min()), int(places.max()) + 1)
