"""What was corrected in images that are not open now: counted beside the window's thread, and handed to training."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from qtpy.QtCore import QObject, Signal

from napari_unet.events import Failed
from napari_unet.finetuning.material.earlier import EarlierImage, EarlierImages
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.running.pacing import Debounced
from napari_unet.ui.session.running.threads import run_errand

if TYPE_CHECKING:
    from napari_unet.corrections.corrected_image import CorrectedImage
    from napari_unet.images.image import Image
    from napari_unet.models.record import ModelRecord
    from napari_unet.project.project import Project
    from napari_unet.project.references import ImageReference
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session

    ReadEarlier = Callable[
        [ModelRecord, list[CorrectedImage], Callable[[], bool]], tuple[list[CorrectedImage], list[str]]
    ]

_QUIET_MS = 300
_MOST_BYTES = 1 << 30
"""Of pixels that came from no file, and are kept for later when their image is closed."""


class EarlierCorrections(QObject):
    """Keeps `found` up to date: images of the project, or of this session, that are not open. `changed` tells of it."""

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._keeper = session, get_keeper(session)
        self.found: tuple[EarlierImage, ...] = ()
        self._counts: dict[int, EarlierImage | None] = {}
        self._works: dict[str, ImageWork] = {}
        self._pixels: dict[int, Image] = {}
        self._store: EarlierImages | None = None
        self._counting = False
        self._quiet = Debounced(self, self._count, _QUIET_MS)
        self._keeper.changed.connect(self._on_keeper)
        self._keeper.taken_in.connect(self._quiet.ask)
        listen(self, session.images_changed, self._on_images)
        listen(self, session.current_changed, self._on_images)
        self._on_images()
        self._on_keeper()

    @property
    def usable(self) -> tuple[EarlierImage, ...]:
        """Those that can be learned from."""
        return tuple(image for image in self.found if not image.problem)

    @property
    def busy(self) -> bool:
        """Whether `found` may still change by what was already done."""
        return self._quiet.waiting or self._counting

    def describe(self) -> dict[int, str]:
        """How the images that are not open stand, by number, in a few words."""
        return {image.number: _state_of(image) for image in self.found}

    def reader(self, channels: str) -> ReadEarlier | None:
        """A function for the worker thread that reads them; None if there are none. What was done is saved before.

        It takes the record of the model, the images that are open, and whether enough was read.
        """
        store, project = self._store, self._keeper.project
        if store is None or project is None:
            return None
        numbers = list(store.closed(self._keeper.open_numbers()))
        if not numbers:
            return None

        def read(
            record: ModelRecord, images: list[CorrectedImage], enough: Callable[[], bool]
        ) -> tuple[list[CorrectedImage], list[str]]:
            project.flush()
            return store.read(numbers, record, channels, images, enough)

        return read

    # -- what may have changed ------------------------------------------------------------------------------------

    def _on_keeper(self) -> None:
        """Another project, or the same in another state."""
        project = self._keeper.project
        if self._store is None or self._store.project is not project:
            known = {} if project is None else project.images()
            # The recovery file may have become a project, with the same numbers.
            self._pixels = {
                number: image
                for number, image in self._pixels.items()
                if number in known and (image.name, image.shape) == (known[number].name, known[number].shape)
            }
            self._store = None if project is None else EarlierImages(project, self._pixels)
            self._counts.clear()
            self._quiet.ask()

    def _on_images(self) -> None:
        here = {work.key: work for work in self._session.works}
        for key in self._works.keys() - here.keys():
            self._keep_pixels(self._works[key])
        if here.keys() != self._works.keys():
            self._works = here
            self._quiet.ask()

    def _keep_pixels(self, work: ImageWork) -> None:
        """An image was closed: what came from no file is gone unless it is kept here."""
        number, data = self._keeper.number_of(work), work.image.data
        if number is None:
            return
        self._counts.pop(number, None)
        large = isinstance(data, np.ndarray) and data.nbytes + self._kept_bytes() > _MOST_BYTES
        if work.image.path is None and not large:
            self._pixels[number] = work.image

    def _kept_bytes(self) -> int:
        return sum(image.data.nbytes for image in self._pixels.values() if isinstance(image.data, np.ndarray))

    # -- counting -------------------------------------------------------------------------------------------------

    def _count(self) -> None:
        if self._counting:
            self._quiet.ask()
            return
        store, project = self._store, self._keeper.project
        closed = {} if store is None else store.closed(self._keeper.open_numbers())
        waiting = {number: reference for number, reference in closed.items() if number not in self._counts}
        if waiting and store is not None and project is not None:
            self._counting = True
            run_errand(lambda: _count_closed(store, project, waiting), self._on_counted, store)
        self._show(closed)

    def _on_counted(self, counts: dict[int, EarlierImage | None] | Failed, store: EarlierImages) -> None:
        self._counting = False
        if store is self._store and not isinstance(counts, Failed):
            self._counts |= counts
            self._show(store.closed(self._keeper.open_numbers()))

    def _show(self, closed: dict[int, ImageReference]) -> None:
        found = tuple(count for number in closed if (count := self._counts.get(number)) is not None)
        if found != self.found:
            self.found = found
            self.changed.emit()


def _count_closed(
    store: EarlierImages, project: Project, waiting: dict[int, ImageReference]
) -> dict[int, EarlierImage | None]:
    project.flush()
    return {number: store.count(number, reference) for number, reference in waiting.items()}


def _state_of(image: EarlierImage) -> str:
    if image.problem:
        return "left out"
    if not image.predicted:
        return f"ground truth, {image.n_confirmed:,} objects"
    return f"{image.n_corrected:,} corrected, {image.n_confirmed:,} confirmed" if image.has_objects else "classes"


def describe_earlier(images: tuple[EarlierImage, ...]) -> str:
    """For example "2 closed images (31 objects)"."""
    n = sum(image.n_objects for image in images)
    what = f"{len(images)} closed {'image' if len(images) == 1 else 'images'}"
    return f"{what} ({n:,} {'object' if n == 1 else 'objects'})" if n else what
