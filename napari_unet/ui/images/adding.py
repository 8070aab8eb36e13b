"""Adds pairs of images and masks to the project, in the background: they need not be open to be learned from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_unet.errors import UserError, listed
from napari_unet.events import Failed, StopFlag
from napari_unet.heads.registry import find_head
from napari_unet.project.project import LABELS, REVIEWED
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.workflows.adopting import PairRead, PairRefused, read_pairs

if TYPE_CHECKING:
    from napari_unet.ui.session.session import Session
    from napari_unet.workflows.pairing import Pair

OWNER = "adopt"


class PairAdder(QObject):
    """`advanced`: so many are done, of so many, and the name; `ended`: the files that were added, and what was not."""

    advanced = Signal(int, int, str)
    ended = Signal(object, str)

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._keeper = session, get_keeper(session)
        self._added: list[Path] = []
        self._refused: list[str] = []

    def add(self, pairs: Sequence[Pair]) -> None:
        """Begin; raises `UserError` if there is nowhere to keep them, or another job runs."""
        session = self._session
        if session.job is not None:
            raise UserError(f"{session.job.title}: wait until it has ended, or stop it. Then add the folder.")
        known = {reference.path for reference in self._keeper.open_store().images().values()}
        new = [pair for pair in pairs if str(pair.image) not in known]
        if not new:
            raise UserError("All of these images are in the project already, with the labels that they have there.")
        entry = session.model_entry
        objects = entry is None or find_head(entry.record).draws_objects
        self._added, self._refused, stop = [], [], StopFlag()
        events = read_pairs(new, self._keeper.open_store().path, objects, stop)
        session.jobs.start(events, stop, self._on_event, self._on_finished, "Adding images", OWNER)

    def _on_event(self, event: Any) -> None:
        if isinstance(event, PairRead):
            self._keeper.take_in(event.reference, {LABELS: event.labels, REVIEWED: event.reviewed})
            self._added.append(Path(event.reference.path or ""))
            self.advanced.emit(event.done, event.total, event.reference.name)
        elif isinstance(event, PairRefused):
            self._refused.append(event.sentence)

    def _on_finished(self, outcome: Any) -> None:
        if isinstance(outcome, Failed):
            self._refused.append(outcome.message)
        if self._added:  # who opens one of them at once looks for its labels on the disk
            self._keeper.open_store().flush()
        self.ended.emit(list(self._added), listed(self._refused))
