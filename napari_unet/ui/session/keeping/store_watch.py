"""Whether what was done is on the disk, told on the main thread."""

from __future__ import annotations

import contextlib

from qtpy.QtCore import QObject, Signal

from napari_unet.project.project import Project
from napari_unet.project.storage.state import SAVED, Saving, StoreState, failure
from napari_unet.project.storage.writer import LATE_SECONDS
from napari_unet.ui.session.running.pacing import Debounced


class StoreWatch(QObject):
    """Watches the project that is kept, which may be another one or none at any time. `changed`: another `state`."""

    changed = Signal()
    _moved = Signal()  # from the thread that writes

    def __init__(self) -> None:
        super().__init__()
        self._project: Project | None = None
        self._refused: StoreState | None = None
        self._told = SAVED
        self._late = Debounced(self, self._look, round(1000 * LATE_SECONDS) + 100)
        self._moved.connect(self._look)

    @property
    def state(self) -> StoreState:
        """What of the work is on the disk."""
        if self._project is not None:
            return self._project.state
        return self._refused or SAVED

    def watch(self, project: Project | None) -> None:
        """Watch this one from now on; who calls this tells of it."""
        self._project = project
        if project is not None:
            project.listen(self._on_store)
        self._told = self.state

    def refuse(self, sentence: str) -> None:
        """Nothing can be kept at all, for this reason; told the first time."""
        if self._refused is None:
            self._refused = failure(sentence)
            self.changed.emit()

    def close(self) -> None:
        """Tell no more."""
        self._late.cancel()
        self._project = None

    def _on_store(self) -> None:
        with contextlib.suppress(RuntimeError):  # the window was closed meanwhile
            self._moved.emit()

    def _look(self) -> None:
        """Tell of another state. Nobody tells of a disk that does not answer: what waits is looked at once more."""
        if self.state.saving is Saving.PENDING:
            self._late.ask()
        if self.state != self._told:
            self._told = self.state
            self.changed.emit()
