"""What happened that can be taken back: one sentence with its remedy at a time, shown where it is always in sight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qtpy.QtCore import QObject, Signal

from napari_unet.ui.session.keeping.undo import get_undo
from napari_unet.ui.session.listening import listen

if TYPE_CHECKING:
    from napari_unet.ui.session.image_work import ImageWork
    from napari_unet.ui.session.session import Session


UNDO = "Undo"
"""The remedy of a notice of the last step: it goes once that step is undone."""


@dataclass(frozen=True, eq=False)
class Notice:
    """A sentence, what its button says and does, and whether something went wrong."""

    sentence: str
    remedy: str
    act: Callable[[], object]
    wrong: bool = False


class Notices(QObject):
    """The `current` notice of a session, or None; `changed` tells that it is another one. A newer one replaces it."""

    changed = Signal()

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._about: ImageWork | None = None
        self._n_steps = 0  # that could be undone when it was shown
        self.current: Notice | None = None
        listen(self, session.current_changed, self._on_current)
        get_undo(session).changed.connect(self._on_history)

    def show(self, notice: Notice, about: ImageWork | None) -> None:
        """Tell of what happened to an image: it is forgotten once another one is worked on."""
        self.current, self._about = notice, about
        self._n_steps = 0 if about is None else len(get_undo(self._session).of(about).done)
        self.changed.emit()

    def clear(self) -> None:
        """Something else was done since."""
        if self.current is not None:
            self.current = self._about = None
            self.changed.emit()

    def close(self) -> None:
        """The window closes."""
        self.current = self._about = None

    def _on_history(self, work: ImageWork) -> None:
        """What it tells of was undone by a key: it is true no more, and its button would take back something else."""
        tells_of_a_step = self.current is not None and self.current.remedy == UNDO and work is self._about
        if tells_of_a_step and len(get_undo(self._session).of(work).done) < self._n_steps:
            self.clear()

    def _on_current(self) -> None:
        if self._session.current is not self._about:
            self.clear()


def get_notices(session: Session) -> Notices:
    """The notices of `session`, made when first asked for."""
    return session.service(Notices)
