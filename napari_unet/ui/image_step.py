"""The Image step: which layer is worked on, what it is, and its axes and channel."""

from __future__ import annotations

from napari_unet.ui.session import Session
from napari_unet.ui.step import Step


class ImageStep(Step):
    title = "Image"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        session.current_changed.connect(self._on_current_changed)
        self._on_current_changed()

    def _on_current_changed(self) -> None:
        work = self.session.current
        self.set_state(work.image.describe() if work else "none yet")
