"""Where labels that are too large for memory lie, and for how long: nobody finds out at closing."""

from __future__ import annotations

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from napari_unet.ui.session.history.label_stores import get_label_stores, lies_on_disk
from napari_unet.ui.session.keeping.keeper import get_keeper
from napari_unet.ui.session.listening import listen
from napari_unet.ui.session.session import Session


class PlaceLine(QLabel):
    """A sentence about the labels of the current image; hidden where they are in memory, or not there yet."""

    def __init__(self, session: Session) -> None:
        super().__init__(wordWrap=True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._session, self._keeper = session, get_keeper(session)
        for signal in (session.current_changed, session.labels_changed, session.jobs.changed, self._keeper.changed):
            listen(self, signal, self.refresh)
        self.refresh()

    def refresh(self, _changed: object = None) -> None:
        """Say it of the image that is current now."""
        work, folder = self._session.current, get_label_stores(self._session).folder
        there = work is not None and work.labels_layer is not None and lies_on_disk(work) and folder is not None
        self.setVisible(there)
        if there:
            self.setText(f"These labels are too large for memory: they lie in {folder} while the window is open. "
                         f"{self._what_stays()}")  # fmt: skip

    def _what_stays(self) -> str:
        project = self._keeper.user_project
        if project is not None:
            return f"{project.path.name} keeps them."
        if self._keeper.project is not None:
            return "A recovery file has them until then: make a project, or export them, to keep them."
        return "Then they are gone: make a project, or export them, to keep them."
