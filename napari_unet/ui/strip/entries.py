"""The images that there are to go to: those that are open, and those of the project that are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.napari_private import removed_together
from napari_unet.ui.session.trackers import get_trackers

if TYPE_CHECKING:
    from napari.layers import Image as ImageLayer

    from napari_unet.project.references import ImageReference
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


@dataclass(frozen=True, eq=False)
class Entry:
    """An image: its layer if it is open, and its number and reference if the project has it."""

    name: str
    layer: ImageLayer | None = None
    number: int | None = None
    reference: ImageReference | None = None


def list_entries(session: Session, arrived: Sequence[ImageLayer]) -> list[Entry]:
    """Images of the project in the order in which they came into it, then those that only are open (`arrived`)."""
    keeper = get_keeper(session)
    project = keeper.project
    references = {} if project is None or project.closed else project.images()
    layers = {number: work.layer for work in session.works if (number := keeper.number_of(work)) is not None}
    entries = [
        Entry(layers[number].name if number in layers else reference.name, layers.get(number), number, reference)
        for number, reference in references.items()
        if number in layers or reference.path is not None  # pixels that came from no file are gone
    ]
    known = list(layers.values())
    return entries + [Entry(layer.name, layer) for layer in arrived if not any(layer is one for one in known)]


def find_current(session: Session, entries: list[Entry]) -> int | None:
    """The place in the list of the image that is worked on; None if there is none."""
    layer = None if session.current is None else session.current.layer
    return next((at for at, entry in enumerate(entries) if layer is not None and entry.layer is layer), None)


def describe_work(session: Session, work: ImageWork | None) -> str:
    """How an image stands, in two or three words."""
    if work is None or work.labels is None:
        return "not segmented"
    if work.prediction is None:
        return "with labels"
    n = get_trackers(session).of(work).counts.total if work.head.draws_objects else 0
    return f"{n} corrected" if n else "segmented"


def close_image(session: Session, work: ImageWork) -> None:
    """Take an image out of the viewer, with all that belongs to it; the project keeps what was done to it."""
    layers = session.viewer.layers
    with session.keep_selection(), removed_together(layers):
        for layer in (work.layer, *work.layers.values()):  # the image first: what goes with it is no loss
            if layer in layers:
                layers.remove(layer)
