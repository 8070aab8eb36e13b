"""Writing a change of labels through the layer's own edit path, so that Ctrl+Z takes it back in one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from napari_unet.corrections.operations.change import Change
from napari_unet.ui.session.present import present
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


def write_change(session: Session, work: ImageWork, change: Change) -> int:
    """Write what of `change` no locked object forbids, as one step of undo; returns how many pixels that is."""
    allowed = change.sparing(work.locked)
    if len(allowed):
        present(work.labels_layer).data_setitem(work.geometry.layer_index(allowed.index), allowed.after)
        rows = allowed.index[-2]
        extent = slice(int(rows.min()), int(rows.max()) + 1)
        get_trackers(session).of(work).note_edit({plane: [extent] for plane in allowed.planes})
    return len(allowed)
